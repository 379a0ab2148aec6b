"""Codes as people type them."""
# ruff: noqa: RUF001  # full-width digits are the point

import pytest

from twofactor.codes import NotACode, clean_code

pytestmark = pytest.mark.threat("F4")


@pytest.mark.parametrize(
    "typed",
    [
        "123456",
        "123 456",
        " 123456\n",
        "123-456",
        "123–456",
        "1 2 3 4 5 6",
        "123\u00a0456",
        "１２３４５６",
        "١٢٣٤٥٦",
    ],
)
def test_spaces_dashes_and_other_digits_are_how_people_write_a_code(typed):
    assert clean_code(typed) == "123456"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12345",
        "1234567",
        "1_23456",
        "+123456",
        "-1.2e5",
        "12345a",
        "0x1234",
        "²²²²²²",
        "½23456",
    ],
)
def test_what_is_no_six_digits_is_refused(typed):
    with pytest.raises(NotACode):
        clean_code(typed)


def test_a_megabyte_is_refused_before_it_is_read():
    with pytest.raises(NotACode):
        clean_code("1" * 1_000_000)


def test_leading_zeros_are_kept():
    assert clean_code("000 042") == "000042"
