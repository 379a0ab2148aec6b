"""What this app puts into the ground floor's registries."""

from django.utils.translation import gettext_lazy as _

from accounts import domain_proof
from accounts.organizations import overview
from accounts.organizations.menu import MenuItem, register
from accounts.organizations.permissions import Permission
from domains import metrics, presentation, services

register(
    MenuItem(
        section="security",
        order=30,
        label=_("Domain Claiming"),
        url_name="domains:settings",
        permission=Permission.MANAGE_SECURITY,
        state=presentation.menu_state,
    )
)
overview.register(
    overview.Protection(
        order=20,
        label=_("Verified domain"),
        weight=3,
        url_name="domains:settings",
        judge=presentation.protection,
    )
)
domain_proof.provide(services.is_verified_for)
metrics.register()
