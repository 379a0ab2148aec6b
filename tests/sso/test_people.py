"""Whose sign-in it is: members, invitations, pins, names, organizations that share an issuer."""

import datetime as dt
import json
from io import StringIO

import pytest
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from post_office.models import Email

from accounts.actor import Actor
from accounts.models import AuditEvent, Membership, User
from accounts.organizations.invitations import invite
from sso.models import Certificate, Connection, HandOver, Link, LogEntry, SsoRequest, UsedAssertion
from sso.services import log, reminders
from sso.tasks import clean_up
from tests.factories import MembershipFactory, OrganizationFactory
from tests.sso import signer
from tests.sso.conftest import (
    answer,
    connect,
    follow,
    me,
    post,
    reference,
    sign_in,
    start,
    verify_domain,
)

pytestmark = pytest.mark.django_db
PERSISTENT = {"name_id": "u-17", "name_id_format": signer.PERSISTENT}


def code_of(response):
    return LogEntry.objects.get(reference=reference(response)).code


def member(organization, email="bob@corp.example", **fields):
    return MembershipFactory(organization=organization, user__email=email, **fields)


# ── Invitations


@pytest.mark.requirement("SSO-14")
@pytest.mark.parametrize("managed", [True, False])
def test_invited_person_becomes_a_member_with_the_invited_role(client, acme, managed):
    verify_domain(acme)
    connect(acme, idp_managed_access=managed)
    invite(acme, "bob@corp.example", role="admin", actor=Actor.person(acme.owner))

    sign_in(client)

    membership = Membership.objects.get(user__email="bob@corp.example")
    assert (membership.role, membership.source) == ("admin", "invitation")
    assert acme.invitations.get().accepted_by == membership.user


@pytest.mark.requirement("SSO-14")
def test_expired_invitation_lets_nobody_in(acme, time_machine):
    verify_domain(acme)
    connect(acme)
    invite(acme, "bob@corp.example", role="admin", actor=Actor.person(acme.owner))
    time_machine.move_to(dt.datetime.now(dt.UTC) + dt.timedelta(days=8))

    assert code_of(post(answer())) == "not_member"


# ── Names


@pytest.mark.requirement("JIT-2")
def test_names_follow_the_attributes_at_each_sign_in(corp):
    membership = member(corp, user__first_name="Robert")
    sign_in(Client(), attributes={"firstName": ["Bob"], "lastName": ["Lee"]})
    sign_in(Client(), attributes={"firstName": ["Bobby"], "lastName": ["Lee"]})
    sign_in(Client(), attributes={})

    membership.refresh_from_db()
    assert (membership.first_name, membership.last_name) == ("Bobby", "Lee")
    assert membership.user.first_name == "Robert"


@pytest.mark.requirement("JIT-2")
def test_name_that_is_not_given_stays(corp):
    membership = member(corp)
    sign_in(Client(), attributes={"firstName": ["Bob"], "lastName": ["Lee"]})
    sign_in(Client(), attributes={"firstName": ["Robert"], "lastName": [" "]})

    membership.refresh_from_db()
    assert (membership.first_name, membership.last_name) == ("Robert", "Lee")


@pytest.mark.threat("O8")
def test_long_or_directing_names_are_cut_and_cleaned(corp):
    sign_in(
        Client(),
        attributes={"firstName": ["x" * 10_000], "lastName": ["a\u202eb&#10;c\u2028d"]},
    )

    membership = Membership.objects.get(user__email="bob@corp.example")
    assert len(membership.first_name) == 100
    assert membership.last_name == "ab c d"


# ── Pins


def test_persistent_name_id_is_pinned_at_the_first_sign_in(corp):
    sign_in(Client(), **PERSISTENT)

    assert Link.objects.get().user.email == "bob@corp.example"
    assert AuditEvent.objects.filter(event="idp:member:pinned").count() == 1


def test_address_that_comes_with_another_persistent_name_id_is_refused(corp):
    sign_in(Client(), **PERSISTENT)

    assert code_of(post(answer(**{**PERSISTENT, "name_id": "u-18"}))) == "subject_changed"


def test_pinned_person_with_a_new_address_keeps_the_membership(client, corp):
    sign_in(Client(), **PERSISTENT)

    sign_in(client, **PERSISTENT, email="robert@corp.example")

    membership = Membership.objects.get(organization=corp, role="member")
    assert membership.address == "robert@corp.example"
    assert me(client)["email"] == "robert@corp.example"  # the account is Acme's alone: it follows


