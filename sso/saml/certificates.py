"""Certificates of identity providers: what an admin uploads, read and judged.

Only the key matters, it is pinned: chain, CA and extended usage do not.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

LARGEST_UPLOAD = 64 * 1024  # bytes
MOST_CERTIFICATES = 5
SMALLEST_RSA = 2048  # bits
CURVES = {"secp256r1", "secp384r1", "secp521r1"}

_PEM_BEGIN, _PEM_END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
# What x509.load_… raises for bytes that are no certificate; InvalidVersion is no ValueError.
_NO_CERTIFICATE = (ValueError, UnsupportedAlgorithm, x509.InvalidVersion)
_SPACE = re.compile(rb"\s+")
_OTHERS = (
    (b"-----BEGIN CERTIFICATE REQUEST", "csr"),
    (b"-----BEGIN NEW CERTIFICATE REQUEST", "csr"),
    (b"-----BEGIN PKCS7", "pkcs7"),
    (b"-----BEGIN PUBLIC KEY", "public_key"),
)


class CertificateRefused(Exception):
    """The upload is refused; `sentence` says why, `is_metadata` offers the import instead."""

    def __init__(self, sentence: str, *, is_metadata: bool = False) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.is_metadata = is_metadata


@dataclass(frozen=True, slots=True)
class PinnedCertificate:
    """A certificate as it is kept: normalised PEM and what a person wants to know of it."""

    pem: str
    fingerprint: str  # SHA-256 over the DER, lower-case hex
    subject: str
    not_before: datetime
    not_after: datetime

    def is_usable(self, at: datetime) -> bool:
        return self.not_before <= at <= self.not_after


def read_upload(data: bytes, *, at: datetime) -> list[PinnedCertificate]:
    """The certificates in an uploaded file, each judged; CertificateRefused with its sentence.

    Takes PEM (several, with text around, BOM, CRLF), base64 DER and binary DER.
    """
    if len(data) > LARGEST_UPLOAD:
        raise CertificateRefused(_("The file is larger than 64 kB. A certificate has 1 to 2 kB."))
    pinned: list[PinnedCertificate] = []
    for certificate in _load(data.removeprefix(b"\xef\xbb\xbf")):
        judge(certificate, at=at)
        found = pin(certificate)
        if found not in pinned:
            pinned.append(found)
    if len(pinned) > MOST_CERTIFICATES:
        raise CertificateRefused(
            _("The file has %(count)s certificates; at most five are kept. Upload the signing one.")
            % {"count": len(pinned)}
        )
    return pinned


def pin(certificate: x509.Certificate) -> PinnedCertificate:
    return PinnedCertificate(
        pem=certificate.public_bytes(serialization.Encoding.PEM).decode("ascii"),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        subject=_subject(certificate),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def judge(certificate: x509.Certificate, *, at: datetime) -> None:
    """CertificateRefused for a weak key or a certificate outside of its dates."""
    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        key = None
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < SMALLEST_RSA:
            raise CertificateRefused(
                _("The certificate's RSA key has %(bits)s bits; 2048 are the least that is safe.")
                % {"bits": key.key_size}
            )
    elif not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name not in CURVES:
        raise CertificateRefused(
            _("The certificate's key is neither RSA nor ECDSA (P-256, P-384, P-521).")
        )
    if certificate.not_valid_after_utc < at:
        raise CertificateRefused(
            _("The certificate expired on %(date)s. Download the current one.")
            % {"date": f"{certificate.not_valid_after_utc:%Y-%m-%d}"}
        )
    if certificate.not_valid_before_utc > at:
        raise CertificateRefused(
            _("The certificate is not valid before %(date)s.")
            % {"date": f"{certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"}
        )


def shorten(fingerprint: str) -> str:
    """A fingerprint as people compare it, AB:CD and so on."""
    return ":".join(fingerprint[i : i + 2] for i in range(0, len(fingerprint), 2)).upper()


def fingerprint_of(text: str) -> str:
    """The SHA-256 of a base64 certificate as it stands in a message, or "" if it is none."""
    try:
        der = base64.b64decode("".join(text.split()), validate=True)
        return x509.load_der_x509_certificate(der).fingerprint(hashes.SHA256()).hex()
    except _NO_CERTIFICATE:
        return ""


def expired_on(certificates: Iterable[PinnedCertificate]) -> str:
    return ", ".join(
        f"{certificate.not_before:%Y-%m-%d} – {certificate.not_after:%Y-%m-%d}"
        for certificate in certificates
    )


def _load(data: bytes) -> list[x509.Certificate]:
    start = data.lstrip()
    if not start:
        raise CertificateRefused(_("The file is empty."))
    if b"PRIVATE KEY-----" in data:
        raise CertificateRefused(
            _(
                "The file contains a private key. We did not store it, and nobody should have it: "
                "upload the certificate alone, and consider the key as lost."
            )
        )
    if start.startswith(b"<"):
        raise CertificateRefused(
            _("This is metadata (XML), not a certificate. Import it as metadata instead."),
            is_metadata=True,
        )
    # One that never ends begins no block: searched so, a file takes time by its length alone.
    blocks = [part for part in data.split(_PEM_BEGIN)[1:] if _PEM_END in part]
    if blocks:
        return [_pem(block) for block in blocks]
    for mark, what in _OTHERS:
        if mark in data:
            raise CertificateRefused(_not_a_certificate(what))
    return [_der(data)]


def _pem(block: bytes) -> x509.Certificate:
    block = _PEM_BEGIN + block.partition(_PEM_END)[0] + _PEM_END
    try:
        return x509.load_pem_x509_certificate(block)
    except _NO_CERTIFICATE:
        raise CertificateRefused(_damaged()) from None


def _der(data: bytes) -> x509.Certificate:
    try:
        der = base64.b64decode(_SPACE.sub(b"", data), validate=True)
    except (binascii.Error, ValueError):
        der = data  # not base64: then it is binary
    try:
        return x509.load_der_x509_certificate(der)
    except _NO_CERTIFICATE:
        raise CertificateRefused(_not_a_certificate(_name_der(der))) from None


def _name_der(der: bytes) -> str:
    """What a DER file is that is no certificate, by its first object identifier or number."""
    if b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" in der[:40]:
        return "pkcs7"
    if der[:1] == b"\x30" and b"\x02\x01\x03\x30" in der[:12]:
        return "pkcs12"
    for load, what in ((_is_key, "key"), (_is_request, "csr")):
        if load(der):
            return what
    return ""


def _is_key(der: bytes) -> bool:
    try:
        serialization.load_der_private_key(der, password=None)
    except TypeError:  # encrypted
        return True
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


def _is_request(der: bytes) -> bool:
    try:
        x509.load_der_x509_csr(der)
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


def _not_a_certificate(what: str) -> str:
    return {
        "csr": _("This is a certificate request (CSR), not a certificate."),
        "pkcs7": _("This is a PKCS#7 bundle (.p7b). Export the certificate as Base-64 X.509."),
        "pkcs12": _(
            "This is a PKCS#12 file (.pfx, .p12), which holds a private key. We did not store it. "
            "Export the certificate alone."
        ),
        "key": _("This is a private key. We did not store it. Upload the certificate instead."),
        "public_key": _("This is a public key, not a certificate."),
    }.get(what) or _damaged()


def _damaged() -> str:
    return _(
        "This is no X.509 certificate that we can read. Upload the .pem, .cer or .crt file of your "
        "identity provider."
    )


def _subject(certificate: x509.Certificate) -> str:
    try:
        return certificate.subject.rfc4514_string()[:255]
    except ValueError:
        return ""


def days_left(not_after: datetime, *, at: datetime) -> int:
    """Whole days until then, by calendar date in UTC: 0 on the day itself."""
    return (not_after.astimezone(UTC).date() - at.astimezone(UTC).date()).days


def expiry_words(days: int) -> str:
    if days == 0:
        return _("expires today")
    return ngettext("expires in %(days)d day", "expires in %(days)d days", days) % {"days": days}
