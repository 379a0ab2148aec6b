"""Discoverability: levels, work domains, join requests."""

from django.apps import AppConfig


class DiscoverabilityConfig(AppConfig):
    """Discoverability: levels, work domains, join requests."""

    name = "discoverability"
