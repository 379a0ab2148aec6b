"""The addresses of personal settings."""

from django.urls import path

from accounts.profile import views

app_name = "profile"
urlpatterns = [path("settings/profile/", views.home, name="home")]
