"""Two pages that differ only in what they look up."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from accounts.organizations.context import OrganizationContext, organization_page
from accounts.organizations.permissions import Permission


def user(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.user.email)


@organization_page(Permission.MANAGE_SECURITY)
def page(request: HttpRequest, context: OrganizationContext, /) -> HttpResponse:
    return HttpResponse(context.user.email)


urlpatterns = [
    path("user/", user),
    path("organization/<organization_id>/", page),
    path("", include("orgsecurity.urls")),  # steps lead there
]
