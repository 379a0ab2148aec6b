"""DOM-7: what may be claimed, and the sentence for everything else."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domains.names import DomainRefused, is_public_mail_domain, parse_domain, readable, registrable

pytestmark = pytest.mark.requirement("DOM-7")


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("corp.example", "corp.example"),
        ("  corp.example\n", "corp.example"),
        ("CORP.Example", "corp.example"),
        ("corp.example.", "corp.example"),
        ("it.corp.example", "it.corp.example"),
        ("corp.test", "corp.test"),
        ("acme.co.uk", "acme.co.uk"),
        ("acme.github.io", "acme.github.io"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("corp。example", "corp.example"),
        ("1and1.com", "1and1.com"),
    ],
)
def test_a_domain_is_stored_as_its_lower_case_a_label(typed, stored):
    assert parse_domain(typed) == stored


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "empty"),
        (".", "empty"),
        ("http://corp.example/", "url"),
        ("corp.example/path", "url"),
        ("user@corp.example", "email"),
        ("192.0.2.1", "ip_address"),
        ("192.0.2.1.", "ip_address"),
        ("[2001:db8::1]", "ip_address"),
        ("2001:db8::1", "ip_address"),
        ("10.1", "ip_address"),
        ("corp.example:443", "port"),
        ("localhost", "reserved"),
        ("corp.local", "reserved"),
        ("corp.internal", "reserved"),
        ("www.localhost", "reserved"),
        ("corp.invalid", "reserved"),
        ("corp.onion", "reserved"),
        ("1.168.192.in-addr.arpa", "reserved"),
        ("corp", "single_label"),
        ("corp.lan", "unknown_suffix"),
        ("corp.exmaple", "unknown_suffix"),
        ("co.uk", "public_suffix"),
        ("gmail.com", "public_mail"),
        ("GMail.Com.", "public_mail"),
        ("mailinator.com", "public_mail"),
        ("x.mailinator.com", "public_mail"),
        ("a" * 300, "too_long"),
        (".".join(["a" * 60] * 5) + ".example", "too_long"),
        ("a" * 64 + ".example", "label_too_long"),
        ("ü" * 60 + ".example", "label_too_long"),
        ("💩.example", "characters"),
        ("corp\0.example", "control"),
        ("corp\x1b[31m.example", "control"),
        ("corp .example", "space"),
        ("corp.example, acme.example", "space"),
        ("*.corp.example", "wildcard"),
        ("_dmarc.corp.example", "underscore"),
        ("corp..example", "empty_label"),
        (".corp.example", "empty_label"),
        ("-corp.example", "malformed"),
        ("xn--zzzz.com", "malformed"),
    ],
)
def test_each_mistake_has_its_own_sentence(typed, code):
    with pytest.raises(DomainRefused) as refused:
        parse_domain(typed)

    assert refused.value.code == code
    assert str(refused.value).endswith((".", "corp.example."))


def test_the_sentences_differ_by_mistake():
    mistakes = ("http://a.example", "a@b.example", "192.0.2.1", "a.local", "co.uk", "gmail.com")
    sentences = {refusal_of(typed) for typed in mistakes}

    assert len(sentences) == len(mistakes)


def refusal_of(typed):
    with pytest.raises(DomainRefused) as refused:
        parse_domain(typed)
    return str(refused.value)


def test_the_operator_adds_mail_domains_and_corrects_the_lists(settings):
    settings.PUBLIC_MAIL_DOMAINS = ["mail.corp.example"]
    settings.DOMAINS_ALLOWED = ["gmx.de"]

    assert is_public_mail_domain("mail.corp.example")
    assert refusal_of("mail.corp.example").startswith("Anybody can have an address")
    assert parse_domain("gmx.de") == "gmx.de"


def test_a_name_is_shown_in_its_own_letters_and_its_registrable_part_is_known():
    assert readable("xn--bcher-kva.example") == "bücher.example"
    assert readable("corp.example") == "corp.example"
    assert registrable("it.corp.co.uk") == "corp.co.uk"


@given(st.text(max_size=80))
def test_any_text_is_refused_or_becomes_a_name_that_stays_itself(text):
    with contextlib.suppress(DomainRefused):
        name = parse_domain(text)

        assert name.isascii()
        assert name == name.lower()
        assert parse_domain(name) == name
