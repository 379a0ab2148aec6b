"""Time-based codes against RFC 6238 and against a phone's clock."""

import base64
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twofactor import totp
from twofactor.totp import Verdict, code_at, match

RFC_SEED = base64.b32encode(b"12345678901234567890").decode()
NOW = 1_700_000_010  # ten seconds into a step


@pytest.mark.requirement("TFA-5")
@pytest.mark.parametrize(
    ("moment", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_rfc_6238(moment, code):
    assert code_at(RFC_SEED, moment) == code


@pytest.mark.threat("F3")
@pytest.mark.parametrize("offset", [-1, 0, 1])
def test_a_step_to_either_side_is_accepted(offset):
    code = code_at(RFC_SEED, NOW + 30 * offset)

    assert match(RFC_SEED, code, moment=NOW, last_step=-1).verdict is Verdict.ACCEPTED


@pytest.mark.threat("F3")
@pytest.mark.parametrize("offset", [-100, -3, -2, 2, 3, 100])
def test_older_and_later_codes_are_refused(offset):
    code = code_at(RFC_SEED, NOW + 30 * offset)

    assert match(RFC_SEED, code, moment=NOW, last_step=-1).verdict is Verdict.WRONG


@pytest.mark.threat("F1")
def test_a_used_step_and_those_before_it_are_not_taken_again():
    first = match(RFC_SEED, code_at(RFC_SEED, NOW), moment=NOW, last_step=-1)

    again = match(RFC_SEED, code_at(RFC_SEED, NOW), moment=NOW, last_step=first.step)
    before = match(RFC_SEED, code_at(RFC_SEED, NOW - 30), moment=NOW, last_step=first.step)
    after = match(RFC_SEED, code_at(RFC_SEED, NOW + 30), moment=NOW, last_step=first.step)

    assert again.verdict is Verdict.USED
    assert before.verdict is Verdict.USED
    assert after.verdict is Verdict.ACCEPTED


@pytest.mark.threat("F3")
def test_the_window_never_wanders():
    """A phone that is always a step late stays a step late; two steps are never accepted."""
    last_step, moment = -1, NOW
    for sign_in in range(50):
        moment = NOW + sign_in * 90
        found = match(RFC_SEED, code_at(RFC_SEED, moment - 30), moment=moment, last_step=last_step)
        assert found.verdict is Verdict.ACCEPTED
        last_step = found.step

    late = code_at(RFC_SEED, moment + 90 - 60)
    assert match(RFC_SEED, late, moment=moment + 90, last_step=last_step).verdict is Verdict.WRONG


@given(st.integers(30, 2**33), st.integers(0, 999_999))
def test_a_code_is_accepted_only_where_one_of_three_steps_has_it(moment, number):
    code = f"{number:06d}"

    found = match(RFC_SEED, code, moment=moment, last_step=-1)

    steps = {code_at(RFC_SEED, moment + 30 * offset) for offset in (-1, 0, 1)}
    assert (found.verdict is Verdict.ACCEPTED) == (code in steps)


def test_seeds_are_random_and_of_160_bits():
    seeds = {totp.new_seed() for _ in range(100)}

    assert len(seeds) == 100
    assert {len(base64.b32decode(seed)) for seed in seeds} == {20}


@pytest.mark.requirement("TFA-5")
def test_the_address_in_the_qr_code_names_issuer_and_account():
    uri = totp.provisioning_uri(RFC_SEED, account="ann+x@corp.example", issuer="Acme: & Söhne")

    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert parts.path == "/Acme%20%20%26%20S%C3%B6hne%3Aann%2Bx@corp.example"
    assert parse_qs(parts.query) == {
        "secret": [RFC_SEED],
        "issuer": ["Acme  & Söhne"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }


@pytest.mark.requirement("TFA-5")
def test_the_secret_is_shown_in_fours():
    assert totp.grouped("ABCDEFGHIJ") == "ABCD EFGH IJ"


@pytest.mark.requirement("TFA-5")
def test_the_qr_code_is_inline_svg_without_styles_and_says_its_name():
    svg = totp.qr_svg("otpauth://totp/x?secret=ABC", label='Scan "this" <now>')

    assert "style=" not in svg
    assert 'aria-label="Scan &quot;this&quot; &lt;now&gt;"' in svg
    assert dark_modules(svg) == expected_modules("otpauth://totp/x?secret=ABC")


def dark_modules(svg: str) -> set[tuple[int, int]]:
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v1H\d+z", svg)
    return {(int(x) + i, int(y)) for x, y, width in runs for i in range(int(width))}


def expected_modules(text: str) -> set[tuple[int, int]]:
    import qrcode  # noqa: PLC0415  # only here

    code = qrcode.QRCode(border=4, error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(text)
    return {(x, y) for y, row in enumerate(code.get_matrix()) for x, dark in enumerate(row) if dark}
