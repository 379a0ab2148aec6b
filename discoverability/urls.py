"""The addresses of discoverability."""

from django.urls import path

from discoverability import views

app_name = "discoverability"
USERS = "settings/organization/<organization_id>/users/"
urlpatterns = [
    path(f"{USERS}discoverability/", views.settings, name="settings"),
    path(f"{USERS}discoverability/domains/", views.add_domain, name="add_domain"),
    path(f"{USERS}discoverability/domains/<domain>/drop/", views.drop_domain, name="drop_domain"),
    path(f"{USERS}requests/", views.requests, name="requests"),
    path(f"{USERS}requests/<request_id>/approve/", views.approve, name="approve"),
    path(f"{USERS}requests/<request_id>/decline/", views.decline, name="decline"),
    path("join/", views.join, name="join"),
    path("join/<organization_id>/", views.join_one, name="join_one"),
    path("join/requests/<request_id>/withdraw/", views.withdraw, name="withdraw"),
]
