"""The endpoints of providers, and the SCIM tab of admins."""

from django.urls import path, re_path

from scim import api, views

app_name = "scim"

_TAB = "settings/organization/<organization_id>/security/scim/"

urlpatterns = [
    path("api/app/scim/v2", api.endpoint, name="root"),
    re_path(r"^api/app/scim/v2/(?P<path>.*)$", api.endpoint, name="endpoint"),
    path(_TAB, views.settings, name="settings"),
    path(f"{_TAB}token/", views.generate, name="generate"),
    path(f"{_TAB}token/revoke/", views.revoke, name="revoke"),
    path(f"{_TAB}requests/", views.requests, name="requests"),
    path(f"{_TAB}guides/<slug:provider>/", views.guide, name="guide"),
    path(f"{_TAB}attention/<int:row>/invite/", views.invite, name="invite"),
    path(f"{_TAB}attention/<int:row>/dismiss/", views.dismiss, name="dismiss"),
    path(f"{_TAB}deactivations/<str:key>/undo/", views.undo, name="undo"),
]
