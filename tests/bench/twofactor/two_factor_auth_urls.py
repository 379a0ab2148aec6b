"""The addresses of the project on django-two-factor-auth."""

from django.http import HttpResponse
from django.urls import include, path
from two_factor.urls import urlpatterns as two_factor  # type: ignore[import-not-found]  # in its own folder

urlpatterns = [
    path("", include(two_factor)),
    path("done/", lambda _: HttpResponse("done")),
]