@pytest.mark.requirement("SCIM-5")
def test_account_with_a_password_keeps_its_own_address(client, corp):
    membership = member(corp)
    sign_in(Client(), **PERSISTENT)

    sign_in(client, **PERSISTENT, email="robert@corp.example")

    membership.refresh_from_db()
    assert membership.email == "robert@corp.example"
    assert me(client)["email"] == "bob@corp.example"
    waiting = EmailAddress.objects.get(email="robert@corp.example")
    assert not waiting.verified
    sign_in(client, email="robert@corp.example")
    assert me(client)["email"] == "bob@corp.example"


def test_pinned_person_cannot_take_another_members_address(corp):
    member(corp, "ann2@corp.example")
    sign_in(Client(), **PERSISTENT)

    assert code_of(post(answer(**PERSISTENT, email="ann2@corp.example"))) == "subject_changed"


def test_old_address_of_a_person_known_by_another_one_is_nobodys(corp):
    membership = member(corp)
    membership.email = "robert@corp.example"
    membership.save()

    assert code_of(post(answer())) == "subject_changed"


def test_another_issuer_forgets_the_pins(corp):
    sign_in(Client(), **PERSISTENT)

    connect(corp, signer.key("new"), issuer="https://new.example/")

    assert not Link.objects.exists()


def test_closed_account_stays_out(corp):
    member(corp, user__is_active=False)

    assert code_of(post(answer())) == "inactive"


# ── Organizations that entered the same issuer


@pytest.fixture
def squatter_with_own_key(corp):
    organization = OrganizationFactory(name="Squatter")
    verify_domain(organization, "squatter.example")
    connect(organization, signer.key("squatter"), idp_managed_access=True)
    return organization


def test_organization_that_owns_the_domain_is_meant(client, corp):
    other = OrganizationFactory(name="Squatter")
    verify_domain(other, "squatter.example")
    connect(other, idp_managed_access=True)

    sign_in(client)
    assert [o["name"] for o in me(client)["organizations"]] == ["Acme"]
    eve = Client()
    sign_in(eve, email="eve@squatter.example", name_id="eve@squatter.example")
    assert [o["name"] for o in me(eve)["organizations"]] == ["Squatter"]
    assert code_of(post(answer(email="x@third.example"))) == "domain"


@pytest.mark.threat("T4")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"email": "x@third.example"}, "domain"),
        ({"email": None, "name_id": None}, "no_address"),
        ({"email": "x@third.example", "audiences": [["https://other.example"]]}, "audience"),
        ({"email": "x@third.example", "key": signer.key("stranger")}, "signature"),
    ],
    ids=["nobody's domain", "no address", "another audience", "a stranger's key"],
)
@pytest.mark.parametrize("first", ["the squatter", "Acme"])
def test_what_may_be_either_organizations_is_in_neithers_log(acme, first, changes, code):
    organizations = [OrganizationFactory(name="Squatter"), acme]
    verify_domain(acme)
    for organization in organizations if first == "the squatter" else reversed(organizations):
        connect(organization, idp_managed_access=True)

    response = post(answer(**changes))

    entry = LogEntry.objects.get(reference=reference(response))
    assert (entry.code, entry.organization) == (code, None)


@pytest.mark.threat("T4")
def test_squatters_without_certificates_block_nobody(acme):
    for number in range(6):
        squatter = OrganizationFactory(name=f"Squatter {number}")
        connection = connect(squatter, signer.key("squatter"), idp_managed_access=True)
        if number:
            connection.certificates.all().delete()
    verify_domain(acme)
    connect(acme, idp_managed_access=True)

    assert post(answer()).status_code == 303


@pytest.mark.threat("T4")
def test_squatter_reads_nothing_of_the_owners_people(acme):
    squatter = OrganizationFactory(name="Squatter")
    connect(squatter, idp_managed_access=True)
    verify_domain(acme)
    connect(acme)

    response = post(answer())

    entry = LogEntry.objects.get(reference=reference(response))
    assert (entry.code, entry.organization) == ("not_member", acme)


def test_squatters_certificate_vouches_for_nobody_elses_domain(corp, squatter_with_own_key):
    theirs = {"key": signer.key("squatter")}

    assert code_of(post(answer(**theirs))) == "domain"
    assert post(answer(**theirs, email="eve@squatter.example")).status_code == 303


