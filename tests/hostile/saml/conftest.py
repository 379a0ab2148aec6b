"""The world in which crafted responses are tried: Acme, connected, and what it may not change."""

import pytest
from django.db import transaction

from tests.hostile.saml.trying import World, make_acme
from tests.sso.conftest import corp

__all__ = ["corp", "world"]


@pytest.fixture(scope="module")
def kept_acme(django_db_setup, django_db_blocker):
    """Acme, connected, once a module: making it costs more than trying a message on it."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_acme()
        transaction.set_rollback(True)


@pytest.fixture
def world(kept_acme, settings):
    """Acme as it was made; thirty refusals a minute are not what is tried here."""
    settings.RATE_LIMITS = False
    with transaction.atomic():
        yield World(kept_acme)
        transaction.set_rollback(True)
