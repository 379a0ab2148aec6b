"""What operators run: the reset, the rotation of keys."""

import json

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection

from accounts import encryption
from accounts.models import AuditEvent
from tests.factories import UserFactory
from tests.twofactor.support import set_up_app
from twofactor.management.commands.rotate_keys import rotate
from twofactor.models import AuthenticatorDevice, PendingSetUp
from twofactor.services import enrolment

pytestmark = pytest.mark.django_db


def kept_seeds():
    with connection.cursor() as cursor:
        cursor.execute("SELECT seed FROM twofactor_authenticatordevice ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.requirement("TFA-12")
def test_an_operator_resets_at_once(capsys):
    user = UserFactory(email="pat@corp.example")
    set_up_app(user)

    call_command("reset_two_factor", "Pat@Corp.example", "--json")

    assert json.loads(capsys.readouterr().out) == {"user": "pat@corp.example"}
    user.refresh_from_db()
    assert not user.has_second_factor
    assert AuditEvent.objects.filter(actor_kind="operator").exists()


@pytest.mark.requirement("TFA-12")
def test_an_unknown_address_fails_with_a_sentence(capsys):
    with pytest.raises(SystemExit) as ended:
        call_command("reset_two_factor", "nobody@corp.example", "--json")

    assert ended.value.code == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "error" in json.loads(err)


def test_rotation_encrypts_everything_under_the_newest_key(settings, capsys):
    old = list(settings.ENCRYPTION_KEYS)
    phone, _ = set_up_app(UserFactory())
    enrolment.begin_authenticator(UserFactory(), "pending")
    before = kept_seeds()
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *old]

    call_command("rotate_keys", "--json")

    rotated = json.loads(capsys.readouterr().out)["rotated"]
    assert rotated["twofactor.authenticatordevice.seed"] == 1
    assert rotated["twofactor.pendingsetup.seed"] == 1
    assert kept_seeds() != before
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]  # the old key may go
    assert AuthenticatorDevice.objects.get().seed == phone.seed
    assert PendingSetUp.objects.get().seed
    call_command("rotate_keys", "--json")
    assert set(json.loads(capsys.readouterr().out)["rotated"].values()) == {0}


def test_rotation_overwrites_nothing_that_changed_meanwhile(settings, monkeypatch):
    """The product runs on: a seed set between reading and writing stays."""
    from twofactor.management.commands import rotate_keys  # noqa: PLC0415

    set_up_app(UserFactory())
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.ENCRYPTION_KEYS]

    def changed_in_between(token):
        device = AuthenticatorDevice.objects.get()
        device.seed = "NEWSEEDNEWSEEDNEWSEEDNEWSEEDNEWS"
        device.save()
        return encryption.rotated(token)

    monkeypatch.setattr(f"{rotate_keys.__name__}.rotated", changed_in_between)

    assert rotate(AuthenticatorDevice, "seed") == 0
    assert AuthenticatorDevice.objects.get().seed == "NEWSEEDNEWSEEDNEWSEEDNEWSEEDNEWS"
