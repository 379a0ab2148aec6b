"""The pages of admins: values, certificates, switches, test, log, guides, links."""

import datetime as dt
import re

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import AuditEvent, Membership
from sso import contract
from sso.models import Certificate, Connection, Link, LogEntry, Proposal, SetUpLink
from sso.saml.certificates import pin
from sso.saml.guides import GUIDES
from sso.services import keys
from tests.factories import PASSWORD, MembershipFactory, OrganizationFactory, TeamFactory
from tests.sso import signer
from tests.sso.conftest import (
    answer,
    connect,
    follow,
    me,
    post,
    reference,
    start_test,
    verify_domain,
)
from tests.sso.conftest import sign_in as sso_sign_in
from tests.sso.test_metadata import descriptor

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client, acme, sign_in):
    """Ann in her browser."""
    return sign_in(client, acme.owner)


def page(organization, path=""):
    return f"/settings/organization/{organization.public_id}/security/sso/{path}"


def upload(data, name="idp.pem"):
    return SimpleUploadedFile(name, data)


def values(**changes):
    return {
        "issuer": "https://idp.example/metadata",
        "sign_in_url": "https://idp.example/sso",
        "certificate": upload(signer.key().certificate_pem),
        **changes,
    }


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


@pytest.mark.requirement("SSO-2")
def test_page_shows_our_three_values(admin, acme):
    shown = text_of(admin.get(page(acme)))

    assert f"http://127.0.0.1:8000/security/sso/v2/authorize/?org_id={acme.public_id}" in shown
    assert ">http://127.0.0.1:8000/security/sso/v2/authorize/</textarea>" in shown
    assert ">http://127.0.0.1:8000/sso/saml2</textarea>" in shown
    assert "/sso/metadata?download" in shown


@pytest.mark.requirement("SSO-2")
def test_our_metadata_is_public(client):
    response = client.get("/sso/metadata", {"download": ""})

    assert response["Content-Type"] == "application/samlmetadata+xml"
    assert b'entityID="http://127.0.0.1:8000/security/sso/v2/authorize/"' in response.content


@pytest.mark.requirement("SSO-1")
def test_smaller_plans_read_what_it_does(client, sign_in):
    owner = MembershipFactory(role="owner", organization=OrganizationFactory(plan="growth"))
    sign_in(client, owner.user)

    shown = text_of(client.get(page(owner.organization)))

    assert "Part of the Enterprise plan" in shown


@pytest.mark.requirement("SSO-3")
def test_admin_enters_the_three_values_and_turns_it_on(admin, acme):
    assert admin.post(page(acme, "connection/"), values()).url == page(acme)
    assert admin.post(page(acme, "switch/"), {"password": PASSWORD}).url == page(acme)

    acme.policy.refresh_from_db()
    assert acme.policy.sso_enabled
    assert Certificate.objects.get().fingerprint == pin(signer.key().certificate).fingerprint
    assert "idp.example" in text_of(admin.get(page(acme)))


@pytest.mark.requirement("SSO-3")
def test_certificate_may_be_pasted(admin, acme):
    pasted = values(certificate_text=signer.key().certificate_pem.decode())
    del pasted["certificate"]

    assert admin.post(page(acme, "connection/"), pasted).status_code == 302


@pytest.mark.requirement("SSO-3")
def test_metadata_in_the_certificates_place_is_offered_for_import(admin, acme):
    shown = admin.post(
        page(acme, "connection/"), values(certificate=upload(descriptor().encode(), "idp.xml"))
    )

    assert "This is metadata. Import all three values?" in text_of(shown)
    assert not Connection.objects.exists()


@pytest.mark.requirement("SSO-3")
def test_metadata_is_shown_before_it_is_saved(admin, acme):
    shown = admin.post(page(acme, "import/"), {"metadata": upload(descriptor().encode())})
    assert "https://idp.example/r?a=1&amp;b=2" in text_of(shown)
    assert not Connection.objects.exists()
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown.content.decode()))

    confirmed = {
        "issuer": fields["issuer"],
        "sign_in_url": fields["sign_in_url"].replace("&amp;", "&"),
        "binding": fields["binding"],
        "pems": fields["pems"],
    }
    assert admin.post(page(acme, "import/"), {**confirmed, "password": "wrong"}).status_code == 200
    assert not Connection.objects.exists()

    assert admin.post(page(acme, "import/"), {**confirmed, "password": PASSWORD}).url == page(acme)
    assert Connection.objects.get().sign_in_url == "https://idp.example/r?a=1&b=2"
    assert Certificate.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"certificate": upload(b"<x/>")}, "metadata"),
        ({"certificate": upload(signer.key().private_pem)}, "private key"),
        ({"certificate": ""}, "Upload the certificate"),
        ({"sign_in_url": "http://idp.example/sso"}, "https://"),
        ({"issuer": ""}, "Enter the Issuer URL"),
        ({"issuer": "corp"}, "whole Issuer URL"),
    ],
)
def test_wrong_value_is_said_and_nothing_is_saved(admin, acme, changes, words):
    response = admin.post(page(acme, "connection/"), values(**changes))

    assert response.status_code == 200
    assert words in text_of(response)
    assert not Connection.objects.exists()
    assert signer.key().private_pem.decode()[100:200] not in response.content.decode()


