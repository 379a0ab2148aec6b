"""How newcomers find their organization, and who doesn't."""

import datetime
import re
import threading

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from post_office.models import Email

from accounts.actor import Actor
from accounts.audit.sentences import sentence
from accounts.models import AuditEvent, Membership, Plan
from accounts.organizations.members import NotAllowed, deactivate_member
from accounts.policy import PolicyRefused, change, change_plan, rehearse
from discoverability import services, tasks
from discoverability.errors import AlreadyDecided, Gone, Refused
from discoverability.matching import is_role_mailbox, matches, visible
from discoverability.models import JoinRequest, WorkDomain
from domains.models import DomainClaim
from domains.services import claim, vouch
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory

pytestmark = pytest.mark.django_db


def organization_with(level="open", domain="corp.example", plan=Plan.GROWTH, **owner):
    organization = OrganizationFactory(plan=plan)
    owner.setdefault("user__email", f"owner{organization.pk}@{domain}")
    member = MembershipFactory(organization=organization, role="owner", **owner)
    organization.owner = member.user
    WorkDomain.objects.create(organization=organization, domain=domain, named_by=member.user)
    if level != "invite_only":
        services.set_level(organization, level, actor=Actor.person(member.user))
    return organization


def verify_by_txt(organization, domain):
    claimed = claim(organization, domain, actor=Actor.system("test"))
    vouch(claimed, actor=Actor.system("test"))
    return DomainClaim.objects.get(pk=claimed.pk)


# --- Who finds it


@pytest.mark.requirement("DISC-3")
@pytest.mark.parametrize(
    ("level", "seen"), [("open", True), ("approval", True), ("invite_only", False)]
)
def test_the_level_decides_whether_a_newcomer_sees_the_organization(level, seen):
    organization = organization_with(level)

    found = visible(UserFactory(email="new@corp.example"))

    assert found == ([organization] if seen else [])


@pytest.mark.threat("V1")
@pytest.mark.parametrize(
    "address", ["new@corp.example.evil.test", "new@sub.corp.example", "new@xcorp.example"]
)
def test_only_an_address_of_exactly_the_domain_counts(address):
    organization_with("open")

    assert visible(UserFactory(email=address)) == []


@pytest.mark.requirement("DISC-1")
@pytest.mark.threat("V1")
def test_an_address_merely_typed_finds_nothing(client, sign_in):
    organization = organization_with("open")
    stranger = UserFactory(email="new@corp.example", verified=False)
    sign_in(client, stranger)

    with_organization = client.get("/join/").content
    refused = client.post(f"/join/{organization.public_id}/")
    organization.delete()
    without = client.get("/join/").content

    assert strip(with_organization) == strip(without)
    assert refused.status_code == 404
    assert not Membership.objects.filter(user=stranger).exists()


@pytest.mark.threat("V1")
def test_for_an_outsider_the_organization_looks_as_if_it_did_not_exist(client, sign_in):
    organization = organization_with("open")
    sign_in(client, UserFactory(email="out@other.example"))

    real = client.post(f"/join/{organization.public_id}/")
    made_up = client.post("/join/org_00000000000000000000/")

    assert (real.status_code, strip(real.content)) == (404, strip(made_up.content))


def strip(page: bytes) -> bytes:
    return re.sub(rb'(csrfmiddlewaretoken" value=|nonce=|content=)"[^"]+"', b"", page)


@pytest.mark.requirement("DISC-4")
def test_the_list_shows_name_count_and_initials_of_each_match(client, sign_in):
    first = organization_with("open")
    second = organization_with("approval")
    MembershipFactory(organization=first, user__first_name="Bea", user__last_name="Lund")
    sign_in(client, UserFactory(email="new@corp.example"))

    page = client.get("/join/").content.decode()

    assert first.name in page
    assert second.name in page
    assert "BL" in page
    assert "Lund" not in page
    assert "Create a new organization" in page


@pytest.mark.threat("V3")
@pytest.mark.requirement("DISC-2")
def test_who_proved_the_domain_by_txt_shuts_out_everybody_elses_listing():
    squatter = organization_with("open")
    owner = organization_with("open")
    newcomer = UserFactory(email="new@corp.example")
    before = visible(newcomer)
    verify_by_txt(owner, "corp.example")

    assert before == [squatter, owner]
    assert visible(newcomer) == [owner]


