"""The requirement, from the switch to the challenge: what a member meets."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.actor import Actor
from accounts.models import AuditEvent
from tests.factories import MembershipFactory
from tests.twofactor.support import Phone, evidence_in, first_factor, set_up_app
from twofactor.models import AuthenticatorDevice, RecoveryCode
from twofactor.services.organization import require

pytestmark = pytest.mark.django_db


@pytest.fixture
def carl(acme):
    """A member of Acme who has signed in before."""
    return MembershipFactory(
        organization=acme,
        user__email="carl@corp.example",
        user__first_session_used_at=timezone.now(),
    ).user


def codes_on(page) -> list[str]:
    return re.findall(r"<li>([0-9a-z]{4}-[0-9a-z]{5}-[0-9a-z]{5})</li>", page.content.decode())


def seed_on(page) -> str:
    found = re.search(r'id="secret-key"[^>]*>([A-Z2-7 ]+)<', page.content.decode())
    return found[1].replace(" ", "")


@pytest.mark.requirement("TFA-1")
def test_an_owner_requires_two_factor_with_the_password(client, acme, sign_in):
    sign_in(client, acme.owner)
    confirm = reverse("twofactor:require", args=[acme.public_id])

    page = client.get(reverse("twofactor:settings", args=[acme.public_id]))
    assert confirm in page.content.decode()
    assert "Verify your password" in client.get(confirm).content.decode()
    done = client.post(confirm, {"password": "correct horse battery"}, follow=True)

    acme.policy.refresh_from_db()
    assert acme.policy.two_factor_required
    assert "Two-factor is now required." in done.content.decode()
    assert AuditEvent.objects.filter(event="admin:two_factor:required_on").count() == 1


@pytest.mark.requirement("TFA-1")
def test_a_wrong_password_changes_nothing_and_says_so(client, acme, sign_in):
    sign_in(client, acme.owner)

    answer = client.post(reverse("twofactor:require", args=[acme.public_id]), {"password": "wrong"})

    acme.policy.refresh_from_db()
    assert not acme.policy.two_factor_required
    assert "Nothing was changed" in answer.content.decode()


@pytest.mark.requirement("TFA-2")
def test_an_admin_without_a_password_is_sent_to_set_one(client, acme, sign_in):
    acme.owner.set_unusable_password()
    acme.owner.save()
    sign_in(client, acme.owner, "magic_link")

    url = reverse("twofactor:require", args=[acme.public_id])
    page = client.get(url).content.decode()
    client.post(url, {"password": "anything"})

    acme.policy.refresh_from_db()
    assert "Set a password" in page
    assert not acme.policy.two_factor_required


@pytest.mark.requirement("TFA-1")
def test_it_is_turned_off_the_same_way(client, acme, sign_in):
    sign_in(client, acme.owner)
    require(acme, actor=Actor.person(acme.owner), deadline_days=7)

    client.post(
        reverse("twofactor:stop", args=[acme.public_id]), {"password": "correct horse battery"}
    )

    acme.policy.refresh_from_db()
    assert not acme.policy.two_factor_required
    assert acme.policy.two_factor_deadline_at is None


@pytest.mark.requirement("TFA-4", "TFA-5", "TFA-6")
def test_the_second_sign_in_walks_through_the_app_and_the_recovery_codes(client, acme, carl):
    require(acme, actor=Actor.person(acme.owner))

    answer = first_factor(client, carl)
    assert answer.url == reverse("twofactor:set_up")
    assert evidence_in(client) == []
    chosen = client.post(answer.url, {"method": "app"})
    page = client.get(chosen.url)
    assert 'class="qr"' in page.content.decode()
    phone = Phone(seed_on(page))

    shown = client.post(chosen.url, {"code": phone.code()})
    codes = codes_on(shown)
    assert len(codes) == 10
    assert evidence_in(client) == []  # the sign-in is not finished before the codes are kept

    done = client.post(reverse("twofactor:recovery_codes"), {"saved": "on"})
    assert done.url == reverse("home")
    assert evidence_in(client) == ["password", "otp"]
    carl.refresh_from_db()
    assert carl.has_second_factor


@pytest.mark.requirement("TFA-6")
@pytest.mark.threat("F15")
def test_recovery_codes_are_shown_once_and_downloaded_from_that_page(client, acme, carl):
    require(acme, actor=Actor.person(acme.owner))
    first_factor(client, carl)
    url = reverse("twofactor:set_up_app")
    phone = Phone(seed_on(client.get(url)))

    shown = client.post(url, {"code": phone.code()})
    codes = codes_on(shown)
    again = client.get(url, follow=True)
    later = client.get(reverse("twofactor:recovery_codes"))
    saved = client.post(reverse("twofactor:download_codes"), {"codes": codes})
    foreign = client.post(reverse("twofactor:download_codes"), {"codes": ["0000-00000-00000"]})

    assert shown.headers["Cache-Control"] == "no-store"
    assert codes_on(again) == codes_on(later) == []
    assert "shown once" in later.content.decode()
    assert saved.headers["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert all(code in saved.content.decode() for code in codes)
    assert foreign.status_code == 302
    stored = RecoveryCode.objects.filter(user=carl)
    assert stored.count() == 10
    assert not any(code.secret_hash in codes for code in stored)


@pytest.mark.requirement("TFA-6")
def test_whoever_left_the_codes_unsaved_is_asked_at_the_next_sign_in_and_gets_new_ones(
    client, acme, carl
):
    phone, old = set_up_app(carl, saved=False)

    first_factor(client, carl)
    answer = client.post(reverse("twofactor:challenge"), {"code": phone.code()})
    assert answer.url == reverse("twofactor:recovery_codes")
    new = codes_on(client.post(reverse("twofactor:new_codes")))
    client.post(reverse("twofactor:recovery_codes"), {"saved": "on"})

    assert len(new) == 10
    assert not set(new) & set(old)
    assert evidence_in(client) == ["password", "otp"]


@pytest.mark.requirement("TFA-13")
def test_later_sign_ins_ask_for_the_code(client, acme, carl):
    phone, _ = set_up_app(carl)

    answer = first_factor(client, carl)
    assert answer.url == reverse("twofactor:challenge")
    assert evidence_in(client) == []
    wrong = client.post(answer.url, {"code": "000000"})
    right = client.post(answer.url, {"code": f" {phone.code()[:3]} {phone.code()[3:]}"})

    assert "phone’s clock" in wrong.content.decode()
    assert right.url == reverse("home")
    assert evidence_in(client) == ["password", "otp"]


@pytest.mark.requirement("TFA-10")
def test_a_recovery_code_works_once(client, acme, carl):
    _, codes = set_up_app(carl)
    first_factor(client, carl)
    page = client.get(reverse("twofactor:challenge")).content.decode()
    assert "Need help? Use a recovery code to sign in" in page

    client.post(reverse("twofactor:recovery_code"), {"code": codes[0].upper()})
    assert evidence_in(client) == ["password", "otp"]
    client.post("/sign-out/")
    first_factor(client, carl)
    again = client.post(reverse("twofactor:recovery_code"), {"code": codes[0]})

    assert "unused recovery codes" in again.content.decode()
    assert evidence_in(client) == []


@pytest.mark.requirement("TFA-3")
def test_with_sso_on_the_switch_is_locked_and_the_server_refuses(client, acme, sign_in):
    acme.policy.sso_enabled = True
    acme.policy.save()
    sign_in(client, acme.owner)

    answer = client.post(
        reverse("twofactor:require", args=[acme.public_id]), {"password": "correct horse battery"}
    )

    acme.policy.refresh_from_db()
    assert not acme.policy.two_factor_required
    assert "identity provider asks for the second factor" in answer.content.decode()


@pytest.mark.requirement("TFA-4")
def test_the_first_sign_in_of_an_account_is_not_interrupted(client, acme):
    newcomer = MembershipFactory(organization=acme).user
    require(acme, actor=Actor.person(acme.owner))

    first = first_factor(client, newcomer)
    client.post("/sign-out/")
    second = first_factor(client, newcomer)

    assert first.url == reverse("home")
    assert second.url == reverse("twofactor:set_up")


@pytest.mark.requirement("TFA-5")
def test_the_seed_is_encrypted_at_rest(carl):
    from django.db import connection  # noqa: PLC0415

    phone, _ = set_up_app(carl)

    with connection.cursor() as cursor:
        cursor.execute("SELECT seed FROM twofactor_authenticatordevice")
        kept = cursor.fetchone()[0]
    assert phone.seed not in kept
    assert kept.startswith("gAAAA")
    assert AuthenticatorDevice.objects.get().seed == phone.seed
