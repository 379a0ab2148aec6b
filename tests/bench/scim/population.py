"""People by the hundred thousand, and the token of their provider.

By hand: factories would take an hour. Run as a program it fills the database of DATABASE_URL and
prints, for each size asked for, the token as JSON.
"""

import json
import sys
from typing import Any

import django
from django.db import connection

_MANY = """
WITH people AS (
    INSERT INTO accounts_user (public_id, email, first_name, last_name, password, is_superuser,
            is_staff, is_active, time_zone, date_joined, sessions_valid_from)
        SELECT 'usr_' || %(tag)s || lpad(n::text, 12, '0'), 'user' || n || '@' || %(domain)s,
            'User', 'N' || n, '!', false, false, true, '', now(), now()
        FROM generate_series(1, %(count)s) n RETURNING id, email
)
INSERT INTO accounts_membership (public_id, organization_id, user_id, role, status, source, email,
        first_name, last_name, joined_at, access_valid_from, deactivated_by)
    SELECT 'mem_' || %(tag)s || lpad(row_number() OVER (ORDER BY id)::text, 12, '0'),
        %(organization)s, id, 'member', 'active', 'scim', email, 'User', 'N', now(), now(), ''
    FROM people ORDER BY id
"""
_DESCRIBE = """
UPDATE scim_userresource r SET external_id = 'ext-' || m.id,
    document = jsonb_build_object(
        'name', jsonb_build_object('givenName', 'User', 'familyName', 'N'),
        'displayName', 'User N', 'title', 'Engineer', 'locale', 'en-US',
        'emails', jsonb_build_array(jsonb_build_object(
            'value', r.user_name, 'type', 'work', 'primary', true)),
        'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
        jsonb_build_object('department', 'R&D', 'employeeNumber', '7'))
    FROM accounts_membership m WHERE m.id = r.membership_id AND r.organization_id = %s
"""
TABLES = ("accounts_user", "accounts_membership", "scim_userresource")


def tag(size: int) -> str:
    return f"b{size:07d}"


def domain(size: int) -> str:
    return f"bench{size}.example"


def resource_id(size: int, number: int) -> str:
    return f"mem_{tag(size)}{number:012d}"


def populate(size: int) -> str:
    """Make an organization of ``size`` users, described by their provider; returns its token."""
    from accounts.actor import Actor  # noqa: PLC0415  needs the apps
    from domains import services as domains  # noqa: PLC0415
    from scim.tokens import issue_token  # noqa: PLC0415
    from tests.factories import MembershipFactory, OrganizationFactory  # noqa: PLC0415

    bench = Actor.system("bench")
    organization = OrganizationFactory(name=f"Bench {size}")
    owner = f"owner@{domain(size)}"
    MembershipFactory(organization=organization, role="owner", user__email=owner)
    domains.vouch(domains.claim(organization, domain(size), actor=bench), actor=bench)
    if size:
        _fill(organization.pk, size)
    token = issue_token(organization, actor=bench)[1]
    with connection.cursor() as cursor:
        cursor.execute(_DESCRIBE, [organization.pk])
        for table in TABLES:
            cursor.execute(f"VACUUM ANALYZE {table}")
    return token


def _fill(organization: int, size: int) -> None:
    values: dict[str, Any] = {
        "organization": organization,
        "domain": domain(size),
        "count": size,
        "tag": tag(size),
    }
    with connection.cursor() as cursor:
        cursor.execute(_MANY, values)


if __name__ == "__main__":
    django.setup()
    print(json.dumps({size: populate(int(size)) for size in sys.argv[1:]}))
