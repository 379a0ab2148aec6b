"""Who may open what: a line for each name of a URL. test_access_table.py walks them all.

A new page is one line in TABLE. Where its path holds an id of a kind that OBJECTS does not know
yet, one more there says how to make such an object in a given organization; other words in a path
are given with `at(…)`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from accounts.models import Organization
from scim.models import NeedsAttention
from tests import factories
from tests.discoverability import objects as discoverability_objects
from tests.domains.factories import ClaimFactory
from tests.sso import objects as sso_objects

# What a request can come to. METHOD: this page has no such method, whoever asks.
OPEN, SIGN_IN, NO_TOKEN, FORBIDDEN, NOT_FOUND, METHOD = (
    "open",
    "asked to sign in",
    "401",
    "403",
    "404",
    "405",
)
# Nobody; an account that is in no organization; the owner of another organization; and Acme's.
STRANGERS = ("signed out", "outsider", "other tenant")
ROLES = ("member", "billing_admin", "admin", "owner")
PEOPLE = (*STRANGERS, *ROLES)

Answers = Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Row:
    """What each of PEOPLE may meet, and the words of the path that are not objects."""

    answers: Answers
    words: Mapping[str, str] = field(default_factory=dict)


def of_organization(*roles: str) -> Row:
    """A page of an organization: strangers can't tell whether it exists, other roles get 403."""
    return Row(
        {
            "signed out": frozenset({SIGN_IN}),
            "outsider": frozenset({NOT_FOUND}),
            "other tenant": frozenset({NOT_FOUND}),
            **{role: frozenset({OPEN if role in roles else FORBIDDEN}) for role in ROLES},
        }
    )


def same_for_all(*answers: str) -> Row:
    return Row(dict.fromkeys(PEOPLE, frozenset(answers)))


def at(row: Row, **words: str) -> Row:
    return replace(row, words=words)


def or_not_found(row: Row) -> Row:
    """The same, where those who may see it may also learn that the object is gone."""
    answers = {
        person: answers | {NOT_FOUND} if OPEN in answers else answers
        for person, answers in row.answers.items()
    }
    return replace(row, answers=answers)


ANYBODY = same_for_all(OPEN, SIGN_IN)
SIGNED_IN = Row(dict.fromkeys(PEOPLE, frozenset({OPEN})) | {"signed out": frozenset({SIGN_IN})})
MEMBERS = of_organization(*ROLES)
ADMINS = of_organization("admin", "owner")
OWNERS = of_organization("owner")
BILLING = of_organization("billing_admin", "owner")
INVITERS = of_organization("billing_admin", "admin", "owner")
# A bearer token opens these, no session does.
TOKEN = same_for_all(NO_TOKEN)
# Operators of the installation, who are none of PEOPLE.
OPERATORS = same_for_all(SIGN_IN, FORBIDDEN, NOT_FOUND)
# What cannot be guessed opens these: the address itself is the key.
SECRET_ADDRESS = same_for_all(NOT_FOUND, OPEN, SIGN_IN)

