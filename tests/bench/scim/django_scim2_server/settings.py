"""django-scim2-server 1.1, set up as its documentation says."""

from tests.bench.scim.peer_settings import *

ROOT_URLCONF = "tests.bench.scim.django_scim2_server.urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django_scim2_server"]
