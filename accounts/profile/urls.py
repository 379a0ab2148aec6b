"""The addresses of personal settings."""

from django.urls import path

from accounts.profile import views

app_name = "profile"
PROFILE = "settings/profile/"
urlpatterns = [
    path(PROFILE, views.home, name="home"),
    path(f"{PROFILE}name/", views.name, name="name"),
    path(f"{PROFILE}time-zone/", views.time_zone, name="time_zone"),
    path(f"{PROFILE}email/", views.email, name="email"),
    path(f"{PROFILE}email/confirm/", views.email_confirm, name="email_confirm"),
    path(f"{PROFILE}password/", views.password, name="password"),
    path(f"{PROFILE}password/first/", views.password_first, name="password_first"),
    path(f"{PROFILE}google/", views.google, name="google"),
    path(f"{PROFILE}sessions/end/", views.end_session, name="end_session"),
]