def test_change_while_it_is_on_asks_for_the_password(admin, corp):
    changed = values(sign_in_url="https://evil.example/")

    assert admin.post(page(corp, "connection/"), changed).status_code == 200
    assert Connection.objects.get().sign_in_url == "https://idp.example/sso"

    changed = values(sign_in_url="https://new.example/", certificate="", password=PASSWORD)
    assert admin.post(page(corp, "connection/"), changed).status_code == 302
    assert Connection.objects.get().sign_in_url == "https://new.example/"


@pytest.mark.requirement("SSO-8")
def test_certificates_rotate_without_down_time(admin, corp, client):
    new = signer.key("new")
    added = {"certificate": upload(new.certificate_pem), "password": PASSWORD}
    assert admin.post(page(corp, "certificates/add/"), added).status_code == 302

    sso_sign_in(Client())
    sso_sign_in(Client(), key=new)
    old = Certificate.objects.get(fingerprint=pin(signer.key().certificate).fingerprint)
    assert old.last_used_at
    assert "Signed last" in text_of(admin.get(page(corp)))

    removal = page(corp, f"certificates/{old.public_id}/remove/")
    assert admin.post(removal, {"password": PASSWORD}).status_code == 302
    assert post(answer()).status_code == 403
    assert post(answer(key=new)).status_code == 303


def test_last_certificate_goes_only_when_that_is_confirmed(admin, corp):
    certificate = Certificate.objects.get()
    removal = page(corp, f"certificates/{certificate.public_id}/remove/")

    assert "Confirm it" in text_of(admin.post(removal, {"password": PASSWORD}))
    assert Certificate.objects.exists()

    admin.post(removal, {"password": PASSWORD, "although_last": "on"})
    assert not Certificate.objects.exists()


def test_sixth_certificate_is_refused(admin, corp):
    for n in range(4):
        added = {"certificate": upload(signer.key(f"c{n}", "p256").certificate_pem)}
        admin.post(page(corp, "certificates/add/"), {**added, "password": PASSWORD})

    sixth = {"certificate": upload(signer.key("c5", "p256").certificate_pem), "password": PASSWORD}
    assert "At most five" in text_of(admin.post(page(corp, "certificates/add/"), sixth))
    assert Certificate.objects.count() == 5


@pytest.mark.requirement("SSO-4", "ACC-6")
def test_require_shows_whom_it_touches_and_asks_for_the_password(admin, corp):
    MembershipFactory(
        organization=corp, user__email="guest@partner.example", user__first_name="Gus"
    )

    shown = text_of(admin.get(page(corp, "require/")))
    assert "1 person can&#x27;t enter any more" in shown
    assert "guest@partner.example" in shown

    assert admin.post(page(corp, "require/"), {"password": "wrong"}).status_code == 200
    corp.policy.refresh_from_db()
    assert not corp.policy.sso_required
    admin.post(page(corp, "require/"), {"password": PASSWORD})
    corp.policy.refresh_from_db()
    assert corp.policy.sso_required
    assert corp.policy.sso_required_grace_user == corp.owner


@pytest.mark.requirement("SSO-10")
def test_untested_connection_is_turned_on_only_after_a_warning(admin, acme):
    admin.post(page(acme, "connection/"), values())

    assert "has not passed a test" in text_of(admin.get(page(acme, "switch/")))


@pytest.mark.requirement("IDP-5", "JIT-1")
def test_managed_access_has_its_page_and_its_switch(admin, acme):
    managed = f"/settings/organization/{acme.public_id}/security/idp-managed/"
    assert "Turn single sign-on on first" in text_of(admin.get(managed))
    verify_domain(acme)
    connect(acme)

    assert "Recommended" in text_of(admin.get(managed))
    assert admin.post(f"{managed}switch/", {"password": PASSWORD}).url == managed

    acme.policy.refresh_from_db()
    assert acme.policy.idp_managed_access


