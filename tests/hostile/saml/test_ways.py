"""What takes more than one message: replays, requests, hand-overs, people, tenants, landings."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, User
from sso.models import Certificate, HandOver, LogEntry
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.hostile.saml import contents
from tests.hostile.saml import crafting as c
from tests.hostile.saml.contents import answering
from tests.hostile.saml.trying import Form, counts, last_code, outcome, send
from tests.sso import signer
from tests.sso.conftest import connect, follow, me, reference, start_test, verify_domain

pytestmark = pytest.mark.requirement("SSO-5", "SSO-6")


def refused(crafted, code):
    before = counts()
    response = send(crafted)
    assert 400 <= response.status_code < 500
    assert last_code() == code
    assert counts() == before
    return response


def accepted(crafted):
    response = send(crafted)
    assert response.status_code == 303, last_code()
    return response


# ── Replay


def test_assertion_is_taken_once_however_it_is_wrapped_again(world):
    inner = c.signed(c.assertion())
    accepted(c.response(inner))

    refused(c.response(inner), "replayed")
    refused(c.signed(c.response(inner)), "replayed")
    refused(c.response(inner, issuer=None, destination=None), "replayed")


def test_assertion_for_both_urls_is_taken_at_one_of_them(world):
    both = c.subject(None, c.confirmation(), c.confirmation(recipient=world.postback))
    inner = c.signed(c.assertion(subject_xml=both))
    accepted(c.response(inner))

    again = c.response(inner, destination=world.postback)
    refused(Form({"SAMLResponse": c.encode(again)}, url=world.postback_path), "replayed")


def test_refused_message_uses_nothing_up(world):
    id_ = c.new_id()
    refused(c.of(c.assertion(id_=id_), destination="https://evil.example/"), "destination")
    refused(
        c.good(id_=id_, attributes_xml=c.attributes(c.attribute("email", "x@evil.example"))),
        "domain",
    )

    accepted(c.good(id_=id_))


# ── Requests


def test_request_is_answered_once(world):
    request = world.asked()
    accepted(answering(request))

    refused(answering(request), "request_used")


def test_request_ends_after_ten_minutes(world, time_machine):
    request = world.asked()
    time_machine.move_to(timezone.now() + dt.timedelta(seconds=601), tick=False)

    refused(answering(request), "request_unknown")


def test_answer_to_our_request_ends_in_the_browser_that_asked(world):
    response = accepted(answering(world.asked()))

    assert follow(world.stranger, response).status_code == 403
    assert me(world.stranger) is None
    assert last_code() == "request_other_browser"
    assert follow(world.client, response).status_code == 403
    assert me(world.client) is None


# ── Hand-over


@pytest.mark.threat("S19")
def test_hand_over_works_once(world):
    response = accepted(c.good())
    follow(world.client, response)
    assert me(world.client)["email"] == c.ADDRESS

    assert follow(world.stranger, response).status_code == 403
    assert me(world.stranger) is None


@pytest.mark.threat("S19")
@pytest.mark.parametrize(("seconds", "signed_in"), [(55, True), (61, False)])
def test_hand_over_ends_after_a_minute(world, time_machine, seconds, signed_in):
    response = accepted(c.good())
    time_machine.move_to(timezone.now() + dt.timedelta(seconds=seconds), tick=False)

    follow(world.client, response)

    assert (me(world.client) is not None) is signed_in


def test_code_is_kept_as_a_hash_only(world):
    response = accepted(c.good())
    code = response.url.partition("code=")[2]

    assert code not in str(list(HandOver.objects.values_list()))


# ── Landing

GOOD_PATHS = ("/settings/profile/", "/settings/profile/?a=b#c", "/home/?x=//y")
BAD_STATES = (
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\x00/evil.example",
    "/home/\r\nSet-Cookie: x=y",
    "http://evil.example/",
    "https:evil.example",
    "https:///evil.example",
    "HTTP://127.0.0.1:8000.evil.example/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    " /home/",
    "home/",
    "@evil.example",
    "?x",
    "#x",
    "/" + "x" * 500,
    "/\u202e/",
    "/\u2028x",
)


@pytest.mark.threat("S17")
@pytest.mark.parametrize("path", GOOD_PATHS)
def test_relay_state_may_name_a_page_of_ours(world, path):
    assert follow(world.client, send(c.good(), relay_state=path)).url == path


@pytest.mark.threat("S17")
@pytest.mark.parametrize("state", BAD_STATES)
def test_any_other_relay_state_is_no_landing(world, state):
    assert follow(world.client, send(c.good(), relay_state=state)).url == "/home/"


@pytest.mark.threat("S17")
def test_relay_state_of_an_answer_to_our_request_is_ignored(world):
    response = send(answering(world.asked()), relay_state="/settings/profile/")

    assert follow(world.client, response).url == "/home/"


# ── Certificates


@pytest.mark.parametrize(("starts", "ends"), [(-30, -2), (2, 30)], ids=["expired", "not yet valid"])
def test_certificate_out_of_its_dates_verifies_nothing(world, starts, ends):
    other = signer.key(f"dates {starts}", start=starts, end=ends)
    connection = world.organization.connection_row
    Certificate.objects.create(
        connection=connection,
        pem=other.certificate_pem.decode(),
        fingerprint=str(starts),
        not_before=other.certificate.not_valid_before_utc,
        not_after=other.certificate.not_valid_after_utc,
    )

    refused(c.of(c.assertion(), by=other), "certificate_expired")
    accepted(c.good())


def test_identity_provider_of_a_closed_connection_lets_nobody_in(world):
    policy = world.organization.policy
    type(policy).objects.filter(pk=policy.pk).update(sso_enabled=False, idp_managed_access=False)

    refused(c.good(), "unknown_issuer")


# ── People


def with_name_id(name, address=c.ADDRESS):
    return c.of(c.about(address, c.name_id(name, c.FORMAT_PERSISTENT)))


def test_recycled_mailbox_is_nobodys(world):
    accepted(with_name_id("17"))

    refused(with_name_id("18"), "subject_changed")
    refused(with_name_id("17 x"), "subject_changed")
    refused(with_name_id("17\u00a0"), "subject_changed")


def test_pinned_person_does_not_take_another_members_address(world):
    accepted(with_name_id("17"))

    refused(with_name_id("17", "ann@corp.example"), "subject_changed")


def test_stranger_is_no_member_while_managed_access_is_off(world):
    policy = world.organization.policy
    type(policy).objects.filter(pk=policy.pk).update(idp_managed_access=False)

    refused(c.good(), "not_member")


def test_deactivated_member_stays_out(world):
    MembershipFactory(
        organization=world.organization,
        user__email=c.ADDRESS,
        status="deactivated",
        deactivated_at=timezone.now(),
    )

    refused(c.good(), "inactive")


@pytest.mark.threat("O7")
def test_attributes_give_no_role(world):
    accepted(
        c.good(
            attributes_xml=c.attributes(
                c.attribute("email", c.ADDRESS),
                *(c.attribute(name, "owner") for name in ("role", "Role", "is_staff", "groups")),
            )
        )
    )

    membership = Membership.objects.get(user__email=c.ADDRESS)
    assert (membership.role, membership.user.is_staff) == ("member", False)


# ── Login CSRF


def test_another_account_that_is_signed_in_is_asked_first(world, sign_in):
    eve = UserFactory(email="eve@other.example")
    sign_in(world.client, eve)

    response = follow(world.client, accepted(c.good()))

    assert response.status_code == 200
    assert me(world.client)["email"] == eve.email


# ── Tenants


def twin(world, *, domain=""):
    """An organization that entered Acme's issuer and certificate."""
    other = OrganizationFactory(name="Squatter")
    verify_domain(other, domain or "squatter.example")
    connect(other, signer.key(), idp_managed_access=True)
    return other


