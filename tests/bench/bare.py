"""Django alone: its own session, its own look-up of the user, and no other middleware."""

from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.test import override_settings

from accounts.models import User

BACKEND = "django.contrib.auth.backends.ModelBackend"


def bare_django() -> Any:
    """Return the settings in which a handler is made; a handler keeps its middleware."""
    return override_settings(
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        SESSION_ENGINE="django.contrib.sessions.backends.db",
    )


def with_its_backend() -> Any:
    """Return the settings in which a session of bare_session() is known."""
    return override_settings(AUTHENTICATION_BACKENDS=[*settings.AUTHENTICATION_BACKENDS, BACKEND])


def bare_session(user: User) -> str:
    """Sign somebody in; returns the session's key."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)