@pytest.mark.threat("C9")
def test_somebody_deactivated_does_not_come_back_by_the_domain():
    organization = organization_with("open")
    member = MembershipFactory(organization=organization, user__email="gone@corp.example")
    deactivate_member(member, actor=Actor.person(organization.owner), by="admin")

    assert visible(member.user) == []
    with pytest.raises(Gone):
        services.join(member.user, organization, actor=Actor.person(member.user))


@pytest.mark.requirement("DISC-1")
def test_a_change_of_address_decides_anew():
    organization = organization_with("open")
    newcomer = UserFactory(email="new@corp.example")
    before = visible(newcomer)
    newcomer.email = "new@other.example"
    newcomer.save()

    assert before == [organization]
    assert visible(newcomer) == []


# --- Naming domains


@pytest.mark.requirement("DISC-2")
@pytest.mark.parametrize(
    ("domain", "code"),
    [
        ("gmail.com", "domain"),
        ("co.uk", "domain"),
        ("other.example", "unproven"),
        ("sub.corp.example", "unproven"),
        ("not a domain", "domain"),
        ("127.0.0.1", "domain"),
    ],
)
def test_a_domain_without_proof_is_refused_with_a_sentence(domain, code):
    organization = OrganizationFactory(plan=Plan.GROWTH)
    owner = MembershipFactory(organization=organization, role="owner").user

    with pytest.raises(Refused) as refused:
        services.name_domain(organization, domain, actor=Actor.person(owner), user=owner)

    assert refused.value.code in {code, "public"}
    assert refused.value.sentence
    assert not WorkDomain.objects.exists()


@pytest.mark.requirement("DISC-2")
def test_ones_own_verified_address_proves_its_domain():
    organization = OrganizationFactory(plan=Plan.GROWTH)
    owner = MembershipFactory(
        organization=organization, role="owner", user__email="o@bücher.example".replace("ü", "ue")
    ).user

    added = services.name_domain(
        organization, "Buecher.Example", actor=Actor.person(owner), user=owner
    )

    assert added.domain == "buecher.example"
    assert AuditEvent.objects.filter(event="admin:discoverability:domain_added").count() == 1


@pytest.mark.requirement("DISC-2")
def test_another_organizations_verified_domain_can_not_be_named():
    verify_by_txt(OrganizationFactory(), "corp.example")
    organization = OrganizationFactory(plan=Plan.GROWTH)
    owner = MembershipFactory(
        organization=organization, role="owner", user__email="o@corp.example"
    ).user

    with pytest.raises(Refused) as refused:
        services.name_domain(organization, "corp.example", actor=Actor.person(owner), user=owner)

    assert refused.value.code == "unproven"


@pytest.mark.requirement("DISC-2")
@pytest.mark.threat("V2")
def test_a_shared_mailbox_proves_enough_for_approval_only():
    organization = OrganizationFactory(plan=Plan.GROWTH)
    owner = MembershipFactory(
        organization=organization, role="owner", user__email="support@corp.example"
    ).user
    actor = Actor.person(owner)
    services.name_domain(organization, "corp.example", actor=actor, user=owner)

    with pytest.raises(PolicyRefused) as refused:
        services.set_level(organization, "open", actor=actor)
    services.set_level(organization, "approval", actor=actor)

    assert refused.value.code == "role_mailbox"
    organization.policy.refresh_from_db()
    assert organization.policy.discoverability == "approval"


@pytest.mark.threat("V2")
@pytest.mark.parametrize("address", ["info@x.test", "No-Reply@x.test", "support+a@x.test"])
def test_addresses_that_many_read_are_known(address):
    assert is_role_mailbox(address)


@pytest.mark.threat("V2")
def test_a_newcomer_with_a_shared_mailbox_can_only_ask():
    organization = organization_with("open")
    newcomer = UserFactory(email="info@corp.example")

    assert not matches(newcomer)[0].open
    with pytest.raises(Gone):
        services.join(newcomer, organization, actor=Actor.person(newcomer))


# --- The level and the other switches


@pytest.mark.requirement("DISC-1")
def test_moving_to_enterprise_turns_it_off_and_the_rehearsal_says_so():
    organization = organization_with("approval")
    newcomer = UserFactory(email="new@corp.example")
    services.ask(newcomer, organization, actor=Actor.person(newcomer))

    said = rehearse(organization, plan=Plan.ENTERPRISE.value)
    policy = change_plan(organization, Plan.ENTERPRISE, actor=Actor.operator("set_plan"))

    assert any("Discoverability" in sentence for sentence in said.turns_off)
    assert policy.discoverability == "invite_only"
    assert JoinRequest.objects.get().state == "withdrawn"
    assert Email.objects.filter(to=newcomer.email).exists()


