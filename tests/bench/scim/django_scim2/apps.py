"""The app of its users."""

from django.apps import AppConfig


class PeerConfig(AppConfig):
    """Users and groups of django-scim2."""

    name = "tests.bench.scim.django_scim2"
    label = "peer"
