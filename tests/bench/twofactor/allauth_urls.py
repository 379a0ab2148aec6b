"""The addresses of the project on django-allauth."""

from django.http import HttpResponse
from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("done/", lambda _: HttpResponse("done")),
]
