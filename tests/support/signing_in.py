"""Put a person into a test client's session, with the evidence that the test is about."""

from __future__ import annotations

import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.signin import evidence


def sign_in(
    client: Client,
    user: User,
    *methods: str,
    connection: str = "",
    organization: str = "",
    at: datetime.datetime | None = None,
    first_session: bool = False,
    **fields: Any,
) -> Client:
    """Open a session that proved ``methods`` (default: password), and otp where a factor is set.

    ``"saml"`` takes ``connection`` and ``organization``, public ids. Skips the sign-in's own
    pages; tests of those go through them.
    """
    now = at or timezone.now()
    wanted = list(methods) or ["password", *(["otp"] if user.has_second_factor else [])]
    proofs = tuple(
        evidence.Proof(
            method,
            now,
            connection=connection if method == "saml" else "",
            organization=organization if method == "saml" else "",
            **fields,
        )
        for method in wanted
    )
    until = now + evidence.FIRST_SESSION if first_session else None
    session = client.session
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session[evidence.SESSION_KEY] = evidence.Evidence(proofs, until).serialize()
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)
    return client
