"""The rule: who is asked for what, at a sign-in and at an organization's door."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.policy import PolicyRefused, change, rehearse
from accounts.signin.evidence import Evidence, Proof
from accounts.signin.rules import Entry, Purpose
from tests.factories import MembershipFactory, OrganizationFactory, UserFactory
from tests.twofactor.support import set_up_app
from twofactor.access import SecondFactorRule
from twofactor.services.organization import require, stop_requiring

pytestmark = pytest.mark.django_db
RULE = SecondFactorRule()
DAY = datetime.timedelta(days=1)


@pytest.fixture
def member(acme):
    return MembershipFactory(organization=acme)


@pytest.fixture
def connected(monkeypatch):
    """Every organization has entered its identity provider's values."""
    monkeypatch.setattr("sso.services.requirement.is_complete", lambda _: True)


def shown(*methods, at=None, first_session_until=None, **fields):
    """Evidence of ``methods`` given at ``at``."""
    moment = at or timezone.now()
    proofs = tuple(Proof(method, moment, **fields) for method in methods)
    return Evidence(proofs, first_session_until)


def at_door(member, evidence):
    member.organization.policy.refresh_from_db()
    entry = Entry(member.user, member.organization, member, member.organization.policy)
    return RULE.at_organization(entry, evidence)


def requires(acme, days=None):
    return require(acme, actor=Actor.person(acme.owner), deadline_days=days)


@pytest.mark.requirement("TFA-13")
@pytest.mark.parametrize("method", ["password", "magic_link", "google"])
def test_every_first_factor_of_ones_own_is_asked_for_the_second(member, method):
    set_up_app(member.user)

    assert RULE.at_sign_in(member.user, shown(method)).url == reverse("twofactor:challenge")
    assert RULE.at_sign_in(member.user, shown(method, "otp")) is None


@pytest.mark.requirement("TFA-13")
def test_single_sign_on_is_not(acme, member):
    set_up_app(member.user)
    saml = shown("saml", organization=acme.public_id)
    acme.policy.sso_enabled = True
    acme.policy.save()

    assert RULE.at_sign_in(member.user, saml) is None
    assert at_door(member, saml) is None
    # Also beside a password that lacks its second factor.
    both = Evidence((*saml.proofs, Proof.now("password")))
    assert at_door(member, both) is None
    assert at_door(member, shown("password")).url == reverse("twofactor:challenge")


def test_an_address_is_asked_nothing(member):
    assert RULE.at_address(member.user.email, Purpose.SIGN_IN) is None


@pytest.mark.requirement("TFA-4")
def test_a_session_open_when_it_was_required_goes_on_until_the_next_sign_in(acme, member):
    open_session = shown("password", at=timezone.now() - DAY)
    requires(acme)

    assert at_door(member, open_session) is None
    assert RULE.at_sign_in(member.user, shown("password")).url == reverse("twofactor:set_up")
    assert not RULE.at_sign_in(member.user, shown("password")).skippable


@pytest.mark.requirement("TFA-4")
def test_the_deadline_ends_it(acme, member):
    open_session = shown("password", at=timezone.now() - DAY)
    requires(acme, days=3)
    assert at_door(member, open_session) is None

    policy = acme.policy
    policy.two_factor_deadline_at = timezone.now() - datetime.timedelta(minutes=1)
    policy.save()

    assert at_door(member, open_session).url == reverse("twofactor:set_up")


@pytest.mark.requirement("TFA-4")
def test_somebody_who_joins_later_with_an_open_session_is_asked_at_the_door(acme):
    requires(acme)
    acme.policy.two_factor_required_at = timezone.now() - DAY
    acme.policy.save()
    joined = MembershipFactory(organization=acme)

    assert at_door(joined, shown("password")).url == reverse("twofactor:set_up")


@pytest.mark.requirement("TFA-4")
def test_the_first_session_is_exempt_for_its_day_and_asked_after_it(acme, member):
    requires(acme)
    now = timezone.now()

    assert at_door(member, shown("password", first_session_until=now + DAY)) is None
    assert RULE.at_sign_in(member.user, shown("password", first_session_until=now + DAY)) is None
    ended = shown("password", first_session_until=now - DAY)
    assert at_door(member, ended).url == reverse("twofactor:set_up")


