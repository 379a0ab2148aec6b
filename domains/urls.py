"""The addresses of Domain Claiming."""

from django.urls import path

from domains import views

app_name = "domains"
HERE = "settings/organization/<str:organization_id>/security/domains/"
urlpatterns = [
    path(HERE, views.settings, name="settings"),
    path(f"{HERE}add/", views.add, name="add"),
    path(f"{HERE}add/domain/", views.submit, name="submit"),
    path(f"{HERE}<str:claim_id>/", views.claim, name="claim"),
    path(f"{HERE}<str:claim_id>/check/", views.check, name="check"),
    path(f"{HERE}<str:claim_id>/remove/", views.remove, name="remove"),
]
