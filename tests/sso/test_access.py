"""The access rule at its three moments, break-glass, grace, rehearsal."""

import datetime as dt
from functools import partial

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import AuditEvent, Membership
from accounts.policy import PolicyRefused, change, rehearse
from accounts.signin.evidence import Evidence, Proof
from accounts.signin.rules import Entry, Purpose, step_at_address
from sso.access import SingleSignOnRule
from sso.services import connections, requirement
from tests.factories import PASSWORD, MembershipFactory, OrganizationFactory
from tests.sso import conftest as steps
from tests.sso import signer
from tests.sso.conftest import ACTOR, answer, connect, follow, me, post, verify_domain

pytestmark = pytest.mark.django_db


def door(membership, *methods, **proof):
    """What the rule says to somebody with this evidence at the organization's door."""
    organization = membership.organization
    policy = type(organization.policy).objects.get(pk=organization.pk)
    entry = Entry(membership.user, organization, membership, policy)
    given = {"connection": "conn_x", "organization": organization.public_id}
    proofs = tuple(
        Proof.now(method, **(given | proof if method == "saml" else {})) for method in methods
    )
    return SingleSignOnRule().at_organization(entry, Evidence(proofs))


def member(organization, role="member", **user):
    return MembershipFactory(
        organization=organization, role=role, **{f"user__{k}": v for k, v in user.items()}
    )


# ── At the address


@pytest.mark.requirement("IDP-1")
@pytest.mark.parametrize("purpose", list(Purpose))
def test_managed_domain_is_prompted_for_known_and_unknown_people_alike(
    corp, purpose, django_assert_num_queries
):
    member(corp, email="bob@corp.example")

    known = step_at_address("bob@corp.example", purpose)
    with django_assert_num_queries(1):
        unknown = step_at_address("nobody@corp.example", purpose)

    assert known == unknown
    assert known.label == "Continue with single sign-on"
    assert known.url == f"/security/sso/v2/authorize/?org_id={corp.public_id}"
    assert known.skippable


@pytest.mark.requirement("IDP-2", "IDP-3")
def test_without_managed_access_only_the_sign_in_is_offered(acme):
    verify_domain(acme)
    connect(acme)

    assert step_at_address("bob@corp.example", Purpose.SIGN_IN)
    assert step_at_address("bob@corp.example", Purpose.SIGN_UP) is None
    assert step_at_address("bob@corp.example", Purpose.PROJECT_REQUEST) is None


@pytest.mark.parametrize("address", ["bob@other.example", "bob@sub.corp.example", "bob"])
def test_other_domains_are_not_prompted(corp, address):
    assert step_at_address(address, Purpose.SIGN_IN) is None


@pytest.mark.requirement("IDP-1")
def test_address_step_leads_to_the_identity_provider_and_back(client, corp):
    client.post("/sign-in/", {"email": "bob@corp.example"})
    page = client.get("/sign-in/method/").content.decode()

    assert "Continue with single sign-on" in page
    assert "Sign in another way" in page
    asked = steps.start(client, corp)
    follow(client, post(answer(in_response_to=asked.id)))
    assert me(client)["email"] == "bob@corp.example"


# ── At the organization's door


@pytest.mark.requirement("SSO-4", "IDP-1")
def test_managed_access_alone_lets_account_level_evidence_in(corp):
    bob = member(corp, email="bob@corp.example")

    assert door(bob, "password") is None
    assert door(bob, "magic_link") is None
    assert door(bob, "saml") is None


@pytest.mark.requirement("SSO-4")
@pytest.mark.parametrize("method", ["password", "magic_link", "google", "passkey"])
def test_require_closes_every_other_way_for_members(corp, method):
    requirement.set_required(corp, True, actor=ACTOR)
    for role in ("member", "billing_admin"):
        step = door(member(corp, role), method)

        assert step.url == f"/security/sso/v2/authorize/?org_id={corp.public_id}"


@pytest.mark.requirement("SSO-4")
@pytest.mark.parametrize("role", ["owner", "admin"])
def test_owners_and_admins_break_glass_by_password_only(corp, role):
    requirement.set_required(corp, True, actor=ACTOR)
    boss = member(corp, role)

    assert door(boss, "password") is None
    assert door(boss, "saml") is None
    for other in ("magic_link", "google", "passkey"):
        assert door(boss, other)


@pytest.mark.requirement("SSO-4")
def test_break_glass_asks_ones_own_second_factor(corp):
    requirement.set_required(corp, True, actor=ACTOR)
    boss = member(corp, "owner", two_factor_set_at=timezone.now())

    assert door(boss, "password")
    assert door(boss, "password", "otp") is None


@pytest.mark.threat("O5")
def test_break_glass_of_a_demoted_owner_ends_at_once(corp):
    requirement.set_required(corp, True, actor=ACTOR)
    boss = member(corp, "owner")
    assert door(boss, "password") is None

    boss.role = "member"

    assert door(boss, "password")