def test_squatters_blocks_nobody(client, corp, squatter_with_own_key):
    sign_in(client)

    assert me(client)["email"] == "bob@corp.example"


# ── At the same instant


@pytest.mark.django_db(transaction=True)
def test_one_assertion_in_eight_threads_is_accepted_once(corp, run_threads, settings):
    settings.RATE_LIMITS = False
    encoded = answer().encoded()

    statuses = run_threads(8, lambda _: post(encoded).status_code)

    assert sorted(statuses) == [303] + [403] * 7
    assert Membership.objects.filter(user__email="bob@corp.example").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_newcomer_with_four_assertions_at_once_becomes_one_member(corp, run_threads, settings):
    settings.RATE_LIMITS = False
    messages = [answer(**PERSISTENT).encoded() for _ in range(4)]

    statuses = run_threads(4, lambda n: post(messages[n]).status_code)

    assert 303 in statuses
    assert set(statuses) <= {303, 403}
    assert User.objects.filter(email="bob@corp.example").count() == 1
    assert Membership.objects.filter(user__email="bob@corp.example").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_hand_over_in_eight_threads_opens_one_session(corp, run_threads):
    path = post(answer()).url.removeprefix("http://127.0.0.1:8000")
    clients = [Client() for _ in range(8)]

    run_threads(8, lambda n: clients[n].get(path))

    assert sum(me(client) is not None for client in clients) == 1


# ── Nobody stands where nobody vouched for them


DOMAINS = ["a.example", "b.example", "c.example", "sub.a.example", "unclaimed.example"]


@pytest.mark.requirement("SSO-5", "SSO-6", "ACC-7")
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    connections=st.lists(
        st.tuples(
            st.sampled_from(DOMAINS[:4]),  # verified domain
            st.sampled_from(["https://x.example/", "https://y.example/"]),  # issuer
            st.sampled_from(["k1", "k2"]),  # key
        ),
        min_size=1,
        max_size=3,
        unique_by=lambda c: c[0],
    ),
    domain=st.sampled_from(DOMAINS),
    issuer=st.sampled_from(["https://x.example/", "https://y.example/"]),
    key=st.sampled_from(["k1", "k2"]),
)
def test_nobody_stands_in_an_organization_whose_connection_did_not_vouch(
    db, connections, domain, issuer, key
):
    from django.db import transaction  # noqa: PLC0415

    with transaction.atomic():
        made = {}
        for verified, entered, pinned in connections:
            organization = OrganizationFactory()
            verify_domain(organization, verified)
            connect(organization, signer.key(pinned), issuer=entered, idp_managed_access=True)
            made[organization.pk] = (verified, entered, pinned)

        response = post(
            answer(
                email=f"p@{domain}",
                name_id=f"p@{domain}",
                issuer=issuer,
                response_issuer=None,
                key=signer.key(key),
            )
        )

        vouching = {pk for pk, values in made.items() if values == (domain, issuer, key)}
        joined = set(
            Membership.objects.filter(user__email=f"p@{domain}").values_list(
                "organization", flat=True
            )
        )
        assert joined == vouching
        assert (response.status_code == 303) == bool(vouching)
        transaction.set_rollback(True)


# ── Operators, beat


def command(organization, tmp_path, *options, key="main", **changes):
    file = tmp_path / "idp.pem"
    file.write_bytes(signer.key(key).certificate_pem)
    out = StringIO()
    given_values = {
        "--issuer": "https://idp.example/metadata",
        "--sign-in-url": "https://idp.example/sso",
        "--certificate": str(file),
        **changes,
    }
    arguments = [part for pair in given_values.items() for part in pair]
    call_command("connect_idp", organization.public_id, *arguments, *options, stdout=out)
    return out.getvalue()


def test_operator_connects_an_identity_provider(acme, tmp_path, client):
    verify_domain(acme)

    printed = json.loads(command(acme, tmp_path, "--enable", "--require", "--managed", "--json"))

    assert printed == {
        "postback_url": f"http://127.0.0.1:8000/security/sso/v2/authorize/?org_id={acme.public_id}",
        "entity_id": "http://127.0.0.1:8000/security/sso/v2/authorize/",
        "acs_url": "http://127.0.0.1:8000/sso/saml2",
    }
    acme.policy.refresh_from_db()
    assert acme.policy.sso_required
    assert acme.policy.idp_managed_access
    sign_in(client)
    assert me(client)["email"] == "bob@corp.example"
    command(acme, tmp_path)
    command(acme, tmp_path, key="second")
    assert Certificate.objects.count() == 2


