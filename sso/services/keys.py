"""Our own key, with which requests are signed where an identity provider wants that."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from sso.models import RequestKey
from sso.saml.service_provider import SigningKey

VALID_FOR = timedelta(days=3650)
# A new key is announced in the metadata this long before it signs.
ANNOUNCED_FOR = timedelta(days=7)
RENEWED_AFTER = timedelta(days=365)


def signing_key() -> SigningKey:
    """The key that signs today: the newest that was announced long enough."""
    keys = list(RequestKey.objects.order_by("-created_at"))
    announced = [k for k in keys if k.created_at < timezone.now() - ANNOUNCED_FOR]
    key = announced[0] if announced else keys[-1] if keys else make_key(actor=Actor.system("sso"))
    return SigningKey(key.private_key, key.certificate)


@transaction.atomic
def renew() -> bool:
    """Make the next key when the newest is a year old, and forget those before the last two.

    Nothing is made before a connection signs. Any number of workers may call it.
    """
    keys = list(RequestKey.objects.select_for_update().order_by("-created_at"))
    if not keys or keys[0].created_at > timezone.now() - RENEWED_AFTER:
        return False
    make_key(actor=Actor.system("sso"))
    RequestKey.objects.filter(pk__in=[key.pk for key in keys[1:]]).delete()
    return True


def metadata_certificates() -> tuple[str, ...]:
    """The certificates of all our keys, newest first; none before any connection signs."""
    keys = RequestKey.objects.order_by("-created_at")
    return tuple(keys.values_list("certificate", flat=True))


@transaction.atomic
def make_key(*, actor: Actor) -> RequestKey:
    """Make a new key; it signs after a week in the metadata, the first one at once."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    now = timezone.now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, settings.PRODUCT_NAME[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + VALID_FOR)
        .sign(private, hashes.SHA256())
    )
    key = RequestKey.objects.create(
        private_key=private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        certificate=certificate.public_bytes(serialization.Encoding.PEM).decode(),
    )
    record_event(Event.SSO_KEY_MADE, actor=actor, target=f"key {key.pk}")
    return key