@pytest.mark.requirement("ACC-7")
def test_evidence_of_another_organizations_identity_provider_opens_nothing(corp):
    bob = member(corp, email="bob@corp.example")
    other = OrganizationFactory()

    assert door(bob, "saml", organization=other.public_id)
    assert door(member(other, email="carl@corp.example"), "saml", organization=corp.public_id)


@pytest.mark.requirement("SSO-5")
def test_turning_off_or_another_issuer_ends_sessions_of_the_identity_provider(client, corp):
    steps.sign_in(client)
    assert me(client)["organizations"][0]["open"]

    connections.set_values(
        corp, issuer="https://new.example/", sign_in_url="https://new.example/sso", actor=ACTOR
    )

    assert not me(client)["organizations"][0]["open"]


def test_turned_off_single_sign_on_opens_nothing(client, corp):
    steps.sign_in(client)

    requirement.disable(corp, actor=ACTOR)

    assert not me(client)["organizations"][0]["open"]
    page = client.get(f"/settings/organization/{corp.public_id}/")
    assert page.url.startswith("/sign-in/")


def test_session_ends_when_the_identity_provider_says(client, corp, time_machine):
    steps.sign_in(client, session_until=1800)
    assert me(client)

    time_machine.move_to(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1801))

    assert me(client) is None


@pytest.mark.threat("C9")
def test_deactivated_member_is_out_at_the_next_request(client, corp):
    steps.sign_in(client)

    Membership.objects.filter(user__email="bob@corp.example").update(
        status="deactivated", deactivated_at=timezone.now()
    )

    assert me(client)["organizations"] == []


# ── Require: its guard, its grace, its mails


@pytest.mark.requirement("SSO-4")
@pytest.mark.threat("O4")
def test_require_is_refused_while_no_owner_could_get_in(corp):
    corp.owner.set_unusable_password()
    corp.owner.save()

    with pytest.raises(PolicyRefused) as caught:
        requirement.set_required(corp, True, actor=ACTOR)

    assert "set a password" in caught.value.sentence
    corp.policy.refresh_from_db()
    assert not corp.policy.sso_required


@pytest.mark.requirement("SSO-12")
def test_admin_who_required_it_stays_in_until_single_sign_on_has_worked(client, corp, time_machine):
    admin = member(corp, "admin", email="jon@corp.example", password=None)
    other = member(corp, "admin", email="mia@corp.example", password=None)
    requirement.set_required(corp, True, actor=ACTOR, user=admin.user)

    assert door(admin, "magic_link") is None
    assert door(other, "magic_link")

    steps.sign_in(client)

    assert door(admin, "magic_link")


@pytest.mark.requirement("SSO-12")
def test_the_grace_lasts_an_hour_at_most(corp, time_machine):
    admin = member(corp, "admin", password=None)
    requirement.set_required(corp, True, actor=ACTOR, user=admin.user)
    time_machine.move_to(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=3601))

    assert door(admin, "magic_link")


@pytest.mark.requirement("SSO-12")
def test_turning_it_off_ends_the_grace(corp):
    requirement.set_required(corp, True, actor=ACTOR, user=corp.owner)
    requirement.set_required(corp, False, actor=ACTOR)

    corp.policy.refresh_from_db()
    assert corp.policy.sso_required_grace_until is None


@pytest.mark.requirement("SSO-4", "ACC-5")
def test_break_glass_sign_in_is_audited_and_mailed_to_all_admins(client, corp):
    from post_office.models import Email  # noqa: PLC0415

    member(corp, "admin", email="jon@corp.example")
    requirement.set_required(corp, True, actor=ACTOR)

    client.post("/sign-in/", {"email": corp.owner.email})
    client.post("/sign-in/method/?other", {"email": corp.owner.email, "password": PASSWORD})

    assert me(client)["email"] == corp.owner.email
    assert AuditEvent.objects.filter(event="user:session:break_glass").count() == 1
    mails = Email.objects.filter(subject__contains="past single sign-on")
    assert {mail.to[0] for mail in mails} == {corp.owner.email, "jon@corp.example"}


@pytest.mark.threat("O6")
@pytest.mark.requirement("IDP-6")
def test_person_refused_by_one_identity_provider_reaches_other_organizations(client, corp, sign_in):
    elsewhere = member(OrganizationFactory(name="Elsewhere"), email="bob@corp.example")
    requirement.set_required(corp, True, actor=ACTOR)

    sign_in(client, elsewhere.user)

    assert me(client)["organizations"][0]["open"]


# ── Switches that exclude each other, and the rehearsal


@pytest.mark.requirement("TFA-3")
@pytest.mark.threat("T3")
def test_single_sign_on_turns_the_two_factor_requirement_off(acme):
    change(acme, actor=ACTOR, two_factor_required=True)
    verify_domain(acme)

    connect(acme)

    assert not acme.policy.two_factor_required
    with pytest.raises(PolicyRefused):
        change(acme, actor=ACTOR, two_factor_required=True)