# ── Test connection


@pytest.mark.requirement("SSO-10")
def test_test_reports_every_check_and_signs_nobody_in(admin, acme):
    verify_domain(acme)
    admin.post(page(acme, "connection/"), values())
    asked = start_test(admin, acme)

    response = post(answer(in_response_to=asked.id))
    shown = text_of(follow(admin, response))

    assert "Passed all 12 checks." in shown
    assert "bob@corp.example" in shown
    assert me(admin)["email"] == acme.owner.email
    assert not Membership.objects.filter(user__email="bob@corp.example").exists()
    assert Connection.objects.get().test_passed_at


@pytest.mark.requirement("SSO-6", "SSO-10")
def test_test_is_answered_at_the_postback_url_before_single_sign_on_is_on(admin, acme):
    verify_domain(acme)
    admin.post(page(acme, "connection/"), values())
    url = contract.postback_url(acme.public_id)
    path = url.removeprefix(settings.BASE_URL)
    asked = start_test(admin, acme)

    response = post(answer(acs_url=url, in_response_to=asked.id), url=path)

    assert "Passed all 12 checks." in text_of(follow(admin, response))


@pytest.mark.requirement("SSO-11")
def test_sign_in_at_the_postback_url_before_it_is_on_is_refused_and_in_the_log(admin, acme):
    admin.post(page(acme, "connection/"), values())
    url = contract.postback_url(acme.public_id)

    response = post(answer(acs_url=url), url=url.removeprefix(settings.BASE_URL))

    assert response.status_code == 403
    entry = acme.sso_log.get()
    assert entry.code == "unknown_issuer"
    assert "single sign-on is off" in entry.values["expected"]


@pytest.mark.requirement("SSO-10")
def test_failed_test_says_what_to_change_in_the_identity_providers_words(admin, acme):
    verify_domain(acme)
    okta = {"issuer": "http://www.okta.com/exk1", "response_issuer": "http://www.okta.com/exk1"}
    admin.post(page(acme, "connection/"), values(issuer="http://www.okta.com/exk1"))
    asked = start_test(admin, acme)

    wrong = answer(in_response_to=asked.id, audiences=[["https://wrong.example"]], **okta)
    shown = text_of(follow(admin, post(wrong)))

    assert "Failed at 2 of 12 checks." in shown  # the library says so, too
    assert "In Okta: Audience URI (SP Entity ID)" in shown
    assert "https://wrong.example" in shown
    assert not Connection.objects.get().test_passed_at


@pytest.mark.requirement("SSO-10")
@pytest.mark.parametrize("again", [{}, {"in_response_to": None}])
def test_answer_to_a_test_never_signs_in(admin, corp, again):
    asked = start_test(admin, corp)
    tested = answer(in_response_to=asked.id)
    post(tested)

    assert post(tested).status_code == 403
    if again:
        tested.in_response_to = None
        assert post(tested).status_code == 403


@pytest.mark.requirement("SSO-10")
def test_unreadable_answer_to_a_test_is_reported(admin, acme):
    admin.post(page(acme, "connection/"), values())
    asked = start_test(admin, acme)

    response = post(signer.encode("<html>Error</html>"), relay_state=asked.relay_state)

    assert "not a SAML 2.0 Response" in text_of(follow(admin, response))


@pytest.mark.requirement("SSO-10")
def test_report_shows_what_cannot_be_markup(admin, acme):
    verify_domain(acme)
    admin.post(page(acme, "connection/"), values())
    asked = start_test(admin, acme)

    evil = answer(
        in_response_to=asked.id, attributes={"x": ["&lt;script&gt;alert(1)&lt;/script&gt;"]}
    )
    shown = follow(admin, post(evil)).content.decode()

    assert "<script>alert(1)" not in shown


@pytest.mark.threat("O9")
def test_report_and_reference_of_others_show_nothing(client, corp, sign_in):
    refused = reference(post(answer(audiences=[["x"]])))
    stranger = MembershipFactory(role="owner").user
    member = MembershipFactory(organization=corp).user

    for person, status in ((stranger, 404), (member, 403)):
        sign_in(client, person)
        assert client.get(page(corp, f"log/{refused}/")).status_code == status
        assert client.get(page(corp, f"log/{refused}/xml/")).status_code == status


# ── The log


