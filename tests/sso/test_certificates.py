"""What admins upload, good and bad."""

import base64
import datetime as dt
import time
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12

from sso.saml.certificates import CertificateRefused, days_left, pin, read_upload
from tests.sso import signer

pytestmark = pytest.mark.requirement("SSO-3")

BEGIN = b"-----BEGIN CERTIFICATE-----"
NOW = dt.datetime.now(dt.UTC)
ONE, TWO = signer.key("one"), signer.key("two")


def der(key):
    return key.certificate.public_bytes(serialization.Encoding.DER)


@pytest.mark.parametrize(
    "data",
    [
        ONE.certificate_pem,
        b"\xef\xbb\xbf" + ONE.certificate_pem.replace(b"\n", b"\r\n"),
        b"Bag Attributes\n  friendlyName: x\nsubject=CN\n" + ONE.certificate_pem + b"\ntrailing",
        base64.b64encode(der(ONE)),
        base64.encodebytes(der(ONE)),
        der(ONE),
    ],
)
def test_certificate_is_read_in_every_usual_form(data):
    assert read_upload(data, at=NOW) == [pin(ONE.certificate)]


def test_file_with_two_certificates_gives_both_and_the_same_twice_gives_one():
    data = ONE.certificate_pem + TWO.certificate_pem + ONE.certificate_pem

    assert read_upload(data, at=NOW) == [pin(ONE.certificate), pin(TWO.certificate)]


def request():
    key: Any = serialization.load_pem_private_key(ONE.private_pem, None)
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(ONE.certificate.subject)
        .sign(key, hashes.SHA256())
    )


def bundle(encoding):
    return pkcs7.serialize_certificates([ONE.certificate], encoding)


def of_version(number):
    return der(ONE).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01" + bytes([number]), 1)


def key_file():
    private: Any = serialization.load_pem_private_key(ONE.private_pem, None)
    return pkcs12.serialize_key_and_certificates(
        b"x",
        private,
        ONE.certificate,
        None,
        serialization.BestAvailableEncryption(b"secret"),
    )


@pytest.mark.threat("O2")
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"x" * (64 * 1024 + 1), "64 kB"),
        (b"hello", "no X.509"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "no X.509"),
        (BEGIN + b"-----END CERTIFICATE-----", "no X.509"),
        (of_version(5), "no X.509"),
        (base64.b64encode(of_version(5)), "no X.509"),
        (BEGIN + base64.encodebytes(of_version(5)) + b"-----END CERTIFICATE-----", "no X.509"),
        (b"<md:EntityDescriptor/>", "metadata"),
        (b'  <?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "metadata"),
        (ONE.private_pem, "private key"),
        (ONE.private_pem + ONE.certificate_pem, "private key"),
        (request().public_bytes(serialization.Encoding.PEM), "CSR"),
        (request().public_bytes(serialization.Encoding.DER), "CSR"),
        (bundle(serialization.Encoding.PEM), "PKCS#7"),
        (bundle(serialization.Encoding.DER), "PKCS#7"),
        (key_file(), "PKCS#12"),
        (base64.b64encode(key_file()), "PKCS#12"),
        (signer.make_key(start=-10, end=-1).certificate_pem, "expired on"),
        (signer.make_key(start=1, end=10).certificate_pem, "not valid before"),
        (signer.make_key("rsa1024").certificate_pem, "1024 bits"),
        (signer.make_key("k256").certificate_pem, "neither RSA nor"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_good_certificate_is_refused_by_name(data, words):
    with pytest.raises(CertificateRefused) as caught:
        read_upload(data, at=NOW)

    assert words in caught.value.sentence


@pytest.mark.threat("O2")
def test_file_of_beginnings_without_an_end_costs_no_time():
    data = BEGIN * (64 * 1024 // len(BEGIN))
    began = time.perf_counter()

    with pytest.raises(CertificateRefused, match="no X"):
        read_upload(data, at=NOW)

    assert time.perf_counter() - began < 0.2  # 1.6 s by an expression that looked for the end


def test_certificate_after_one_that_is_cut_off_is_read():
    data = ONE.certificate_pem[:400] + b"\n" + TWO.certificate_pem

    assert read_upload(data, at=NOW) == [pin(TWO.certificate)]


def test_six_certificates_at_once_are_too_many():
    data = b"".join(signer.key(f"many{n}", kind="p256").certificate_pem for n in range(6))

    with pytest.raises(CertificateRefused, match="at most five"):
        read_upload(data, at=NOW)


@pytest.mark.requirement("SSO-8")
def test_days_left_are_counted_by_the_calendar():
    at = dt.datetime(2026, 3, 1, 23, 59, tzinfo=dt.UTC)

    assert days_left(dt.datetime(2026, 3, 2, 0, 1, tzinfo=dt.UTC), at=at) == 1
    assert days_left(dt.datetime(2026, 3, 1, 23, 59, 30, tzinfo=dt.UTC), at=at) == 0
    assert days_left(dt.datetime(2026, 2, 27, tzinfo=dt.UTC), at=at) == -2
