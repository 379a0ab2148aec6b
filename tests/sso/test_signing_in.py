"""The thin path over HTTP: asked for, answered, handed over; and what must not pass."""

import datetime as dt

import pytest
from django.test import Client

from accounts.models import Membership, User
from accounts.organizations.members import deactivate_member
from accounts.policy import change
from sso import contract
from sso.models import LogEntry
from tests.factories import MembershipFactory, UserFactory
from tests.sso import signer
from tests.sso.conftest import (
    ACTOR,
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

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("SSO-6")]


def code_of(response):
    return LogEntry.objects.get(reference=reference(response)).code


@pytest.mark.requirement("JIT-1", "JIT-2")
def test_newcomer_signs_in_from_the_postback_url_and_is_a_member(client, corp):
    asked = start(client, corp)

    response = follow(client, post(answer(in_response_to=asked.id), relay_state=asked.relay_state))

    assert response.url == "/home/"
    assert me(client)["email"] == "bob@corp.example"
    assert me(client)["evidence"] == [f"saml:{corp.connection_row.public_id}"]
    assert me(client)["organizations"][0]["open"] is True
    membership = Membership.objects.get(organization=corp, user__email="bob@corp.example")
    assert (membership.role, membership.source) == ("member", "jit")
    assert (membership.first_name, membership.last_name) == ("Bob", "Lee")
    assert membership.user.first_name == ""
    assert LogEntry.objects.get().outcome == "accepted"


def test_sign_in_lands_where_it_was_going(client, corp):
    asked = start(client, corp, next="/settings/profile/?x=1")

    response = follow(client, post(answer(in_response_to=asked.id)))

    assert response.url == "/settings/profile/?x=1"


def test_identity_provider_starts_and_names_a_page(client, corp):
    response = follow(client, post(answer(), relay_state="/settings/profile/"))

    assert response.url == "/settings/profile/"
    assert me(client)["email"] == "bob@corp.example"


def test_assertion_is_taken_at_the_postback_url_too(client, corp):
    url = contract.postback_url(corp.public_id)

    response = post(answer(acs_url=url), url=url.removeprefix("http://127.0.0.1:8000"))

    assert follow(client, response).url == "/home/"


@pytest.mark.threat("S17")
def test_relay_state_of_another_site_is_no_landing(client, corp):
    assert follow(client, post(answer(), relay_state="https://evil.example/")).url == "/home/"


@pytest.mark.requirement("SSO-2")
def test_postback_url_of_no_such_or_not_enabled_organization_is_404(client, acme):
    for org_id in (acme.public_id, "org_nope", "", "\x00"):
        query = {"org_id": org_id}
        assert client.get("/security/sso/v2/authorize/", query).status_code == 404
        assert (
            client.post(f"/security/sso/v2/authorize/?org_id={acme.public_id}").status_code == 404
        )
    assert client.get("/security/sso/v2/authorize/").status_code == 404
    assert client.get("/sso/saml2").status_code == 405


@pytest.mark.threat("S20")
@pytest.mark.parametrize("debug", [True, False])
def test_answer_at_an_address_without_its_slash_is_not_found(corp, settings, debug):
    settings.DEBUG = debug
    url = contract.postback_url(corp.public_id).removeprefix(settings.BASE_URL)
    browser = Client(raise_request_exception=False)

    assert post(answer(), client=browser, url=url.replace("/?", "?")).status_code == 404
    assert post(answer(), client=browser, url="/security/sso/v2/authorize").status_code == 404
    assert browser.get(url.replace("/?", "?")).headers["Location"] == url


@pytest.mark.threat("S20")
def test_body_that_is_too_large_is_taken_to_its_end_and_refused(corp):
    # Or the sender meets a closed connection instead of our page.
    response = post("A" * 10_000_000)

    assert response.status_code == 400
    assert "larger than 256 kB" in LogEntry.objects.get().values["detail"]
    assert response.wsgi_request.read() == b""


