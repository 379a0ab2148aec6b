"""The ground floor's configuration."""

from allauth.usersessions.apps import UserSessionsConfig
from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, organizations, members, projects, sign-in, policy, audit, the settings shell."""

    name = "accounts"

    def ready(self) -> None:
        """Register the ground floor's own menu items, switches and receivers."""
        from accounts import receivers, registrations  # noqa: F401  # needs the models


class OpenSessionsConfig(UserSessionsConfig):
    """allauth's list of open sessions, without its questions at each sign-in.

    It asks three for every session that the person ever opened, then looks for a line under a key
    that is new. Ours writes the line; ``accounts.tasks.forget_ended_sessions`` clears the list in
    one statement, and readers skip the dead.
    """

    def ready(self) -> None:
        """Listen to changed passwords only; accounts.receivers writes the line of a sign-in."""
        from allauth.account.signals import user_logged_in
        from allauth.usersessions.signals import on_user_logged_in

        super().ready()
        user_logged_in.disconnect(on_user_logged_in)
