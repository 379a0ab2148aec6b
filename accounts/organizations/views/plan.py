"""Plan & Billing: what the plan gives, and what another would take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.models import Plan
from accounts.organizations.context import OrganizationContext, organization_page
from accounts.organizations.permissions import Permission
from accounts.policy import Switch, rehearse, switches

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_safe
@organization_page(Permission.MANAGE_BILLING)
def plan(request: HttpRequest, context: OrganizationContext) -> HttpResponse:
    """Show the plan, its switches, and the rehearsal of a change; operators make the change."""
    plans = list(Plan)
    offered = [
        (switch.label, [(p.label, gives(p, switch)) for p in plans]) for switch in switches()
    ]
    wanted = request.GET.get("rehearse", "")
    rehearsal = None
    if wanted in Plan.values and wanted != context.policy.plan:
        rehearsal = rehearse(context.organization, plan=wanted)
    return render(
        request,
        "organizations/plan.html",
        {
            "context": context,
            "plans": plans,
            "offered": offered,
            "others": [p for p in Plan if p != context.policy.plan],
            "rehearsal": rehearsal,
            "rehearsed": Plan(wanted) if rehearsal else None,
        },
    )


def gives(plan: str, switch: Switch) -> bool:
    """Return whether ``plan`` allows the switch, and what it needs to be on."""
    needed = [other for other in switches() if other.column in switch.requires]
    return (switch.plans is None or plan in switch.plans) and all(gives(plan, n) for n in needed)
