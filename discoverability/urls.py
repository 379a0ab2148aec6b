"""The addresses of discoverability."""

from django.urls import URLPattern

app_name = "discoverability"
urlpatterns: list[URLPattern] = []