@pytest.mark.requirement("SSO-11")
def test_log_tells_the_admin_what_the_refused_person_is_not_told(admin, corp):
    refused = post(answer(audiences=[["https://wrong.example"]]))
    number = reference(refused)

    assert "wrong.example" not in text_of(refused)
    shown = text_of(admin.get(page(corp, "log/"), {"q": number}))
    assert "wrong.example" in shown
    assert number in shown
    detail = text_of(admin.get(page(corp, f"log/{number}/")))
    assert "The message, with its signature" in detail
    raw = admin.get(page(corp, f"log/{number}/xml/"))
    assert raw["Content-Type"].startswith("text/plain")
    assert b"<ds:SignatureValue>" in raw.content


@pytest.mark.requirement("SSO-11")
def test_log_keeps_no_message_of_a_sign_in(corp):
    sso_sign_in(Client())

    entry = LogEntry.objects.get()
    assert (entry.xml, entry.attributes) == ("", {"email": [], "firstName": [], "lastName": []})
    assert entry.certificate == pin(signer.key().certificate).fingerprint


@pytest.mark.requirement("SSO-11")
def test_log_shows_the_latest_answers_side_by_side(admin, corp):
    assert "The latest answers" not in text_of(admin.get(page(corp, "log/")))
    post(answer(audiences=[["https://wrong.example"]]))
    sso_sign_in(Client())

    shown = admin.get(page(corp, "log/"))

    assert "1 of the last 2 answers were refused." in text_of(shown)
    marks = re.findall(r"chart__mark--(\w+)", shown.content.decode())
    assert marks == ["bad", "good"]
    assert "The latest answers" not in text_of(admin.get(page(corp, "log/"), {"q": "wrong"}))


def test_log_is_paged_without_counting(admin, corp):
    LogEntry.objects.bulk_create(
        LogEntry(organization=corp, outcome="accepted", address=f"p{n}@corp.example")
        for n in range(51)
    )

    first = admin.get(page(corp, "log/"))
    older = re.search(r'rel="next" href="([^"]+)"', first.content.decode())[1]
    second = text_of(admin.get(page(corp, "log/") + older))

    assert "p50@corp.example" in text_of(first)
    assert "p0@corp.example" in second
    assert "p1@corp.example" not in second


@pytest.mark.requirement("SSO-11")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"signature_method": "rsa-sha1"}, "algorithm"),
        ({"status": "Responder"}, "status"),
        ({"key": signer.key("stranger")}, "signature"),
    ],
)
def test_refusal_before_the_signature_reaches_the_log_of_the_issuers_organization(
    corp, changes, code
):
    post(answer(**changes))

    entry = LogEntry.objects.get(organization=corp)
    assert entry.code == code


def test_unknown_issuer_reaches_operators_only(corp):
    post(answer(issuer="https://nobody.example/", response_issuer=None))

    assert LogEntry.objects.get().organization is None


# ── Guides, drill, teams, pins, links


@pytest.mark.requirement("SSO-9")
@pytest.mark.parametrize("kind", list(GUIDES))
def test_guide_shows_our_values_in_the_providers_words(admin, acme, kind):
    shown = text_of(admin.get(page(acme, f"guides/{kind}/")))

    assert ">http://127.0.0.1:8000/sso/saml2</textarea>" in shown
    assert ">http://127.0.0.1:8000/security/sso/v2/authorize/</textarea>" in shown


def test_guide_of_no_provider_is_404(admin, acme):
    assert admin.get(page(acme, "guides/nope/")).status_code == 404


@pytest.mark.requirement("SSO-4")
def test_drill_answers_by_the_rule_itself(admin, corp):
    assert "isn&#x27;t your password" in text_of(
        admin.post(page(corp, "drill/"), {"password": "x"})
    )
    shown = text_of(admin.post(page(corp, "drill/"), {"password": PASSWORD}))
    assert "You have no second factor of your own" in shown


@pytest.mark.requirement("JIT-1")
def test_newcomers_get_the_default_team_and_mapped_teams_follow_the_attribute(admin, corp):
    everyone, sales = TeamFactory(organization=corp), TeamFactory(organization=corp, name="Sales")
    chosen = {
        "default_team": everyone.public_id,
        "groups_attribute": "groups",
        "mappings": "grp-sales = Sales\n",
    }
    assert admin.post(page(corp, "teams/"), chosen).status_code == 302

    sso_sign_in(Client(), attributes={"groups": ["grp-sales", "other"]})
    membership = Membership.objects.get(user__email="bob@corp.example")
    assert set(membership.teams.all()) == {everyone, sales}

    sso_sign_in(Client(), attributes={"groups": ["other"]})
    assert set(membership.teams.all()) == {everyone}
    assert membership.role == "member"


