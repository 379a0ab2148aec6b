"""Phones, people and a provider of texts: what tests of second factors share."""

import datetime
import time
from typing import Any

import pytest
import requests
import time_machine

from accounts.actor import Actor
from accounts.models import User
from twofactor import totp
from twofactor.models import AuthenticatorDevice
from twofactor.recovery import RecoveryCodeHasher
from twofactor.services import enrolment


@pytest.fixture(autouse=True)
def cheap_recovery_codes(monkeypatch):
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


@pytest.fixture
def texts(sms_provider, settings):
    """The SMS provider, empty, with the product pointed at it; ``texts.newest(number)``."""
    settings.TWILIO_API_URL = sms_provider["url"]
    settings.TWILIO_ACCOUNT_SID = sms_provider["account_sid"]
    settings.TWILIO_AUTH_TOKEN = sms_provider["auth_token"]
    settings.TWILIO_VERIFY_SERVICE = sms_provider["service_sid"]
    provider = Texts(sms_provider["url"])
    provider.forget()
    return provider


class Texts:
    """What telephones received, and what goes wrong with them."""

    def __init__(self, url: str) -> None:
        self.url = url

    def sent(self, number: str) -> list[dict[str, Any]]:
        """The messages to ``number``, newest first."""
        return requests.get(f"{self.url}/messages", params={"to": number}, timeout=5).json()

    def newest(self, number: str) -> str:
        """The code in the newest message to ``number``."""
        return self.sent(number)[0]["code"]

    def fault(self, fault: str, **values: Any) -> None:
        """Make something go wrong."""
        requests.post(f"{self.url}/faults", json={"fault": fault, **values}, timeout=5)

    def set(self, **values: Any) -> None:
        """Change the provider's clock or service."""
        requests.post(f"{self.url}/settings", json=values, timeout=5)

    def forget(self) -> None:
        """Forget messages, faults and settings."""
        requests.delete(f"{self.url}/messages", timeout=5)
        requests.delete(f"{self.url}/faults", timeout=5)
        self.set(clock_ahead=0.0, dtmf_input_required=True)


NUMBER = "+4915123456742"


def set_up_phone(user: User, number: str = NUMBER) -> list[str]:
    """Give ``user`` a phone, as if its code had been typed."""
    pending = enrolment.begin_phone(user, "set-up of a test", number)
    codes = enrolment.confirm_phone(user, pending, actor=Actor.person(user))
    enrolment.codes_saved(user)
    return codes


@pytest.fixture
def time_machine_forward():
    """``with time_machine_forward(seconds=31):`` the product's clock, not the provider's."""

    def forward(**by: float) -> Any:
        when = datetime.datetime.now(tz=datetime.UTC) + datetime.timedelta(**by)
        return time_machine.travel(when, tick=True)

    return forward
