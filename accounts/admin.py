"""What operators see of the ground floor. What a service must guard is shown and not edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db import transaction

from accounts.actor import Actor
from accounts.audit.events import Event
from accounts.audit.record import record_event
from accounts.models import AuditEvent, Invitation, Membership, Organization, SecurityPolicy, User

if TYPE_CHECKING:
    from django.http import HttpRequest


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable when run
    """Shows rows; the commands and the product's own pages change them."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nothing is made here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is changed here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is deleted here."""
        return False


@admin.register(User)
class UserAdmin(ReadOnly):
    """People; an operator closes an account here, and makes others operators."""

    list_display = ("email", "public_id", "is_active", "is_staff", "two_factor_set_at")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email", "public_id")
    fields = (
        "public_id", "email", "first_name", "last_name", "date_joined", "last_login",
        "two_factor_set_at", "is_active", "is_staff",
    )  # fmt: skip
    editable: ClassVar = ("is_active", "is_staff")
    readonly_fields = tuple(name for name in fields if name not in {"is_active", "is_staff"})

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask Django's own permissions."""
        return admin.ModelAdmin.has_change_permission(self, request, obj)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Write the event with the change."""
        with transaction.atomic():
            obj.save(update_fields=list(self.editable))
            record_event(
                Event.ACCOUNT_SET_BY_OPERATOR,
                actor=Actor.of(request),
                target=obj,
                data={name: getattr(obj, name) for name in self.editable},
            )


@admin.register(Organization)
class OrganizationAdmin(ReadOnly):
    """Organizations."""

    list_display = ("name", "public_id", "created_at")
    search_fields = ("name", "public_id")


@admin.register(SecurityPolicy)
class SecurityPolicyAdmin(ReadOnly):
    """What organizations demand; `set_plan` changes the plan."""

    list_display = ("organization", "plan", "two_factor_required", "sso_enabled", "sso_required")
    list_filter = ("plan", "sso_enabled", "scim_enabled")
    search_fields = ("organization__name", "organization__public_id")


@admin.register(Membership)
class MembershipAdmin(ReadOnly):
    """Who belongs where."""

    list_display = ("user", "organization", "role", "status", "source")
    list_filter = ("role", "status", "source")
    list_select_related = ("user", "organization")
    search_fields = ("user__email", "organization__public_id", "public_id")


@admin.register(Invitation)
class InvitationAdmin(ReadOnly):
    """Invitations; never their tokens."""

    list_display = ("email", "organization", "role", "created_at", "expires_at", "accepted_at")
    exclude = ("token_hash",)
    list_select_related = ("organization",)
    search_fields = ("email", "organization__public_id")


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly):
    """What happened, everywhere."""

    list_display = ("occurred_at", "event", "organization_name", "actor_name", "target_name")
    ordering = ("-id",)
    search_fields = ("organization_id", "actor_email", "request_id")