def test_answer_needs_and_sets_no_session(corp):
    response = post(answer(), client=Client(enforce_csrf_checks=True))

    assert response.status_code == 303
    assert not response.cookies
    assert "no-store" in response.headers["Cache-Control"]


def test_assertion_is_accepted_once(client, corp):
    encoded = answer().encoded()
    assert post(encoded).status_code == 303

    response = post(encoded)

    assert response.status_code == 403
    assert code_of(response) == "replayed"


@pytest.mark.threat("S19")
def test_hand_over_works_once_and_only_in_the_browser_that_asked(client, corp):
    asked = start(client, corp)
    response = post(answer(in_response_to=asked.id))
    stranger = Client()

    assert follow(stranger, response).status_code == 403
    assert me(stranger) is None
    assert follow(client, response).status_code == 403
    assert me(client) is None
    assert LogEntry.objects.get().code == "request_other_browser"


@pytest.mark.threat("S19")
def test_hand_over_ends_after_a_minute(client, corp, time_machine):
    response = post(answer())
    time_machine.move_to(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=61))

    refused = follow(client, response)

    assert refused.status_code == 403
    assert me(client) is None
    entry = LogEntry.objects.get()
    assert (entry.outcome, entry.code) == ("refused", "hand_over")
    assert reference(refused) == entry.reference


@pytest.mark.threat("S19")
def test_hand_over_taken_twice_leaves_the_sign_in_in_the_log(client, corp):
    response = post(answer())
    follow(client, response)

    again = follow(Client(), response)

    entry = LogEntry.objects.get()
    assert (entry.outcome, entry.code) == ("accepted", "")
    assert reference(again) == entry.reference


@pytest.mark.parametrize("meanwhile", ["another issuer", "off and on", "deactivated"])
def test_what_ends_sessions_ends_a_hand_over_on_its_way(client, corp, meanwhile):
    response = post(answer())
    if meanwhile == "another issuer":
        connect(corp, signer.key("new"), issuer="https://new.example/")
    elif meanwhile == "off and on":
        change(corp, actor=ACTOR, sso_enabled=False)
        change(corp, actor=ACTOR, sso_enabled=True)
    else:
        deactivate_member(corp.memberships.get(role="member"), actor=ACTOR, by="admin")

    assert follow(client, response).status_code == 403
    assert me(client) is None
    entry = LogEntry.objects.get()
    assert (entry.outcome, entry.code) == ("refused", "inactive")


@pytest.mark.parametrize("code", ["", "nope", "\x00", "x" * 5000])
def test_unknown_hand_over_is_refused(client, corp, code):
    assert client.get("/sso/hand-over/", {"code": code}).status_code == 403


def test_request_is_answered_once(client, corp):
    asked = start(client, corp)
    assert post(answer(in_response_to=asked.id)).status_code == 303

    assert code_of(post(answer(in_response_to=asked.id))) == "request_used"


def test_request_ends_after_ten_minutes(client, corp, time_machine):
    asked = start(client, corp)
    time_machine.move_to(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=601))

    assert code_of(post(answer(in_response_to=asked.id))) == "request_unknown"


def test_invented_request_is_refused_wherever_it_stands(corp):
    for changes in (
        {"in_response_to": "_invented"},
        {"in_response_to": None, "confirmation_in_response_to": "_invented"},
        {"in_response_to": "_invented", "confirmation_in_response_to": None},
    ):
        assert code_of(post(answer(**changes))) == "request_unknown"


@pytest.mark.requirement("SSO-5")
def test_address_of_no_verified_domain_is_refused(corp):
    response = post(answer(email="eve@other.example"))

    assert response.status_code == 403
    assert code_of(response) == "domain"
    assert not User.objects.filter(email="eve@other.example").exists()
    assert code_of(post(answer(email="eve@sub.corp.example"))) == "domain"


@pytest.mark.requirement("JIT-1")
def test_stranger_is_refused_while_managed_access_is_off(acme):
    verify_domain(acme)
    connect(acme)

    response = post(answer())

    assert "invitation" in response.content.decode()
    assert code_of(response) == "not_member"
    assert not User.objects.filter(email="bob@corp.example").exists()


