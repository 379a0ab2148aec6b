"""Single sign-on: one SAML connection an organization (SSO, JIT, IDP)."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SingleSignOnConfig(AppConfig):
    """Registers the switches, menu items and protections of single sign-on."""

    name = "sso"
    verbose_name = _("Single sign-on")

    def ready(self) -> None:
        """Fill the ground floor's registries."""
        from sso import receivers, registrations  # noqa: F401  # they need the models
