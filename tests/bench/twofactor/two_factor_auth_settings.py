"""A project on django-two-factor-auth."""

from tests.bench.twofactor.settings import *  # noqa: F403  # what both share
from tests.bench.twofactor.settings import INSTALLED_APPS, MIDDLEWARE

ROOT_URLCONF = "tests.bench.twofactor.two_factor_auth_urls"
INSTALLED_APPS = [
    *INSTALLED_APPS,
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "two_factor",
]
MIDDLEWARE = [*MIDDLEWARE, "django_otp.middleware.OTPMiddleware"]
LOGIN_URL = "two_factor:login"