def test_member_signs_in_while_managed_access_is_off(client, acme):
    verify_domain(acme)
    connect(acme)
    member = MembershipFactory(organization=acme, user__email="bob@corp.example")

    sign_in(client)

    assert me(client)["email"] == member.user.email


def test_deactivated_member_stays_out(corp):
    membership = MembershipFactory(organization=corp, user__email="bob@corp.example")
    membership.status, membership.deactivated_at = "deactivated", membership.joined_at
    membership.save()

    assert code_of(post(answer())) == "inactive"


@pytest.mark.threat("S11", "O7")
def test_verified_account_keeps_password_and_name(client, corp):
    user = UserFactory(email="bob@corp.example", first_name="Robert")

    sign_in(client)

    user.refresh_from_db()
    assert user.has_usable_password()
    assert user.first_name == "Robert"


@pytest.mark.threat("S11")
def test_strangers_password_on_an_unverified_account_dies(client, corp):
    user = UserFactory(email="bob@corp.example", verified=False)

    sign_in(client)

    user.refresh_from_db()
    assert not user.has_usable_password()
    assert user.has_verified_email
    assert me(client)["email"] == "bob@corp.example"


def test_another_signed_in_account_is_asked_first(client, corp, sign_in, acme):
    sign_in(client, UserFactory(email="mallory@elsewhere.example"))

    page = follow(client, post(answer()))

    assert "Continue as bob@corp.example" in page.content.decode()
    assert me(client)["email"] == "mallory@elsewhere.example"
    assert client.post("/sso/continue/").url == "/home/"
    assert me(client)["email"] == "bob@corp.example"
    assert client.post("/sso/continue/").url == "/sign-in/"


def test_other_organizations_stay_closed_to_this_evidence(client, corp):
    user = MembershipFactory(user__email="bob@corp.example").user

    sign_in(client)

    opened = {row["name"]: row["open"] for row in me(client)["organizations"]}
    assert sum(opened.values()) == 1
    assert opened["Acme"] is True
    assert user.memberships.count() == 2


def test_response_of_another_organizations_identity_provider_does_not_answer_our_request(
    client, corp
):
    from tests.factories import OrganizationFactory  # noqa: PLC0415

    other = OrganizationFactory(name="Other")
    verify_domain(other, "other.example")
    connect(other, signer.key("other"), issuer="https://idp.other.example", idp_managed_access=True)
    asked = start(client, corp)

    response = post(
        answer(
            key=signer.key("other"),
            issuer="https://idp.other.example",
            response_issuer="https://idp.other.example",
            email="eve@other.example",
            in_response_to=asked.id,
        )
    )

    assert code_of(response) == "unknown_issuer"


@pytest.mark.parametrize(
    ("data", "status"),
    [({}, 400), ({"SAMLResponse": "%%"}, 400), ({"SAMLResponse": ["a", "b"]}, 400)],
)
def test_rubbish_is_answered_with_a_reference(client, corp, data, status):
    response = client.post("/sso/saml2", data)

    assert response.status_code == status
    assert reference(response)


def test_ten_megabytes_are_not_read(client, corp):
    response = client.post(
        "/sso/saml2", b"SAMLResponse=" + b"A" * 10_000_000, "application/x-www-form-urlencoded"
    )

    assert response.status_code == 400
    assert code_of(response) == "malformed"


def test_failure_of_ours_is_no_500(corp, monkeypatch):
    monkeypatch.setattr("sso.services.signing_in.preflight.read", lambda _: 1 / 0)

    response = post(answer())

    assert response.status_code == 400
    assert reference(response)


def test_thirty_refusals_a_minute_are_enough(client, corp):
    for _ in range(30):
        assert client.post("/sso/saml2", {"SAMLResponse": "x"}).status_code == 400

    assert client.post("/sso/saml2", {"SAMLResponse": "x"}).status_code == 429
