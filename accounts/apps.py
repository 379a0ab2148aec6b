"""The ground floor's configuration."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, organizations, members, projects, sign-in, policy, audit, the settings shell."""

    name = "accounts"

    def ready(self) -> None:
        """Register the ground floor's own menu items, switches and receivers."""
        from accounts import receivers, registrations  # noqa: F401  # needs the models
