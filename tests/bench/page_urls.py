"""Pages that differ only in what they look up, and one as Django alone would make it."""

import os
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import include, path

from accounts.actor import person_of
from accounts.models import Membership
from accounts.organizations.context import OrganizationContext, organization_page
from accounts.organizations.permissions import Permission


def user(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.user.email)


@organization_page(Permission.MANAGE_SECURITY)
def page(request: HttpRequest, context: OrganizationContext, /) -> HttpResponse:
    return HttpResponse(context.user.email)


# 6 kB, of which each line is one look into the context.
LINES = engines["django"].from_string(
    "<!doctype html><title>{{ membership.organization.name }}</title>"
    "{% for line in lines %}<p>{{ line }}</p>\n{% endfor %}"
)


def plain(request: HttpRequest, organization_id: str) -> HttpResponse:
    membership = Membership.objects.select_related("organization__policy", "user").get(
        user=person_of(request), organization__public_id=organization_id
    )
    lines = [f"{membership.user.email} {number} " + "words " * 10 for number in range(60)]
    return HttpResponse(LINES.render({"membership": membership, "lines": lines}, request))


def bare(request: HttpRequest, name: str) -> HttpResponse:
    """What bench_face wrote down: a page's words without its design."""
    return HttpResponse(Path(os.environ["BENCH_BARE"], name).read_bytes())


urlpatterns = [
    path("bare/<name>", bare),
    path("plain/<organization_id>/", plain),
    path("user/", user),
    path("organization/<organization_id>/", page),
    path("", include("orgsecurity.urls")),  # steps lead there
]
