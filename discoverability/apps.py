"""Discoverability: levels, work domains, join requests."""

from django.apps import AppConfig


class DiscoverabilityConfig(AppConfig):
    """How newcomers find their organization."""

    name = "discoverability"

    def ready(self) -> None:
        """Register the switch, the menu items and what happens to a leaver's requests."""
        from discoverability import registrations  # noqa: F401  # needs the models
