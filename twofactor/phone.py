"""Mobile numbers: read as people write them, kept as E.164 (TFA-7)."""

from __future__ import annotations

from collections.abc import Collection

import phonenumbers
from django.utils.translation import gettext as _
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from twofactor.countries import COUNTRY_NAMES

# Where numbers don't tell (as in the USA), the provider does: Twilio's 60205 for a landline.
MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
LONGEST_INPUT = 40
PREFIX_LENGTH = 8  # "+4915123": pumping walks through the numbers of one small range


class UnusableNumber(ValueError):
    """A number that no code can be sent to; says why and what to type instead."""


def clean_number(typed: str, country: str, *, allowed: Collection[str] = ()) -> str:
    """Return ``typed`` as E.164, ``country`` (ISO 3166) being where it has no ``+``.

    ``allowed`` are the countries texts may go to; none named, all. Raises ``UnusableNumber``.
    """
    try:
        number = phonenumbers.parse(typed[:LONGEST_INPUT], country)
    except NumberParseException:
        raise UnusableNumber(
            _("Enter a mobile number like %(example)s.") % {"example": example(country)}
        ) from None
    region = phonenumbers.region_code_for_number(number)
    if region is None or not phonenumbers.is_valid_number(number) or number.extension:
        raise UnusableNumber(
            _("That isn’t a complete phone number. Enter one like %(example)s.")
            % {"example": example(country)}
        )
    if phonenumbers.number_type(number) not in MOBILE:
        raise UnusableNumber(
            _("That is not a mobile number, so it can’t receive texts. Enter a mobile number.")
        )
    if allowed and region not in allowed:
        raise UnusableNumber(
            _("We can’t send codes to %(country)s. Use an authentication app instead.")
            % {"country": COUNTRY_NAMES.get(region, region)}
        )
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def example(country: str) -> str:
    """Return a mobile number of ``country``, as it is written there to callers from abroad."""
    number = phonenumbers.example_number_for_type(country, PhoneNumberType.MOBILE)
    if number is None:
        return "+1 201 555 0123"
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)


def country_of(number: str) -> str:
    """Return the ISO 3166 code of an E.164 number, or ``""``."""
    return phonenumbers.region_code_for_number(_parsed(number)) or ""


def prefix_of(number: str) -> str:
    """Return the start of an E.164 number, by which a bought range is recognised (F9)."""
    return number[:PREFIX_LENGTH]


def ending(number: str) -> str:
    """Return the two last digits: all that is shown of a number once it is set."""
    return number[-2:]


def choices(allowed: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return the countries to choose from, each with its calling code."""
    return [
        (code, f"{name} (+{phonenumbers.country_code_for_region(code)})")
        for code, name in COUNTRY_NAMES.items()
        if not allowed or code in allowed
    ]


def _parsed(number: str) -> PhoneNumber:
    return phonenumbers.parse(number, None)
