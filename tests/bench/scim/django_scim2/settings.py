"""django-scim2 0.23, set up as its documentation says."""

from tests.bench.scim.peer_settings import *

ROOT_URLCONF = "tests.bench.scim.django_scim2.urls"
INSTALLED_APPS = [
    "tests.bench.scim.django_scim2.apps.PeerConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django_scim",
]
AUTH_USER_MODEL = "peer.User"
SCIM_SERVICE_PROVIDER = {
    "NETLOC": "127.0.0.1",
    "AUTHENTICATION_SCHEMES": [
        {"type": "oauthbearertoken", "name": "Token", "description": "A bearer token"}
    ],
    "GROUP_MODEL": "tests.bench.scim.django_scim2.models.Group",
}
# Tables from models alone: contrib.auth's come in one step with the peer's own.
MIGRATION_MODULES = {"auth": None, "contenttypes": None}
