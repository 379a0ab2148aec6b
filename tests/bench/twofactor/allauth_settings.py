"""A project on django-allauth with its mfa app."""

from tests.bench.twofactor.settings import *  # noqa: F403  # what both share
from tests.bench.twofactor.settings import INSTALLED_APPS, MIDDLEWARE

ROOT_URLCONF = "tests.bench.twofactor.allauth_urls"
INSTALLED_APPS = [*INSTALLED_APPS, "allauth", "allauth.account", "allauth.mfa"]
MIDDLEWARE = [*MIDDLEWARE, "allauth.account.middleware.AccountMiddleware"]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