@pytest.mark.requirement("DISC-1")
def test_an_enterprise_organization_reads_why_it_is_off(client, sign_in):
    organization = OrganizationFactory(plan=Plan.ENTERPRISE)
    owner = MembershipFactory(organization=organization, role="owner")
    sign_in(client, owner.user)

    page = client.get(reverse("discoverability:settings", args=[organization.public_id]))

    assert "Enterprise" in page.content.decode()
    with pytest.raises(PolicyRefused):
        change(organization, actor=Actor.person(owner.user), discoverability="open")


@pytest.mark.requirement("SET-3", "DISC-2")
@pytest.mark.parametrize(
    ("role", "status"), [("owner", 200), ("billing_admin", 200), ("admin", 403), ("member", 403)]
)
def test_only_owners_and_billing_admins_reach_the_page(client, sign_in, role, status):
    organization = organization_with("open")
    sign_in(client, MembershipFactory(organization=organization, role=role).user)

    page = client.get(reverse("discoverability:settings", args=[organization.public_id]))

    assert page.status_code == status


@pytest.mark.requirement("SET-3")
@pytest.mark.parametrize(
    ("role", "status"), [("owner", 200), ("admin", 200), ("billing_admin", 403), ("member", 403)]
)
def test_only_owners_and_admins_reach_the_requests(client, sign_in, role, status):
    organization = organization_with("approval")
    sign_in(client, MembershipFactory(organization=organization, role=role).user)

    page = client.get(reverse("discoverability:requests", args=[organization.public_id]))

    assert page.status_code == status


def test_without_a_work_domain_no_level_can_be_chosen():
    organization = OrganizationFactory(plan=Plan.GROWTH)

    with pytest.raises(PolicyRefused) as refused:
        services.set_level(organization, "open", actor=Actor.system("test"))

    assert refused.value.code == "no_domain"


def test_with_the_last_domain_the_organization_turns_invite_only():
    organization = organization_with("open")

    services.drop_domain(WorkDomain.objects.get(), actor=Actor.person(organization.owner))

    organization.policy.refresh_from_db()
    assert organization.policy.discoverability == "invite_only"


# --- Joining and asking


@pytest.mark.requirement("DISC-3")
def test_a_newcomer_joins_an_open_organization_with_one_click(client, sign_in):
    organization = organization_with("open")
    newcomer = UserFactory(email="new@corp.example")
    sign_in(client, newcomer)

    response = client.post(f"/join/{organization.public_id}/")

    assert response.headers["Location"].endswith(f"/{organization.public_id}/")
    member = Membership.objects.get(user=newcomer)
    assert (member.role, member.source) == ("member", "discovery")
    assert AuditEvent.objects.filter(event="user:member:joined_by_domain").count() == 1


@pytest.mark.requirement("DISC-3")
def test_asking_mails_the_admins_and_the_answer_mails_the_asker(client, sign_in):
    organization = organization_with("approval")
    newcomer = UserFactory(email="new@corp.example")
    sign_in(client, newcomer)
    client.post(f"/join/{organization.public_id}/", {"ask": "1"})
    asked = JoinRequest.objects.get()
    admin = sign_in(Client(), organization.owner)

    admin.post(
        reverse("discoverability:approve", args=[organization.public_id, asked.public_id]),
        {"role": "billing_admin"},
    )

    assert Email.objects.filter(to=organization.owner.email, subject__contains="asks to join")
    assert Membership.objects.get(user=newcomer).role == "billing_admin"
    assert Email.objects.filter(to=newcomer.email, message__contains="member of")


@pytest.mark.requirement("DISC-3", "DISC-5")
def test_a_declined_person_is_told_the_word_and_waits_30_days():
    organization = organization_with("approval")
    newcomer = UserFactory(email="new@corp.example")
    actor = Actor.person(newcomer)
    asked = services.ask(newcomer, organization, actor=actor)
    services.decline(asked, word="Ask Mia first.", actor=Actor.person(organization.owner))

    with pytest.raises(Refused) as refused:
        services.ask(newcomer, organization, actor=actor)
    with time_machine.travel(timezone.now() + datetime.timedelta(days=30, minutes=1)):
        again = services.ask(newcomer, organization, actor=actor)

    assert refused.value.code == "declined"
    assert again.pk != asked.pk
    assert "Ask Mia first." in Email.objects.filter(to=newcomer.email)[0].message