def test_team_of_another_organization_cannot_be_mapped(admin, corp):
    TeamFactory(name="Theirs")

    shown = admin.post(page(corp, "teams/"), {"mappings": "x = Theirs", "groups_attribute": "g"})

    assert "There is no team" in text_of(shown)


def test_pin_is_listed_and_cleared(admin, corp):
    persistent = {"name_id": "u-17", "name_id_format": signer.PERSISTENT}
    sso_sign_in(Client(), **persistent)
    assert "u-17" in text_of(admin.get(page(corp, "pins/")))
    moved = {**persistent, "name_id": "u-18"}
    assert post(answer(**moved)).status_code == 403

    link = Link.objects.get()
    admin.post(page(corp, f"pins/{link.pk}/clear/"), {"password": PASSWORD})

    assert post(answer(**moved)).status_code == 303
    assert Link.objects.get().name_id == "u-18"


@pytest.mark.requirement("SSO-13")
@pytest.mark.threat("O1")
def test_set_up_link_takes_values_that_wait_for_an_admins_yes(admin, acme):
    shown = text_of(admin.post(page(acme, "links/"), {"name": "Jon in IT"}))
    path = re.search(r"http://127\.0\.0\.1:8000(/set-up/[\w-]+/)", shown)[1]
    assert path not in text_of(admin.get(page(acme, "links/")))
    before = AuditEvent.objects.count()

    jon = Client()
    assert "Acme" in text_of(jon.get(path))
    assert "/api/app/scim/v2" in text_of(jon.get(f"{path}?guide=okta"))
    assert (AuditEvent.objects.count(), Proposal.objects.count()) == (before, 0)

    assert jon.post(path, {"what": "values", **values()}).status_code == 302
    assert jon.post(path, {"what": "domain", "domain": "corp.example"}).status_code == 302
    assert not Connection.objects.exists()
    assert not acme.domain_claims.exists()

    for proposal in Proposal.objects.all():
        decision = page(acme, f"proposals/{proposal.public_id}/")
        assert admin.post(decision, {"accept": "1", "password": "x"}).status_code == 200
        assert admin.post(decision, {"accept": "1", "password": PASSWORD}).status_code == 302
        again = admin.post(decision, {"accept": "1", "password": PASSWORD})
        assert "decided this already" in text_of(again)
    assert Connection.objects.get().issuer == "https://idp.example/metadata"
    assert acme.domain_claims.get().domain == "corp.example"


@pytest.mark.requirement("SSO-13")
def test_revoked_or_expired_link_shows_nothing(admin, acme, time_machine):
    shown = text_of(admin.post(page(acme, "links/"), {"name": "Jon"}))
    path = re.search(r"(/set-up/[\w-]+/)", shown)[1]
    link = SetUpLink.objects.get()

    admin.post(page(acme, f"links/{link.public_id}/revoke/"))

    assert Client().get(path).status_code == 404
    assert Client().post(path, {"what": "domain", "domain": "x.example"}).status_code == 404
    assert Client().get("/set-up/nope/").status_code == 404


def test_post_binding_sends_a_form_whose_policy_names_the_target(client, corp):
    Connection.objects.update(binding="post")

    shown = client.get("/security/sso/v2/authorize/", {"org_id": corp.public_id})

    assert 'name="SAMLRequest"' in shown.content.decode()
    assert 'action="https://idp.example/sso"' in shown.content.decode()
    assert "form-action 'self' https://idp.example" in shown["Content-Security-Policy"]


def test_signed_requests_have_their_key_in_the_metadata(admin, client, corp):
    admin.post(page(corp, "options/"), {"kind": "", "sign_requests": "on"})

    response = client.get("/security/sso/v2/authorize/", {"org_id": corp.public_id})

    assert "&Signature=" in response.url
    assert b'use="signing"' in client.get("/sso/metadata").content


def test_our_own_key_is_renewed_once_a_year_and_announced_before_it_signs(
    admin, corp, time_machine
):
    assert not keys.renew()
    admin.post(page(corp, "options/"), {"kind": "", "sign_requests": "on"})
    first = keys.signing_key()

    time_machine.move_to(dt.datetime.now(dt.UTC) + dt.timedelta(days=366))
    assert keys.renew()
    assert not keys.renew()
    assert len(keys.metadata_certificates()) == 2
    assert keys.signing_key() == first

    time_machine.move_to(dt.datetime.now(dt.UTC) + dt.timedelta(days=374))
    assert keys.signing_key() != first
