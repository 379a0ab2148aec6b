"""The app, and the switch it adds to the policy of organizations."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TwoFactorConfig(AppConfig):
    """Second factors."""

    name = "twofactor"
    verbose_name = _("Two-factor authentication")

    def ready(self) -> None:
        """Register the switch, the menu item and the system checks."""
        from twofactor import registration

        registration.register()