def test_loopback_without_https_is_for_development(acme, tmp_path, settings):
    loopback = {"--sign-in-url": "http://127.0.0.1:9000/sso"}
    with pytest.raises(CommandError, match="https"):
        command(acme, tmp_path, **loopback)

    settings.DEBUG = True

    assert "postback_url" in command(acme, tmp_path, **loopback)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"--certificate": "/nowhere.pem"}, "can't be read"),
        ({"--sign-in-url": "http://idp.example/"}, "https"),
        ({"--issuer": "x"}, "Issuer"),
    ],
)
def test_operators_mistake_is_one_sentence_and_changes_nothing(acme, tmp_path, changes, words):
    with pytest.raises(CommandError, match=words):
        command(acme, tmp_path, "--enable", **changes)

    assert not Connection.objects.exists()


def test_operator_cannot_require_it_where_no_owner_could_get_in(acme, tmp_path):
    acme.owner.set_unusable_password()
    acme.owner.save()

    with pytest.raises(CommandError, match="No owner"):
        command(acme, tmp_path, "--require")

    assert not Connection.objects.exists()


@pytest.mark.requirement("SSO-8")
@pytest.mark.parametrize(
    ("left", "reminded", "due"),
    [
        (61, None, None),
        (60, None, 60),
        (59, 60, None),
        (45, None, 60),
        (30, 60, 30),
        (29, 30, None),
        (14, 30, 14),
        (7, 14, 7),
        (3, 30, 7),
        (1, 7, 1),
        (0, 1, 0),
        (0, 0, None),
        (-1, 1, None),
    ],
)
def test_reminders_fall_on_their_days_and_are_caught_up_once(left, reminded, due):
    assert reminders.due_reminder(left, reminded) == due


@pytest.mark.requirement("SSO-8", "ACC-5")
def test_admins_are_told_of_an_ending_certificate_once_a_step(corp, time_machine):
    MembershipFactory(organization=corp, role="admin", user__email="jon@corp.example")
    # Days are those of the calendar: the hour before an end at midnight is another one.
    end = Certificate.objects.get().not_after.replace(hour=12)
    Certificate.objects.update(not_after=end)

    for days in (70, 60, 60, 59, 30, 14, 7, 1, 0):
        time_machine.move_to(end - dt.timedelta(days=days, hours=1 if days else 0))
        reminders.remind_all()

    mails = Email.objects.filter(subject__contains="certificate of single sign-on")
    assert mails.count() == 2 * 6
    assert {mail.to[0] for mail in mails} == {"ann@corp.example", "jon@corp.example"}
    assert "ends today" in mails.order_by("-id").first().subject
    assert AuditEvent.objects.filter(event="system:sso:certificate_expiring").count() == 6


def test_what_is_over_is_deleted(client, corp, time_machine):
    asked = start(client, corp)
    follow(client, post(answer(in_response_to=asked.id)))
    post(answer(audiences=[["x"]]))
    assert LogEntry.objects.exclude(xml="").count() == 1

    time_machine.move_to(dt.datetime.now(dt.UTC) + dt.timedelta(days=8))
    clean_up()
    assert not SsoRequest.objects.exists()
    assert not HandOver.objects.exists()
    assert not UsedAssertion.objects.exists()
    assert LogEntry.objects.count() == 2
    assert not LogEntry.objects.exclude(xml="").exists()

    time_machine.move_to(dt.datetime.now(dt.UTC) + dt.timedelta(days=91))
    clean_up()
    assert not LogEntry.objects.exists()


def test_log_of_refusals_is_bounded(corp, monkeypatch):
    monkeypatch.setattr(log, "MOST_REFUSALS", 2)
    for _ in range(4):
        post(answer(audiences=[["x"]]))

    log.clean_up()

    assert LogEntry.objects.filter(organization=corp).count() == 2


def test_used_assertion_is_remembered_while_it_could_be_valid(corp):
    sign_in(Client(), confirmation_until=23 * 3600, not_on_or_after=23 * 3600)

    assert UsedAssertion.objects.get().expires_at > timezone.now() + dt.timedelta(hours=22)