@pytest.mark.requirement("TFA-4")
def test_any_active_membership_demands_and_an_ended_one_does_not(acme):
    user = UserFactory()
    MembershipFactory(user=user)
    demanding = MembershipFactory(user=user, organization=acme)
    requires(acme)
    assert RULE.at_sign_in(user, shown("password")) is not None

    demanding.status, demanding.deactivated_at = "deactivated", timezone.now()
    demanding.save()

    assert RULE.at_sign_in(user, shown("password")) is None


@pytest.mark.requirement("ACC-6")
def test_the_rehearsal_says_who_will_be_asked_and_who_is_ready(acme, member):
    for _ in range(2):
        MembershipFactory(organization=acme, user__first_session_used_at=timezone.now())
    set_up_app(member.user)

    on = rehearse(acme, two_factor_required=True)
    sentences = [(group.code, group.count) for group in on.groups]

    assert sentences == [
        ("two_factor_set_up", 2),
        ("two_factor_second_sign_in", 1),
        ("two_factor_ready", 1),
    ]
    assert "2 people have no method yet" in on.groups[0].sentence
    assert "at their second sign-in" in on.groups[1].sentence
    requires(acme)
    off = rehearse(acme, two_factor_required=False)
    assert [group.code for group in off.groups] == ["two_factor_no_longer"]


@pytest.mark.requirement("ACC-6", "TFA-4")
def test_the_rehearsal_tells_the_truth(acme):
    """Those whom it named are asked at their next sign-in, and nobody else."""
    people = [MembershipFactory(organization=acme) for _ in range(4)]
    for person in people[:2]:
        set_up_app(person.user)
    named = rehearse(acme, two_factor_required=True).groups[0].sample

    requires(acme)

    asked = [
        person
        for person in acme.memberships.select_related("user")
        if (step := RULE.at_sign_in(person.user, shown("password"))) is not None
        and step.url == reverse("twofactor:set_up")
    ]
    assert {m.pk for m in asked} == {m.pk for m in named}


@pytest.mark.requirement("TFA-3")
def test_sso_and_the_requirement_exclude_each_other(acme, connected):
    acme.policy.sso_enabled = True
    acme.policy.save()

    with pytest.raises(PolicyRefused) as refused:
        requires(acme)
    assert refused.value.code == "sso_enabled"

    acme.policy.sso_enabled = False
    acme.policy.save()
    requires(acme, days=5)
    change(acme, actor=Actor.person(acme.owner), sso_enabled=True)
    acme.policy.refresh_from_db()
    assert not acme.policy.two_factor_required
    assert acme.policy.two_factor_deadline_at is None
    assert acme.policy.two_factor_required_at is None


@pytest.mark.requirement("TFA-3")
def test_members_keep_their_methods_when_it_is_turned_off(acme, member):
    requires(acme)
    set_up_app(member.user)

    stop_requiring(acme, actor=Actor.person(acme.owner))

    assert RULE.at_sign_in(member.user, shown("password")).url == reverse("twofactor:challenge")


@pytest.mark.threat("T3")
@pytest.mark.django_db(transaction=True)
def test_the_requirement_and_sso_at_once_never_both(run_threads, connected):
    organization = OrganizationFactory()
    owner = MembershipFactory(organization=organization, role="owner").user
    actor = Actor.person(owner)

    def attempt(n):
        if n % 2:
            return require(organization, actor=actor)
        return change(organization, actor=actor, sso_enabled=True)

    outcomes = run_threads(4, attempt)

    organization.policy.refresh_from_db()
    assert any(not isinstance(outcome, Exception) for outcome in outcomes)
    assert organization.policy.two_factor_required != organization.policy.sso_enabled


def test_the_rule_asks_the_database_nothing_at_a_door(acme, member, django_assert_num_queries):
    requires(acme)
    acme.policy.refresh_from_db()
    entry = Entry(member.user, acme, member, acme.policy)
    evidence = shown("password")

    with django_assert_num_queries(0):
        RULE.at_organization(entry, evidence)


@pytest.mark.requirement("TFA-4")
def test_asking_twice_changes_and_records_nothing(acme):
    from accounts.models import AuditEvent  # noqa: PLC0415

    requires(acme)
    since = acme.policy.two_factor_required_at
    requires(acme)

    acme.policy.refresh_from_db()
    assert acme.policy.two_factor_required_at == since
    assert AuditEvent.objects.filter(event="admin:two_factor:required_on").count() == 1