@pytest.mark.threat("T4")
def test_same_issuer_and_certificate_the_domains_owner_is_meant(world):
    other = twin(world)

    accepted(c.good())
    accepted(c.of(c.about("bob@squatter.example", c.name_id("bob@squatter.example"))))

    rows = Membership.objects.filter(source="jit").values_list("organization", "user__email")
    assert set(rows) == {(world.organization.pk, c.ADDRESS), (other.pk, "bob@squatter.example")}
    refused(c.of(c.about("bob@evil.example")), "domain")


def test_squatter_gains_nothing_at_its_own_postback_url(world):
    rival = twin(world)
    world.organization, acme = rival, world.organization

    refused(contents.at_postback(world), "domain")

    world.organization = acme
    accepted(contents.at_postback(world))


def test_squatter_of_the_issuer_with_a_key_of_its_own_gains_nothing(world):
    squatter = OrganizationFactory()
    verify_domain(squatter, "squatter.example")
    connect(squatter, signer.key("squatter"), idp_managed_access=True)

    refused(c.of(c.assertion(), by=signer.key("squatter")), "domain")
    accepted(c.good())
    assert not User.objects.filter(email__endswith="squatter.example").exists()


@pytest.mark.threat("T4")
@pytest.mark.parametrize("count", [2, 3])
def test_several_squatters_of_the_issuer_vouch_for_nobody_elses_people(world, count):
    for number in range(count):
        squatter = OrganizationFactory()
        verify_domain(squatter, f"squatter{number}.example")
        connect(squatter, signer.key("squatter"), idp_managed_access=True)

    forged = refused(c.of(c.assertion(), by=signer.key("squatter")), "domain")

    assert LogEntry.objects.get(reference=reference(forged)).organization is None
    assert not User.objects.filter(email=c.ADDRESS).exists()
    accepted(c.good())


# ── Tests of a connection


@pytest.mark.requirement("SSO-10")
def test_answer_to_a_test_signs_nobody_in_and_can_not_be_used_again(world, sign_in):
    admin = Client()
    sign_in(admin, world.organization.memberships.get(role="owner").user)
    inner = c.signed(c.assertion())  # nothing in it says that it answers a test
    before = Membership.objects.count()

    response = send(c.response(inner, answers=start_test(admin, world.organization).id))

    assert response.status_code == 303
    assert "hand-over" not in response.url
    assert (Membership.objects.count(), HandOver.objects.count()) == (before, 0)
    assert LogEntry.objects.latest("pk").outcome == "test"
    refused(c.response(inner), "replayed")


@pytest.mark.requirement("SSO-10")
def test_forged_answer_to_a_test_reports_and_signs_nobody_in(world, sign_in):
    admin = Client()
    sign_in(admin, world.organization.memberships.get(role="owner").user)
    request = start_test(admin, world.organization).id

    response = send(c.of(c.assertion(), by=signer.key("stranger"), answers=request))

    assert "hand-over" not in response.url
    assert last_code() == "signature"
    assert HandOver.objects.count() == 0
    refused(c.of(c.assertion(), answers=request), "request_used")


def test_answer_to_a_sign_in_is_no_test(world):
    response = accepted(answering(world.asked()))

    assert "hand-over" in response.url
    assert outcome(response) == ""
    assert LogEntry.objects.latest("pk").outcome == "accepted"
