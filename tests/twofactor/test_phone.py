"""Mobile numbers."""
# ruff: noqa: RUF001  # full-width digits are the point

import pytest

from twofactor import phone
from twofactor.phone import UnusableNumber, clean_number

pytestmark = pytest.mark.requirement("TFA-7")


@pytest.mark.parametrize(
    ("typed", "country", "number"),
    [
        ("0151 23456789", "DE", "+4915123456789"),
        ("+49 151 23456789", "US", "+4915123456789"),
        ("(201) 555-0123", "US", "+12015550123"),
        ("07400 123456", "GB", "+447400123456"),
        ("００４４ 7400 123456", "DE", "+447400123456"),
    ],
)
def test_numbers_are_kept_as_e164(typed, country, number):
    assert clean_number(typed, country) == number


@pytest.mark.parametrize(
    ("typed", "country", "sentence"),
    [
        ("", "DE", "Enter a mobile number"),
        ("abc", "DE", "Enter a mobile number"),
        ("12", "DE", "complete phone number"),
        ("+999 123456", "DE", "Enter a mobile number"),
        ("030 901820", "DE", "not a mobile number"),
        ("0900 1234567", "DE", "not a mobile number"),
        ("0800 1234567", "DE", "not a mobile number"),
        ("0151 23456789 ext. 5", "DE", "complete phone number"),
        ("1" * 5_000, "US", "Enter a mobile number"),
    ],
)
def test_what_can_receive_no_text_is_refused_with_its_reason(typed, country, sentence):
    with pytest.raises(UnusableNumber, match=sentence):
        clean_number(typed, country)


@pytest.mark.threat("F9")
def test_a_country_outside_the_allow_list_is_refused_by_name():
    with pytest.raises(UnusableNumber, match="codes to Germany"):
        clean_number("0151 23456789", "DE", allowed=["US", "CA"])


@pytest.mark.threat("F9")
def test_the_allow_list_judges_the_number_and_not_the_country_chosen():
    with pytest.raises(UnusableNumber, match="codes to Germany"):
        clean_number("+49 151 23456789", "US", allowed=["US"])


def test_the_list_of_countries_follows_the_allow_list():
    assert phone.choices(["US"]) == [("US", "United States (+1)")]
    assert ("DE", "Germany (+49)") in phone.choices()


def test_only_the_end_of_a_number_is_shown():
    assert phone.ending("+4915123456742") == "42"
