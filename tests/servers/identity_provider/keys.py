"""The signing key and its certificate, and the ones announced to follow them."""

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

VALID_FOR = timedelta(days=1095)


class Keys:
    """Pairs in a folder: "now" signs; "next" is announced in the metadata, but signs nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.certificate("now").exists():
            self._generate("now")

    def key(self, which: str) -> Path:
        return self._folder / f"{which}.key"

    def certificate(self, which: str) -> Path:
        return self._folder / f"{which}.crt"

    @property
    def next_certificate(self) -> Path | None:
        staged = self.certificate("next")
        return staged if staged.exists() else None

    def stage(self) -> Path:
        """Make the next pair, if none waits, and return its certificate."""
        if not self.next_certificate:
            self._generate("next")
        return self.certificate("next")

    def roll(self) -> Path:
        """Let the next pair sign from now on, and return its certificate."""
        self.stage()
        self.key("next").replace(self.key("now"))
        self.certificate("next").replace(self.certificate("now"))
        return self.certificate("now")

    def _generate(self, which: str) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name(
            [x509.NameAttribute(x509.NameOID.COMMON_NAME, f"idp {secrets.token_hex(3)}")]
        )
        begin = datetime.now(UTC) - timedelta(days=1)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + VALID_FOR)
            .sign(key, hashes.SHA256())
        )
        self.key(which).touch(mode=0o600)
        self.key(which).write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )
        self.certificate(which).write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
