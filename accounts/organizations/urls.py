"""The addresses of organizations."""

from django.urls import path

from accounts.organizations import people, views

app_name = "organizations"
SETTINGS = "settings/organization/<organization_id>/"
urlpatterns = [
    path("organizations/new/", views.create, name="create"),
    path("invitation/<token>/", people.invitation, name="invitation"),
    path(SETTINGS, views.overview, name="overview"),
    path(f"{SETTINGS}security/", views.security, name="security"),
    path(f"{SETTINGS}users/", people.members, name="members"),
    path(f"{SETTINGS}projects/", people.projects, name="projects"),
    path(f"{SETTINGS}audit/", people.audit, name="audit"),
    path(f"{SETTINGS}plan/", people.plan, name="plan"),
]
