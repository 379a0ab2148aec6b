"""The operators' pages: Django's admin, reached by the product's own sign-in and no other door."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from accounts.signin.evidence import evidence_of
from accounts.signin.flow import redirect_to_sign_in

if TYPE_CHECKING:
    from django.http import HttpRequest

# Libraries register their tables, too: mails with their codes, addresses, sessions. Not here.
OUR_APPS = frozenset({"accounts", "domains", "twofactor", "sso", "scim", "discoverability"})


class OperatorsSite(AdminSite):
    """Opens to staff whose session holds account-level evidence and a second factor."""

    site_header = site_title = _("Operators")
    index_title = _("What is there")
    enable_nav_sidebar = False

    def __init__(self, name: str = "otpadmin") -> None:
        super().__init__(name)

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register our own models; those of libraries stay out."""
        models = (
            model_or_iterable
            if isinstance(model_or_iterable, list | tuple)
            else [model_or_iterable]
        )
        ours = [model for model in models if model._meta.app_label in OUR_APPS]
        if ours:
            super().register(ours, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        """Ask for staff, and for evidence of their own with the second factor on top."""
        user = request.user
        if not (user.is_authenticated and user.is_active and user.is_staff):
            return False
        evidence = evidence_of(request)
        return evidence.is_account_level and evidence.has_second_factor

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Lead to the product's sign-in: a second form for passwords would be a side door.

        Whoever is signed in and no operator finds nothing here.
        """
        here = request.GET.get("next", "") or request.path.replace("login/", "")
        user = request.user
        if not user.is_authenticated:
            return redirect_to_sign_in(request, path=here)
        if not user.is_staff:
            raise Http404
        if not user.has_second_factor:
            messages.error(request, _("Set up a second factor first: operators need one."))
            return redirect("profile:home")
        if not self.has_permission(request):
            return redirect_to_sign_in(request, address=user.email, path=here)
        return redirect("otpadmin:index")

    def logout(  # type: ignore[override]  # the stub is narrower than Django itself
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        """Sign out as everywhere else, with the event that it leaves."""
        from accounts.signin.views import sign_out  # noqa: PLC0415  # needs the URLs

        return sign_out(request)

    def password_change(  # type: ignore[override]  # the stub is narrower than Django itself
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        """Change it where everybody does: with a mail, and the end of other sessions."""
        return redirect("profile:password")
