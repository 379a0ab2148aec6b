"""Every form of every page, each of its fields filled with what nobody means well.

The pages are those that tests/face walks. Never an error of ours; where a form is refused, a
sentence stands at the field, and what was typed is still there.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.forms import BaseForm
from django.test import Client
from django.urls import reverse
from lxml import html

from tests.face.conftest import world  # noqa: F401  # a fixture of the walk
from tests.face.test_walk import ALL_PAGES, arrive  # noqa: F401  # the same
from tests.factories import PASSWORD
from tests.twofactor.support import cheap_recovery_codes  # noqa: F401  # for every test here

pytestmark = pytest.mark.django_db

# Forms to look at, which answer nothing and keep nothing.
EXAMPLES = "development:components"
HOSTILE = {
    "empty": "",
    "spaces": " \t ",
    "over-long": "over-long " * 8_000,
    "NUL": "an\x00n@corp.example",
    "a look-alike": "\N{CYRILLIC SMALL LETTER A}nn@corp.example",
    "a domain of two scripts": "ann@c\N{GREEK SMALL LETTER OMICRON}rp.example",
    "a Kelvin sign": "an\N{KELVIN SIGN}@corp.example",
    "a full-width @": "ann\N{FULLWIDTH COMMERCIAL AT}corp.example",
    "turned around": "ann\N{RIGHT-TO-LEFT OVERRIDE}elpmaxe.proc@",
    "two lines": "ann@corp.example\r\nBcc: all@corp.example",
    "another case": "ANN@CORP.EXAMPLE",
    "a number": "9" * 40,
    "markup": "\"'><script>alert(1)</script>",
}
# Typed again by whom it concerns; nothing of it stays on a page.
SECRETS = {"current-password", "new-password", "one-time-code"}
WRITTEN = {"text", "email", "textarea", "tel", "url", "search"}
# What is chosen, not written, and what only filters: fewer things can be wrong.
FEW = ("empty", "over-long", "NUL", "a number", "markup")
# Of these a browser itself changes something.
NOT_KEPT = {"empty", "spaces", "NUL", "two lines", "turned around"}
NO_ADDRESS = {"a look-alike", "a domain of two scripts", "a Kelvin sign", "a full-width @", "NUL"}


@dataclass(frozen=True)
class Field:
    """A field of a form, with all that the form sends."""

    action: str
    method: str
    name: str
    kind: str
    autocomplete: str
    others: dict[str, Any]

    @property
    def is_secret(self) -> bool:
        return self.kind == "password" or self.autocomplete in SECRETS

    def send(self, client: Client, value: object) -> Any:
        """Send the form with this value, undo what came of it, and return the answer."""
        cookies = deepcopy(client.cookies)
        with transaction.atomic():
            ask = client.post if self.method == "post" else client.get
            answer = ask(self.action, self.others | {self.name: value})
            transaction.set_rollback(True)
        client.cookies = cookies
        return answer


def fields_of(page: bytes, path: str) -> Iterator[Field]:
    """Yield the fields of a page's forms that somebody fills in, or could forge."""
    root: Any = html.document_fromstring(page)
    for form in root.forms:
        values = {name: value or "" for name, value in form.fields.items() if name}
        values |= {e.name: PASSWORD for e in form.inputs if e.get("type") == "password"}
        values.pop("csrfmiddlewaretoken", None)
        action = urljoin(path, form.get("action") or path)
        for name in dict.fromkeys(e.name for e in form.inputs if e.name in values):
            element = form.inputs[name]
            element = element if isinstance(element, html.HtmlElement) else next(iter(element))
            kind = element.get("type", element.tag)
            yield Field(
                action, form.method.lower(), name, kind, element.get("autocomplete", ""), values
            )


def faults(client: Client, field: Field) -> Iterator[str]:
    """Yield what is wrong with the answers to each hostile value."""
    much = field.kind in WRITTEN and field.method == "post"
    for what in HOSTILE if much else FEW:
        value = HOSTILE[what]
        told = f"{field.method} {field.action} {field.name} ({field.kind}), {what}"
        answer = field.send(client, forged(value) if field.kind == "file" else value)
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            yield f"{told}: {answer.status_code}"
        shown = b"" if answer.streaming else answer.content
        if b"<script>alert(1)" in shown:
            yield f"{told}: its markup is on the page"
        form = refused_form(answer, field.name)
        if form is None:
            if field.kind == "email" and field.method == "post" and what in NO_ADDRESS:
                yield f"{told}: taken for an address"
            continue
        if field.name in form.errors and b'class="field__error"' not in shown:
            yield f"{told}: no sentence at the field"
        may_go = field.kind not in WRITTEN or field.is_secret or what in NOT_KEPT
        # Addresses are shown as they are understood: in lower case.
        if not may_go and escape(value[:60].strip()).lower() not in shown.decode().lower():
            yield f"{told}: what was typed is gone"


def refused_form(answer: Any, name: str) -> BaseForm | None:
    """Return the form with this field that an answer shows with errors, or None."""
    for context in answer.context or []:
        for layer in context:
            for value in layer.values() if isinstance(layer, dict) else ():
                if isinstance(value, BaseForm) and name in value.fields and value.errors:
                    return value
    return None


def forged(text: str) -> SimpleUploadedFile:
    name = text.replace("\x00", "")[:80] or "file"
    return SimpleUploadedFile(name, b"\x00\xff<!DOCTYPE" + text.encode() * 3)


def test_a_form_that_keeps_nothing_is_found(client, settings):
    settings.DEBUG = True
    path = reverse(EXAMPLES)

    fields = list(fields_of(client.get(path).content, path))

    found = [fault for field in fields for fault in faults(client, field)]
    assert any("domain (text), over-long: what was typed is gone" in fault for fault in found)


@pytest.mark.slow
@pytest.mark.threat("S21", "V7")
@pytest.mark.parametrize("page", ALL_PAGES, ids=str)
def test_no_field_of_a_page_breaks_it_or_loses_what_was_typed(
    page,
    arrive,  # noqa: F811  # the fixture imported above
    client,
    settings,
):
    settings.RATE_LIMITS = False
    client.raise_request_exception = False
    path = arrive(page)
    shown = client.get(path)
    is_page = shown.status_code == page.status and "text/html" in shown.get("Content-Type", "")

    answers = is_page and shown.content and page.name != EXAMPLES
    fields = list(fields_of(shown.content, path)) if answers else []

    assert [fault for field in fields for fault in faults(client, field)] == []
