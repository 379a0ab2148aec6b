"""The switches of an organization: what the database forbids, and what change() brings with it."""

import threading

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import AuditEvent, Membership, Plan, SecurityPolicy
from accounts.organizations.members import (
    LastOwner,
    change_role,
    deactivate_member,
    remove_member,
)
from accounts.policy import PolicyRefused, change, change_plan, switches
from tests.factories import MembershipFactory, OrganizationFactory

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")


@pytest.mark.requirement("TFA-3", "SSO-1", "DISC-1")
@pytest.mark.threat("T3")
@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"two_factor_required": True, "sso_enabled": True}, "policy_two_factor_or_sso"),
        ({"sso_required": True}, "policy_required_needs_sso"),
        ({"idp_managed_access": True}, "policy_managed_needs_sso"),
        ({"sso_enabled": True, "plan": "growth"}, "policy_sso_needs_enterprise"),
        ({"scim_enabled": True, "plan": "free"}, "policy_scim_needs_enterprise"),
        ({"discoverability": "open"}, "policy_discoverable_without_sso_or_enterprise"),
        ({"plan": "gold"}, "policy_plan_known"),
        ({"discoverability": "shouted", "plan": "free"}, "policy_discoverability_known"),
        (
            {"two_factor_deadline_at": "2026-12-01T00:00:00Z"},
            "policy_deadline_needs_two_factor",
        ),
    ],
)
def test_the_database_refuses_a_forbidden_state_from_anybody(columns, constraint):
    organization = OrganizationFactory(plan=Plan.ENTERPRISE)

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        SecurityPolicy.objects.filter(organization=organization).update(**columns)

    assert constraint in str(refused.value)


@pytest.mark.parametrize(
    "columns",
    [
        {"two_factor_required": True, "two_factor_deadline_at": "2026-12-01T00:00:00Z"},
        {"sso_enabled": True, "sso_required": True, "idp_managed_access": True},
        {"scim_enabled": True},
        {"plan": "growth", "discoverability": "approval"},
    ],
)
def test_the_states_beside_them_are_allowed(columns):
    organization = OrganizationFactory(plan=Plan.ENTERPRISE)

    assert SecurityPolicy.objects.filter(organization=organization).update(**columns) == 1


@pytest.mark.threat("A3")
def test_a_switch_turned_on_leaves_one_event_with_before_and_after():
    organization = OrganizationFactory(plan=Plan.GROWTH)

    change(organization, actor=SYSTEM, two_factor_required=True)
    change(organization, actor=SYSTEM, two_factor_required=True)

    event = AuditEvent.objects.get(organization_id=organization.public_id)
    assert event.event == "admin:two_factor:required_on"
    assert event.data["before"]["two_factor_required"] is False
    assert event.data["after"]["two_factor_required"] is True


@pytest.mark.threat("A3")
def test_a_change_that_is_refused_leaves_neither_state_nor_event():
    organization = OrganizationFactory(plan=Plan.GROWTH)

    with pytest.raises(PolicyRefused) as refused:
        change(organization, actor=SYSTEM, two_factor_required=True, discoverability="open")

    assert refused.value.sentence
    organization.policy.refresh_from_db()
    assert not organization.policy.two_factor_required
    assert not AuditEvent.objects.exists()


@pytest.mark.requirement("ACC-3")
def test_a_downgrade_turns_off_what_the_plan_no_longer_gives_in_one_go():
    organization = OrganizationFactory(
        plan=Plan.ENTERPRISE,
        policy={
            "sso_enabled": True,
            "sso_required": True,
            "idp_managed_access": True,
            "scim_enabled": True,
        },
    )

    policy = change_plan(organization, Plan.GROWTH, actor=Actor.operator("set_plan"))

    policy.refresh_from_db()
    assert policy.plan == "growth"
    on = [s.column for s in switches() if s.is_on(policy)]
    assert on == []
    recorded = set(AuditEvent.objects.values_list("event", flat=True))
    assert {
        "operator:plan:changed",
        "admin:sso:disabled",
        "admin:sso:required_off",
        "admin:sso:managed_off",
        "admin:scim:turned_off",
    } <= recorded


@pytest.mark.requirement("TFA-3")
def test_single_sign_on_turns_the_two_factor_requirement_and_discoverability_off():
    by_column = {s.column: s for s in switches()}

    assert set(by_column["sso_enabled"].excludes) == {"two_factor_required", "discoverability"}
    assert by_column["sso_required"].requires == ("sso_enabled",)
    assert by_column["idp_managed_access"].requires == ("sso_enabled",)


# --- An owner, always


@pytest.mark.requirement("ACC-1")
@pytest.mark.parametrize(
    "act",
    [
        lambda m: remove_member(m, actor=SYSTEM),
        lambda m: remove_member(m, actor=SYSTEM, leaving=True),
        lambda m: deactivate_member(m, actor=SYSTEM, by="scim"),
        lambda m: change_role(m, "admin", actor=SYSTEM),
    ],
)
def test_the_last_owner_stays_owner(act):
    owner = MembershipFactory(role="owner")
    MembershipFactory(organization=owner.organization, role="admin")

    with pytest.raises(LastOwner):
        act(owner)

    owner.refresh_from_db()
    assert (owner.role, owner.status) == ("owner", "active")


@pytest.mark.requirement("ACC-1")
@pytest.mark.parametrize("columns", [{"role": "member"}, {"status": "deactivated"}])
@pytest.mark.django_db(transaction=True)
def test_not_even_a_shell_leaves_an_organization_without_an_owner(columns):
    owner = MembershipFactory(role="owner")
    if "status" in columns:
        columns = {**columns, "deactivated_at": timezone.now()}

    with pytest.raises(IntegrityError):
        Membership.objects.filter(pk=owner.pk).update(**columns)
    with pytest.raises(IntegrityError):
        Membership.objects.filter(pk=owner.pk).delete()


@pytest.mark.requirement("ACC-1")
@pytest.mark.threat("T3")
@pytest.mark.django_db(transaction=True)
def test_of_two_owners_leaving_at_once_one_stays(run_threads):
    first = MembershipFactory(role="owner")
    owners = [first, MembershipFactory(organization=first.organization, role="owner")]
    together = threading.Barrier(2)

    def leave(number):
        together.wait()
        try:
            remove_member(owners[number], actor=Actor.person(owners[number].user), leaving=True)
        except LastOwner:
            return "stays"
        return "left"

    assert sorted(run_threads(2, leave)) == ["left", "stays"]
    assert Membership.objects.filter(organization=first.organization).owners().count() == 1


@pytest.mark.requirement("ACC-3")
@pytest.mark.threat("A4")
def test_an_event_can_be_neither_changed_nor_deleted():
    organization = OrganizationFactory()
    change(organization, actor=SYSTEM, two_factor_required=True)

    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEvent.objects.update(event="nothing:happened:here")
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEvent.objects.all().delete()

    assert AuditEvent.objects.get().event == "admin:two_factor:required_on"
