"""Domain claiming: who has proved which domain in DNS."""

from django.apps import AppConfig


class DomainsConfig(AppConfig):
    """Claims, their verification by sweep, and what stands on a verified domain."""

    name = "domains"

    def ready(self) -> None:
        """Register the menu item and the system checks."""
        from domains import checks, registrations  # noqa: F401