TABLE: dict[str, Row] = {
    "start": ANYBODY,
    "healthz": ANYBODY,
    "readyz": ANYBODY,
    "metrics": SECRET_ADDRESS,
    "me": replace(SIGNED_IN, answers={**SIGNED_IN.answers, "signed out": frozenset({NO_TOKEN})}),
    "home": SIGNED_IN,
    # Sign-in and sign-up; what comes in the middle of one leads back to its start.
    "signin:*": ANYBODY,
    "account_*": ANYBODY,
    "account_reset_password_from_key": at(ANYBODY, uidb36="1", key="no-such-key"),
    # Google is not set up here: the way to it is not there, its refusals are.
    "google_*": SECRET_ADDRESS,
    "socialaccount_*": ANYBODY,
    "socialaccount_login_error": same_for_all(NO_TOKEN),
    # Organizations.
    "organizations:create": SIGNED_IN,
    "organizations:invitation": at(SECRET_ADDRESS, token="no-such-token"),
    "organizations:overview": MEMBERS,
    "organizations:accept": SECRET_ADDRESS,
    "organizations:project": MEMBERS,
    "organizations:project_request": ANYBODY,
    "organizations:members": MEMBERS,
    "organizations:roles": MEMBERS,
    "organizations:leave": MEMBERS,
    "organizations:member": ADMINS,
    "organizations:change_role": ADMINS,
    "organizations:describe": ADMINS,
    "organizations:deactivate": ADMINS,
    "organizations:reactivate": ADMINS,
    "organizations:end_sessions": ADMINS,
    "organizations:remove": ADMINS,
    "organizations:transfer": OWNERS,
    "organizations:invitations": INVITERS,
    "organizations:invite": INVITERS,
    "organizations:invitation_resend": INVITERS,
    "organizations:invitation_withdraw": INVITERS,
    "organizations:teams": MEMBERS,
    "organizations:team": MEMBERS,
    "organizations:team_create": ADMINS,
    "organizations:team_rename": ADMINS,
    "organizations:team_delete": ADMINS,
    "organizations:team_take_out": ADMINS,
    "organizations:projects": MEMBERS,
    "organizations:project_create": ADMINS,
    "organizations:project_access": ADMINS,
    "organizations:project_change_access": ADMINS,
    "organizations:project_decide": ADMINS,
    "organizations:security": ADMINS,
    "organizations:audit": ADMINS,
    "organizations:audit_export": ADMINS,
    "organizations:plan": BILLING,
    # One's own.
    "profile:*": SIGNED_IN,
    "profile:google": ANYBODY,  # leads to Google by the sign-in's own address
    "domains:*": ADMINS,
    # Single sign-on: what identity providers and their people meet is open, the rest is admins'.
    "sso:postback": at(SECRET_ADDRESS),
    "sso:reply": same_for_all(METHOD, OPEN, FORBIDDEN),
    "sso:metadata": same_for_all(OPEN, METHOD),
    "sso:hand_over": same_for_all(FORBIDDEN, METHOD),
    "sso:go_on": same_for_all(METHOD, SIGN_IN, OPEN),
    "sso:set_up": at(SECRET_ADDRESS, token="no-such-token"),
    "sso:guide": at(ADMINS, kind="okta"),
    "sso:*": ADMINS,
    # SCIM: providers come with a token, admins see the tab.
    "scim:root": TOKEN,
    "scim:endpoint": at(TOKEN, path="Users"),
    "scim:guide": at(ADMINS, provider="okta"),
    "scim:undo": at(or_not_found(ADMINS), key="no-such-batch"),
    "scim:*": ADMINS,
    # Second factors: steps of a sign-in lead back to its start, one's own pages, the admins'.
    "twofactor:passkey_sign_in": ANYBODY,
    "twofactor:challenge*": ANYBODY,
    "twofactor:challenge_with": at(ANYBODY, method="app"),
    "twofactor:set_up*": ANYBODY,
    "twofactor:recovery_code*": ANYBODY,
    "twofactor:new_codes": ANYBODY,
    "twofactor:download_codes": ANYBODY,
    "twofactor:skip": ANYBODY,
    "twofactor:stop_reset": at(SECRET_ADDRESS, token="no-such-token"),
    "twofactor:profile": SIGNED_IN,
    "twofactor:change": ANYBODY,  # confirmed, it signs out
    "twofactor:regenerate": SIGNED_IN,
    "twofactor:*_backup": SIGNED_IN,
    "twofactor:forget_browsers": SIGNED_IN,
    "twofactor:*": ADMINS,
    # Newcomers find only what their own verified address shows; here it shows nothing.
    "discoverability:join": SIGNED_IN,
    "discoverability:join_one": same_for_all(SIGN_IN, NOT_FOUND, METHOD),
    "discoverability:withdraw": same_for_all(SIGN_IN, NOT_FOUND, METHOD),
    "discoverability:requests": ADMINS,
    "discoverability:approve": ADMINS,
    "discoverability:decline": ADMINS,
    "discoverability:*": BILLING,
    # What exists while DEBUG only; tests import the URLs with it.
    "development:*": at(SECRET_ADDRESS, mail_id="1"),
    # Operators.
    "otpadmin:*": OPERATORS,
    "otpadmin:login": ANYBODY,
}

# An id in a path -> how to make such an object in an organization. Another tenant's must be 404.
OBJECTS: dict[str, Callable[[Organization], Any]] = {
    "claim_id": lambda organization: ClaimFactory(organization=organization).public_id,
    "domain": discoverability_objects.work_domain,
    "request_id": discoverability_objects.join_request,
    "certificate_id": sso_objects.certificate_id,
    "pin_id": sso_objects.pin_id,
    "set_up_link_id": sso_objects.set_up_link_id,
    "proposal_id": sso_objects.proposal_id,
    "reference": sso_objects.reference,
    "invitation_id": lambda organization: (
        factories.InvitationFactory(organization=organization).public_id
    ),
    "project_request_id": lambda organization: (
        factories.ProjectAccessRequestFactory(project__organization=organization).public_id
    ),
    "membership_id": lambda organization: (
        factories.MembershipFactory(organization=organization).public_id
    ),
    # Whom SCIM was refused.
    "row": lambda organization: (
        NeedsAttention.objects.create(organization=organization, address="dan@corp.example").pk
    ),
    "project_id": lambda organization: (
        factories.ProjectFactory(organization=organization).public_id
    ),
    "team_id": lambda organization: factories.TeamFactory(organization=organization).public_id,
}
