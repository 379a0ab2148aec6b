"""The addresses of the bench's peer."""

from django.http import HttpResponse
from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("done/", lambda _: HttpResponse("done")),
]
