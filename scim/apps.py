"""Provisioning by SCIM 2.0."""

from django.apps import AppConfig


class ScimConfig(AppConfig):
    """Tokens, /Users and /Groups, and the SCIM tab."""

    name = "scim"
    verbose_name = "SCIM"

    def ready(self) -> None:
        """Register the switch, the menu item and the protection on the overview."""
        from scim import registrations  # noqa: F401
