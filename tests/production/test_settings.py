"""Settings refuse to start where they would be unsafe (issue: the house stands, 12)."""

import os
import runpy
import subprocess
import sys
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.production.environment import BASE_URL, production
from tests.support.database import PROJECT


@pytest.fixture
def settings_of(monkeypatch: pytest.MonkeyPatch) -> Any:
    """settings_of(environment): the values of settings.py, read in just that environment."""

    def read(environment: dict[str, str]) -> dict[str, Any]:
        for name in list(os.environ):
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(PROJECT / "orgsecurity" / "settings.py"))

    return read


UNSAFE = {
    "no address": ({"BASE_URL": ""}, "Set BASE_URL"),
    "an address without TLS": ({"BASE_URL": "http://app.acme.example"}, "https://"),
    "assertions posted without TLS": ({"SSO_BASE_URL": "http://sso.acme.example"}, "https://"),
    "DEBUG beyond this machine": ({"DEBUG": "on"}, "only where BASE_URL"),
    "DEBUG, assertions from beyond": (
        {"DEBUG": "on", "BASE_URL": "http://127.0.0.1", "SSO_BASE_URL": "https://sso.acme.example"},
        "only where BASE_URL",
    ),
    "no secret key": ({"SECRET_KEY": ""}, "SECRET_KEY"),
    "a short secret key": ({"SECRET_KEY": "only thirty characters of noise"}, "SECRET_KEY"),
    "a repeated letter": ({"SECRET_KEY": "a" * 64}, "SECRET_KEY"),
    "Django's own example": ({"SECRET_KEY": "django-insecure-" + "x7Kq" * 16}, "SECRET_KEY"),
    "no encryption key": ({"ENCRYPTION_KEYS": ""}, "ENCRYPTION_KEYS"),
    "any host": ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
    "no broker": ({"REDIS_URL": ""}, "REDIS_URL"),
}


@pytest.mark.parametrize(("changes", "words"), UNSAFE.values(), ids=UNSAFE.keys())
def test_unsafe_settings_do_not_start_and_say_what_is_missing(settings_of, changes, words):
    with pytest.raises(ImproperlyConfigured, match=words):
        settings_of(production(**changes))


def test_safe_settings_start(settings_of):
    values = settings_of(production())

    assert values["DEBUG"] is False
    assert values["ALLOWED_HOSTS"] == ["app.acme.example", "app.acme.example"]
    assert values["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert values["SESSION_COOKIE_SECURE"]
    assert values["CSRF_COOKIE_SECURE"]
    assert values["SECURE_SSL_REDIRECT"]
    assert values["SECURE_HSTS_SECONDS"] >= 31536000


@pytest.mark.threat("A9")
@pytest.mark.parametrize("name", ["NAME_SERVER_CONTROL_URL", "SMS_PROVIDER_URL", "DEMO_IDP_URL"])
def test_the_demos_servers_are_unknown_in_production(settings_of, name):
    assert settings_of(production(**{name: "http://127.0.0.1:9"}))[name] == ""
    demo = production(DEBUG="on", BASE_URL="http://127.0.0.1:8000", **{name: "http://127.0.0.1:9"})
    assert settings_of(demo)[name] == "http://127.0.0.1:9"


@pytest.mark.threat("A9")
def test_limits_can_be_turned_off_on_ones_own_machine_only(settings_of):
    assert settings_of(production(RATE_LIMITS="off"))["RATE_LIMITS"] is True
    demo = production(DEBUG="on", BASE_URL="http://127.0.0.1:8000", RATE_LIMITS="off")
    assert settings_of(demo)["RATE_LIMITS"] is False


def test_djangos_own_check_for_deployment_finds_nothing():
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level=WARNING"],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], **production()},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr


def test_a_refused_start_is_one_sentence_that_holds_no_secret():
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], **production(BASE_URL=BASE_URL.replace("s:", ":"))},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "must start with https://" in done.stderr.splitlines()[-1]
    assert production()["SECRET_KEY"] not in done.stderr + done.stdout