@pytest.mark.requirement("DISC-5")
def test_three_requests_may_be_open_at_once():
    newcomer = UserFactory(email="new@corp.example")
    actor = Actor.person(newcomer)
    for _number in range(3):
        services.ask(newcomer, organization_with("approval"), actor=actor)
    fourth = organization_with("approval")

    with pytest.raises(Refused) as refused:
        services.ask(newcomer, fourth, actor=actor)
    services.withdraw(JoinRequest.objects.order_by("pk")[0], actor=actor)

    assert refused.value.code == "many"
    assert services.ask(newcomer, fourth, actor=actor).state == "open"


@pytest.mark.requirement("DISC-5")
def test_a_request_nobody_answers_ends_after_30_days():
    organization = organization_with("approval")
    newcomer = UserFactory(email="new@corp.example")
    services.ask(newcomer, organization, actor=Actor.person(newcomer))

    early = tasks.expire_requests()
    with time_machine.travel(timezone.now() + datetime.timedelta(days=30, minutes=1)):
        late = tasks.expire_requests()

    assert (early, late) == (0, 1)
    assert JoinRequest.objects.get().state == "expired"
    assert "30 days" in Email.objects.filter(to=newcomer.email)[0].message


@pytest.mark.requirement("ACC-3", "DISC-3")
def test_the_audit_log_tells_in_people_s_words_who_asked_and_what_was_answered():
    organization = organization_with("approval", email="ann@corp.example")
    newcomer = UserFactory(email="new@corp.example", first_name="", last_name="")

    asked = services.ask(newcomer, organization, actor=Actor.person(newcomer))
    services.approve(asked, role="member", actor=Actor.person(organization.owner))

    told = [sentence(event) for event in AuditEvent.objects.all()]
    ann = organization.owner.display_name
    assert "new@corp.example asked to join" in told
    assert "new@corp.example became a member, as Member" in told
    assert f"{ann} closed the request of new@corp.example to join: approved" in told


@pytest.mark.threat("V4")
def test_approving_after_the_level_flipped_lets_nobody_in():
    organization = organization_with("approval")
    newcomer = UserFactory(email="new@corp.example")
    asked = services.ask(newcomer, organization, actor=Actor.person(newcomer))
    services.set_level(organization, "invite_only", actor=Actor.person(organization.owner))

    with pytest.raises(AlreadyDecided):
        services.approve(asked, role="member", actor=Actor.person(organization.owner))

    assert not Membership.objects.filter(user=newcomer).exists()


@pytest.mark.threat("V6")
def test_an_admin_can_not_let_somebody_in_above_themselves():
    organization = organization_with("approval")
    admin = MembershipFactory(organization=organization, role="admin").user
    newcomer = UserFactory(email="new@corp.example")
    asked = services.ask(newcomer, organization, actor=Actor.person(newcomer))

    with pytest.raises(NotAllowed):
        services.approve(asked, role="owner", actor=Actor.person(admin))
    services.approve(asked, role="admin", actor=Actor.person(admin))

    assert Membership.objects.get(user=newcomer).role == "admin"


@pytest.mark.threat("C10")
def test_a_leavers_request_is_withdrawn():
    organization = organization_with("approval")
    newcomer = UserFactory(email="new@corp.example")
    services.ask(newcomer, organization, actor=Actor.person(newcomer))
    member = MembershipFactory(organization=organization, user=newcomer)

    deactivate_member(member, actor=Actor.person(organization.owner), by="scim")

    assert JoinRequest.objects.get().state == "withdrawn"


@pytest.mark.threat("T1")
def test_another_tenants_request_does_not_exist(client, sign_in):
    organization, other = organization_with("approval"), organization_with("approval")
    newcomer = UserFactory(email="new@corp.example")
    asked = services.ask(newcomer, organization, actor=Actor.person(newcomer))
    sign_in(client, other.owner)

    response = client.post(
        reverse("discoverability:approve", args=[other.public_id, asked.public_id]),
        {"role": "member"},
    )

    assert response.status_code == 404
    assert not Membership.objects.filter(user=newcomer).exists()


