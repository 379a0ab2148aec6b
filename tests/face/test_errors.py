"""Refusals and faults: each says what happened, and what to do now."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connections
from django.test import Client, RequestFactory

from orgsecurity import errors


@pytest.fixture
def request_of_nobody(rf):
    request = rf.get("/settings/?a=1")
    request.id = "1a2b3c4d5e6f"
    return request


def test_a_fault_has_a_reference_and_needs_no_database(request_of_nobody, monkeypatch):
    def no_database(*args, **kwargs):
        raise AssertionError("The page of a fault asked the database.")

    monkeypatch.setattr(connections["default"], "cursor", no_database)

    response = errors.server_error(request_of_nobody)

    assert response.status_code == 500
    assert b"E-1A2B3C4D" in response.content
    assert b"<h1>" in response.content


def test_a_fault_of_the_templates_still_shows_its_reference(request_of_nobody, monkeypatch):
    def broken(*args, **kwargs):
        raise ValueError("Missing staticfiles manifest entry")

    monkeypatch.setattr(errors, "render_to_string", broken)

    assert b"E-1A2B3C4D" in errors.server_error(request_of_nobody).content


def test_too_many_tries_says_when_again_in_words_and_in_its_header(request_of_nobody):
    response = errors.too_many(request_of_nobody, timedelta(seconds=61.5))

    assert response.status_code == 429
    assert response["Retry-After"] == "62"
    assert b"Wait 2 minutes" in response.content


def test_a_refusal_repeats_its_reason_escaped(request_of_nobody):
    reason = PermissionDenied("Only owners <b>open</b> this.")

    response = errors.permission_denied(request_of_nobody, reason)

    assert response.status_code == 403
    assert b"Only owners &lt;b&gt;open&lt;/b&gt; this." in response.content


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/no-such-page/", "/settings/organization/org_none/nothing/"])
def test_an_unknown_address_has_the_products_face_even_while_debugging(client, settings, path):
    settings.DEBUG = True

    response = client.get(path)

    assert response.status_code == 404
    assert b"or you can't see it" in response.content


@pytest.fixture
def strict_client():
    return Client(enforce_csrf_checks=True)


EXPIRED = {
    "name": "Acme & Söhne",
    "password": "correct horse",
    "recovery_code": "7f3k-92qa",
    "csrfmiddlewaretoken": "x",
    "empty": " ",
}


@pytest.mark.django_db
@pytest.mark.threat("T6")
def test_an_expired_form_gives_back_what_was_typed_and_no_secret(strict_client):
    response = strict_client.post(
        "/sign-in/", EXPIRED, headers={"Origin": "http://testserver"}, follow=False
    )

    assert response.status_code == 403
    html = response.content.decode()
    assert "This form has expired" in html
    assert "Acme &amp; Söhne" in html
    assert "correct horse" not in html
    assert "7f3k-92qa" not in html


@pytest.mark.django_db
@pytest.mark.threat("S18")
@pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
def test_what_a_foreign_page_sent_is_neither_done_nor_shown(strict_client, origin):
    headers = {"Origin": origin} if origin else {}

    response = strict_client.post("/sign-in/", EXPIRED, headers=headers)

    assert response.status_code == 403
    assert "Söhne" not in response.content.decode()


def test_a_huge_expired_form_is_not_repeated():
    request = RequestFactory().post(
        "/", {"note": "x" * 30_000}, headers={"Origin": "http://testserver"}
    )

    assert b"xxxx" not in errors.csrf_failure(request).content
