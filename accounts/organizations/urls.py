"""The addresses of organizations."""

from django.urls import path

from accounts.audit import views as audit
from accounts.organizations import views
from accounts.organizations.views import invitations, members, plan, projects, teams

app_name = "organizations"
SETTINGS = "settings/organization/<organization_id>/"
USERS = f"{SETTINGS}users/"
MEMBER = f"{USERS}members/<membership_id>/"
TEAM = f"{USERS}teams/<team_id>/"
PROJECT = f"{SETTINGS}projects/<project_id>/"
urlpatterns = [
    path("organizations/new/", views.create, name="create"),
    path("home/invitations/<invitation_id>/accept/", views.accept, name="accept"),
    path("invitation/<token>/", invitations.invitation, name="invitation"),
    path("p/<project_id>/", projects.project, name="project"),
    path("p/<project_id>/request/", projects.request_access, name="project_request"),
    path(SETTINGS, views.overview, name="overview"),
    path(f"{SETTINGS}security/", views.security, name="security"),
    path(USERS, members.members, name="members"),
    path(f"{USERS}roles/", members.roles, name="roles"),
    path(f"{USERS}leave/", members.leave, name="leave"),
    path(MEMBER, members.member, name="member"),
    path(f"{MEMBER}role/", members.change_role, name="change_role"),
    path(f"{MEMBER}description/", members.describe, name="describe"),
    path(f"{MEMBER}deactivate/", members.deactivate, name="deactivate"),
    path(f"{MEMBER}reactivate/", members.reactivate, name="reactivate"),
    path(f"{MEMBER}sessions/", members.end_sessions, name="end_sessions"),
    path(f"{MEMBER}remove/", members.remove, name="remove"),
    path(f"{MEMBER}transfer/", members.transfer, name="transfer"),
    path(f"{USERS}invitations/", invitations.invitations, name="invitations"),
    path(f"{USERS}invitations/new/", invitations.invite, name="invite"),
    path(
        f"{USERS}invitations/<invitation_id>/resend/", invitations.resend, name="invitation_resend"
    ),
    path(
        f"{USERS}invitations/<invitation_id>/withdraw/",
        invitations.withdraw,
        name="invitation_withdraw",
    ),
    path(f"{USERS}teams/", teams.teams, name="teams"),
    path(f"{USERS}teams/new/", teams.create, name="team_create"),
    path(TEAM, teams.team, name="team"),
    path(f"{TEAM}rename/", teams.rename, name="team_rename"),
    path(f"{TEAM}delete/", teams.delete, name="team_delete"),
    path(f"{TEAM}members/<membership_id>/remove/", teams.take_out, name="team_take_out"),
    path(f"{SETTINGS}projects/", projects.projects, name="projects"),
    path(f"{SETTINGS}projects/new/", projects.create, name="project_create"),
    path(PROJECT, projects.access, name="project_access"),
    path(f"{PROJECT}access/", projects.change_access, name="project_change_access"),
    path(
        f"{SETTINGS}projects/requests/<project_request_id>/",
        projects.decide,
        name="project_decide",
    ),
    path(f"{SETTINGS}audit/", audit.log, name="audit"),
    path(f"{SETTINGS}audit/export/", audit.export, name="audit_export"),
    path(f"{SETTINGS}plan/", plan.plan, name="plan"),
]