@pytest.mark.requirement("DISC-3")
def test_admins_read_once_a_week_who_joined():
    organization = organization_with("open")
    with time_machine.travel("2026-11-18T10:00:00Z", tick=False):
        newcomer = UserFactory(email="new@corp.example")
        services.join(newcomer, organization, actor=Actor.person(newcomer))
    with time_machine.travel("2026-11-23T08:00:00Z", tick=False):
        sent = [tasks.send_digests(), tasks.send_digests()]

    assert sent == [1, 0]
    assert "new@corp.example" in Email.objects.filter(to=organization.owner.email)[0].message


# --- At once


@pytest.mark.threat("V4")
@pytest.mark.requirement("DISC-3")
@pytest.mark.django_db(transaction=True)
def test_of_admins_who_approve_and_decline_at_once_one_decides(run_threads):
    organization = organization_with("approval")
    admins = [MembershipFactory(organization=organization, role="admin").user for _ in range(4)]
    newcomer = UserFactory(email="new@corp.example")
    asked = services.ask(newcomer, organization, actor=Actor.person(newcomer))
    together = threading.Barrier(4)

    def answer(number):
        together.wait()
        actor = Actor.person(admins[number])
        try:
            if number % 2:
                services.decline(asked, word="", actor=actor)
            else:
                services.approve(asked, role="member", actor=actor)
        except AlreadyDecided:
            return "late"
        return "declined" if number % 2 else "approved"

    answers = run_threads(4, answer)

    decided = [a for a in answers if a != "late"]
    asked.refresh_from_db()
    assert decided == [asked.state]
    assert Membership.objects.filter(user=newcomer).exists() == (asked.state == "approved")
    assert AuditEvent.objects.filter(event="admin:join_request:decided").count() == 1


@pytest.mark.threat("T6")
@pytest.mark.django_db(transaction=True)
def test_a_double_click_on_ask_is_one_request(run_threads):
    organization = organization_with("approval")
    newcomer = UserFactory(email="new@corp.example")
    together = threading.Barrier(3)

    def ask(_number):
        together.wait()
        return services.ask(newcomer, organization, actor=Actor.person(newcomer)).pk

    assert len(set(run_threads(3, ask))) == 1


@pytest.mark.threat("V4")
@pytest.mark.django_db(transaction=True)
def test_joining_while_the_level_flips_is_judged_at_the_click(run_threads):
    organization = organization_with("open")
    newcomer = UserFactory(email="new@corp.example")
    together = threading.Barrier(2)

    def act(number):
        together.wait()
        if number:
            services.set_level(organization, "invite_only", actor=Actor.person(organization.owner))
            return None
        try:
            services.join(newcomer, organization, actor=Actor.person(newcomer))
        except Gone:
            return "gone"
        return "joined"

    outcome = run_threads(2, act)[0]

    assert (outcome == "joined") == Membership.objects.filter(user=newcomer).exists()


# --- Twins and borrowed proof


@pytest.mark.threat("V1")
@pytest.mark.requirement("DISC-2")
def test_a_domain_of_look_alike_letters_is_another_domain():
    organization = organization_with("open", domain="corp.example")
    owner, actor = organization.owner, Actor.person(organization.owner)

    with pytest.raises(Refused) as refused:
        services.name_domain(organization, "c\u043erp.example", actor=actor, user=owner)

    assert refused.value.code == "unproven"
    assert visible(UserFactory(email="new@xn--crp-5cd.example")) == []


@pytest.mark.requirement("DISC-2")
def test_an_international_domain_is_listed_as_mail_addresses_write_it():
    organization = OrganizationFactory(plan=Plan.GROWTH)
    owner = MembershipFactory(
        organization=organization, role="owner", user__email="o@xn--bcher-kva.example"
    ).user
    actor = Actor.person(owner)

    added = services.name_domain(organization, "Bücher.example", actor=actor, user=owner)
    services.set_level(organization, "open", actor=actor)

    assert added.domain == "xn--bcher-kva.example"
    assert visible(UserFactory(email="new@xn--bcher-kva.example")) == [organization]


@pytest.mark.threat("V1")
def test_an_address_that_another_account_verified_proves_nothing_here():
    organization = organization_with("open")
    stranger = UserFactory(email="new@corp.example", verified=False)
    other = UserFactory(email="else@other.example")
    EmailAddress.objects.create(user=other, email="new@corp.example", verified=True)

    assert visible(stranger) == []
    assert visible(other) == []
    assert visible(UserFactory(email="real@corp.example")) == [organization]
