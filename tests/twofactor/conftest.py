"""What tests of second factors share."""

import time
from typing import Any

import pytest

from accounts.actor import Actor
from accounts.models import User
from twofactor import totp
from twofactor.models import AuthenticatorDevice
from twofactor.recovery import RecoveryCodeHasher
from twofactor.services import enrolment


@pytest.fixture(autouse=True)
def _cheap_recovery_codes(monkeypatch):
    """Ten slow hashes a set-up are the product's business; the tests' is what happens with them."""
    monkeypatch.setattr(RecoveryCodeHasher, "memory_cost", 16)
    monkeypatch.setattr(RecoveryCodeHasher, "time_cost", 1)


class Phone:
    """Somebody's authenticator app: knows the seed and the time, shows codes."""

    def __init__(self, seed: str) -> None:
        self.seed = seed.replace(" ", "")

    def code(self, steps: int = 0) -> str:
        """The code shown now, or some steps of 30 s later."""
        return totp.code_at(self.seed, time.time() + 30 * steps)


def set_up_app(user: User, *, saved: bool = True) -> tuple[Phone, list[str]]:
    """Give ``user`` an authenticator app and ten recovery codes, through the services."""
    pending = enrolment.begin_authenticator(user, "set-up of a test")
    phone = Phone(pending.seed)
    codes = enrolment.confirm_authenticator(
        user, "set-up of a test", phone.code(), actor=Actor.person(user)
    )
    if saved:
        enrolment.codes_saved(user)
    # The code of the set-up counts as used; tests begin with a fresh one.
    AuthenticatorDevice.objects.filter(user=user).update(last_step=-1)
    return phone, codes


def first_factor(client: Any, user: User, password: str = "correct horse battery") -> Any:
    """Go through the sign-in pages up to the password; return the answer to it."""
    client.post("/sign-in/", {"email": user.email})
    return client.post("/sign-in/method/", {"password": password})


def evidence_in(client: Any) -> list[str]:
    """Return what /me says the session proved; nothing where there is none."""
    answer = client.get("/me")
    return answer.json()["evidence"] if answer.status_code == 200 else []