@pytest.mark.requirement("SSO-1")
def test_only_the_enterprise_plan_has_it(acme):
    change(acme, actor=ACTOR, plan="growth")

    with pytest.raises(PolicyRefused):
        connect(acme)


def test_downgrade_turns_everything_off(corp):
    requirement.set_required(corp, True, actor=ACTOR)

    change(corp, actor=ACTOR, plan="free")

    policy = corp.policy
    assert not any((policy.sso_enabled, policy.sso_required, policy.idp_managed_access))


def test_incomplete_connection_cannot_be_turned_on(acme):
    verify_domain(acme)
    connections.set_values(
        acme, issuer="https://idp.example/", sign_in_url="https://idp.example/sso", actor=ACTOR
    )

    with pytest.raises(PolicyRefused):
        requirement.enable(acme, actor=ACTOR)


@pytest.mark.requirement("SSO-15", "ACC-6")
def test_rehearsal_of_require_names_whom_it_shuts_out(corp):
    member(corp, email="bob@corp.example")
    member(corp, email="guest@partner.example")
    member(corp, "billing_admin", email="bill@corp.example")

    groups = {group.code: group for group in rehearse(corp, sso_required=True).groups}

    assert groups["sso_shut_out"].count == 1
    assert groups["sso_shut_out"].sample[0].address == "guest@partner.example"
    assert groups["sso_redirected"].count == 2
    assert groups["sso_break_glass"].count == 1
    assert "can't enter" in groups["sso_shut_out"].sentence


@pytest.mark.requirement("ACC-6")
def test_rehearsal_says_what_goes_off_with_it(corp):
    member(corp, email="bob@corp.example", password=None)

    rehearsal = rehearse(corp, sso_enabled=False)

    assert rehearsal.turns_off == ["IDP Managed Access"]
    assert [g.code for g in rehearsal.groups] == ["sso_gone"]


@pytest.mark.threat("S3")
def test_rule_asks_nothing_at_the_organizations_door(corp, django_assert_num_queries):
    bob = member(corp, email="bob@corp.example")
    entry = Entry(bob.user, corp, bob, corp.policy)
    judged = partial(SingleSignOnRule().at_organization, entry, Evidence((Proof.now("password"),)))

    with django_assert_num_queries(0):
        judged()


# ── When it breaks, and at the same instant


@pytest.mark.threat("O10")
def test_expired_certificate_is_repaired_by_break_glass(client, corp, sign_in, time_machine):
    requirement.set_required(corp, True, actor=ACTOR)
    time_machine.move_to(dt.datetime.now(dt.UTC) + dt.timedelta(days=400))
    assert post(answer()).status_code == 403
    sign_in(client, corp.owner)
    current = signer.make_key(start=-1, end=30)
    added = {"certificate": SimpleUploadedFile("n.pem", current.certificate_pem)}

    page = f"/settings/organization/{corp.public_id}/security/sso/certificates/add/"
    assert client.post(page, {**added, "password": PASSWORD}).status_code == 302

    assert post(answer(key=current)).status_code == 303


@pytest.mark.threat("T3")
@pytest.mark.django_db(transaction=True)
def test_single_sign_on_and_two_factor_turned_on_at_once_are_never_both_on(acme, run_threads):
    verify_domain(acme)
    connect(acme)
    requirement.disable(acme, actor=ACTOR)

    def turn(number):
        column = "sso_enabled" if number % 2 else "two_factor_required"
        try:
            change(acme, actor=ACTOR, **{column: True})
        except PolicyRefused:
            return "refused"
        return column

    outcomes = run_threads(4, turn)

    acme.policy.refresh_from_db()
    assert acme.policy.sso_enabled
    assert not acme.policy.two_factor_required
    assert "sso_enabled" in outcomes


@pytest.mark.threat("T3")
@pytest.mark.django_db(transaction=True)
def test_managed_access_and_turning_off_at_once_leave_a_permitted_state(corp, run_threads):
    def turn(number):
        try:
            change(
                corp, actor=ACTOR, **({"sso_enabled": False} if number else {"sso_required": True})
            )
        except PolicyRefused:
            return

    run_threads(2, turn)

    corp.policy.refresh_from_db()
    assert corp.policy.sso_enabled or not corp.policy.sso_required


@pytest.mark.requirement("SSO-4")
def test_closed_door_leads_through_the_identity_provider_and_back_to_the_page(
    client, corp, sign_in
):
    sign_in(client, member(corp, email="bob@corp.example").user)
    requirement.set_required(corp, True, actor=ACTOR)
    page = f"/settings/organization/{corp.public_id}/users/"

    door_step = client.get(page)
    assert door_step.url == f"/security/sso/v2/authorize/?org_id={corp.public_id}"
    asked = steps.start(client, corp)

    assert follow(client, post(answer(in_response_to=asked.id))).url == page
    assert client.get(page).status_code == 200
