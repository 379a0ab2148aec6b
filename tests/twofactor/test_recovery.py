"""Recovery codes: made, read as typed, kept as a slow hash."""
# ruff: noqa: RUF001  # full-width digits are the point

import pytest

from twofactor import recovery
from twofactor.recovery import NotARecoveryCode, parse


@pytest.mark.requirement("TFA-6")
def test_ten_codes_with_ten_prefixes():
    codes = recovery.new_codes()

    assert len({code.prefix for code in codes}) == 10
    assert len({code.secret for code in codes}) == 10


@pytest.mark.requirement("TFA-10")
@pytest.mark.parametrize(
    "typed",
    [
        "ab12-cd34e-fg567",
        "AB12 CD34E FG567",
        "ab12cd34efg567",
        " ab12–cd34e–fg567\r\n",
        "ａｂ１２-cd34e-fg567",
        "abl2-cd34e-fg567",
        "abi2-cd34e-fg567",
    ],
)
def test_a_code_is_read_as_people_type_it(typed):
    code = parse(typed)

    assert str(code) == "ab12-cd34e-fg567"


@pytest.mark.parametrize(
    "typed", ["", "123456", "ab12-cd34e-fg56", "ab12-cd34e-fg56!", "a" * 10_000]
)
def test_what_is_no_recovery_code_is_refused(typed):
    with pytest.raises(NotARecoveryCode):
        parse(typed)


@pytest.mark.threat("F12")
def test_what_is_kept_is_salted_slow_and_does_not_contain_the_code():
    kept = recovery.hashed("cd34efg567")
    again = recovery.hashed("cd34efg567")

    assert kept != again
    assert kept.startswith("argon2$argon2id$")
    assert "cd34efg567" not in kept
    assert recovery.fits("cd34efg567", kept)
    assert not recovery.fits("cd34efg568", kept)


@pytest.mark.threat("F12")
def test_the_hash_costs_what_owasp_asks():
    """Conftest makes the hash cheap for the tests; the product's own numbers are looked at here."""
    assert (recovery.MEMORY_COST, recovery.TIME_COST) == (19 * 1024, 2)


@pytest.mark.requirement("TFA-6")
def test_the_file_names_product_and_account():
    text = recovery.as_text_file(["ab12-cd34e-fg567"], product="Acme", account="ann@corp.example")

    assert text.startswith("Acme: recovery codes of ann@corp.example\r\n")
    assert "\r\nab12-cd34e-fg567\r\n" in text
