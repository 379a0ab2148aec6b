"""What a session can prove, and for how long."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.signin.evidence import Evidence, Proof, current

NOW = timezone.now()
HOUR = datetime.timedelta(hours=1)


def proof(method: str, hours_ago: float = 0, **fields: Any) -> Proof:
    return Proof(method, NOW - hours_ago * HOUR, **fields)


@pytest.mark.requirement("ACC-7")
@pytest.mark.parametrize("method", ["password", "magic_link", "google", "passkey"])
def test_what_a_person_shows_of_their_own_is_account_level(method):
    assert Evidence((proof(method),)).is_account_level


@pytest.mark.requirement("ACC-7")
def test_what_an_identity_provider_said_is_for_its_organization_only():
    evidence = Evidence((proof("saml", connection="conn_a", organization="org_a"),))

    assert evidence.saml("org_a")
    assert not evidence.saml("org_b")
    assert not evidence.is_account_level
    assert evidence.labels() == ["saml:conn_a"]


@pytest.mark.requirement("ACC-7")
def test_account_level_evidence_is_whole_only_with_the_second_factor_that_is_set():
    plain, careful = User(), User(two_factor_set_at=NOW - 9 * HOUR)
    password, both = Evidence((proof("password"),)), Evidence((proof("password"), proof("otp")))

    assert password.proves_account(plain)
    assert not password.proves_account(careful)
    assert both.proves_account(careful)
    assert not Evidence((proof("otp"),)).proves_account(careful)


@pytest.mark.requirement("ACC-4")
def test_evidence_ends_after_14_days_and_at_the_identity_providers_own_limit():
    old = proof("password", hours_ago=14 * 24)
    ended = proof("saml", 2, organization="org_a", until=NOW - HOUR)

    assert Evidence((old, ended)).labels() == []
    assert Evidence((proof("password", hours_ago=14 * 24 - 1),)).is_account_level


@pytest.mark.threat("F8")
def test_a_second_factor_passed_before_the_methods_changed_counts_no_more():
    user = User(sessions_valid_from=NOW - 9 * HOUR, two_factor_set_at=NOW - HOUR)
    before = Evidence((proof("password", 3), proof("otp", 2)))
    after = Evidence((proof("password", 3), proof("otp", 0.5)))

    assert not current(before, user).has_second_factor
    assert current(after, user).has_second_factor


@pytest.mark.threat("S16")
def test_nothing_shown_before_the_sessions_were_ended_counts():
    user = User(sessions_valid_from=NOW - HOUR)
    evidence = Evidence((proof("password", 2), proof("magic_link", 0.5)))

    assert current(evidence, user).labels() == ["magic_link"]


@pytest.mark.requirement("TFA-4")
def test_the_first_session_is_exempt_for_a_day():
    assert Evidence((), NOW + HOUR).is_first_session
    assert not Evidence((), NOW - HOUR).is_first_session


def test_evidence_survives_the_session_it_is_stored_in():
    evidence = Evidence(
        (
            proof("password"),
            proof("otp", detail="twofactor.authenticatordevice/1"),
            proof("saml", connection="conn_a", organization="org_a", until=NOW + HOUR),
        ),
        NOW + HOUR,
    )

    again = Evidence.deserialize(evidence.serialize())

    assert again.proofs == evidence.proofs
    assert again.first_session_until == evidence.first_session_until


def test_a_newer_proof_takes_the_place_of_its_older_self():
    evidence = Evidence((proof("password", 5), proof("saml", 4, connection="c", organization="o")))

    newer = evidence.with_proof(proof("password"))

    assert newer.labels() == ["saml:c", "password"]
    assert newer.account_level[0].at == NOW
