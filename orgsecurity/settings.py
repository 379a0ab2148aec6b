"""Settings: read from the environment (.env.example lists it), refused where they are unsafe.

Product settings come first; Django's and the libraries' follow.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from orgsecurity.logs import logging_configuration

PROJECT_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def is_loopback(url: str) -> bool:
    """Return whether ``url`` names this machine and no other."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


# --- The product

DEBUG: bool = env.bool("DEBUG", default=False)
PRODUCT_NAME: str = env("PRODUCT_NAME", default="Orgsecurity")
SUPPORT_EMAIL: str = env("SUPPORT_EMAIL", default="support@orgsecurity.example")
BASE_URL: str = env("BASE_URL", default="http://127.0.0.1:8000" if DEBUG else "").rstrip("/")
SSO_BASE_URL: str = env("SSO_BASE_URL", default=BASE_URL).rstrip("/")
# Where the demo, its files and its name server's zone live; `make run` sets it.
DATA_DIR = Path(env("DATA_DIR", default=str(PROJECT_DIR / ".data")))

if not BASE_URL:
    raise ImproperlyConfigured("Set BASE_URL to the address people open, like https://app.acme.com")
if DEBUG and not (is_loopback(BASE_URL) and is_loopback(SSO_BASE_URL)):
    raise ImproperlyConfigured(
        "DEBUG shows mails, codes and errors to everybody: it starts only where BASE_URL and "
        "SSO_BASE_URL are on 127.0.0.1 or localhost."
    )
if not DEBUG and not (BASE_URL.startswith("https://") and SSO_BASE_URL.startswith("https://")):
    raise ImproperlyConfigured("BASE_URL and SSO_BASE_URL must start with https:// in production.")

# Asked in this order at an address, after a first factor, and at an organization's page.
ACCESS_RULES = ["sso.access.SingleSignOnRule", "twofactor.access.SecondFactorRule"]

# Testers may turn limits off on their own machine; nobody can in production (A9).
RATE_LIMITS: bool = env.bool("RATE_LIMITS", default=True) or not DEBUG
SCIM_REQUESTS_PER_SECOND: int = env.int("SCIM_REQUESTS_PER_SECOND", default=50)

# Resolvers as host:port, majority rules; empty: those of the system.
DNS_RESOLVERS: list[str] = env.list("DNS_RESOLVERS", default=[])
# Also ask a domain's own name servers, so that a fresh record is seen sooner; they decide nothing.
DNS_ASK_AUTHORITATIVE: bool = env.bool("DNS_ASK_AUTHORITATIVE", default=True)
DNS_AUTHORITATIVE_PORT: int = env.int("DNS_AUTHORITATIVE_PORT", default=53) if DEBUG else 53
DOMAIN_TXT_PREFIX: str = env("DOMAIN_TXT_PREFIX", default="orgsecurity-domain-verify")
# Further mail domains that nobody may claim or list as a work domain.
PUBLIC_MAIL_DOMAINS: list[str] = env.list("PUBLIC_MAIL_DOMAINS", default=[])
# Domains that the public lists of shared domains name by mistake.
DOMAINS_ALLOWED: list[str] = env.list("DOMAINS_ALLOWED", default=[])

TWOFACTOR_SMS_BACKEND: str = env(
    "TWOFACTOR_SMS_BACKEND", default="twofactor.sms.twilio.TwilioVerify"
)
TWILIO_ACCOUNT_SID: str = env("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKEN: str = env("TWILIO_AUTH_TOKEN", default="")
TWILIO_VERIFY_SERVICE: str = env("TWILIO_VERIFY_SERVICE", default="")
# Another address than Twilio's own: the loopback provider of the demo and the tests.
TWILIO_API_URL: str = env("TWILIO_API_URL", default="")
# Countries a code may be sent to, as ISO 3166 codes; empty: all that the provider serves.
TWOFACTOR_SMS_COUNTRIES: list[str] = env.list("TWOFACTOR_SMS_COUNTRIES", default=[])

# Whoever holds it may read /metrics; empty: nobody outside the demo.
METRICS_TOKEN: str = env("METRICS_TOKEN", default="")
# Where a worker answers Prometheus about itself, to whoever reaches the port; 0: nowhere.
WORKER_METRICS_PORT: int = env.int("WORKER_METRICS_PORT", default=0)

# The loopback servers of tests/servers, known only to the demo.
NAME_SERVER_CONTROL_URL: str = env("NAME_SERVER_CONTROL_URL", default="") if DEBUG else ""
SMS_PROVIDER_URL: str = env("SMS_PROVIDER_URL", default="") if DEBUG else ""
DEMO_IDP_URL: str = env("DEMO_IDP_URL", default="") if DEBUG else ""

# --- Secrets

SECRET_KEY: str = env("SECRET_KEY", default="")
# Fernet keys, newest first: the first encrypts, all decrypt; `rotate_keys` moves rows to the first.
ENCRYPTION_KEYS: list[str] = env.list("ENCRYPTION_KEYS", default=[])
if len(SECRET_KEY) < 50 or SECRET_KEY.startswith("django-insecure-") or len(set(SECRET_KEY)) < 5:
    raise ImproperlyConfigured("Set SECRET_KEY to at least 50 random characters.")
if not ENCRYPTION_KEYS:
    raise ImproperlyConfigured(
        "Set ENCRYPTION_KEYS: one or more keys of cryptography.fernet.Fernet.generate_key(), "
        "separated by commas, newest first."
    )

# --- Django

_hosts = [urlsplit(url).hostname or "" for url in (BASE_URL, SSO_BASE_URL)]
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=[]) + _hosts
if "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must name hosts; '*' lets anybody choose one.")
if DEBUG:
    ALLOWED_HOSTS += ["127.0.0.1", "localhost"]

ROOT_URLCONF = "orgsecurity.urls"
WSGI_APPLICATION = "orgsecurity.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
# The address is unique on lower(email), a constraint that the check can't see; our i18n tags stand
# in for Django's on purpose.
SILENCED_SYSTEM_CHECKS = ["auth.W004", "templates.W003"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "accounts.apps.AccountsConfig",
    "domains.apps.DomainsConfig",
    "twofactor.apps.TwoFactorConfig",
    "sso.apps.SingleSignOnConfig",
    "scim.apps.ScimConfig",
    "discoverability.apps.DiscoverabilityConfig",
    "orgsecurity.admin.OperatorsAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.google",
    "accounts.apps.OpenSessionsConfig",  # allauth.usersessions
    "csp",
    "django_htmx",
    "django_otp",
    "django_otp_webauthn",
    "post_office",
]

MIDDLEWARE = [
    "orgsecurity.middleware.RequestContextMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "orgsecurity.headers.SecurityHeadersMiddleware",
    "scim.middleware.ProviderMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "orgsecurity.middleware.SlashMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.signin.middleware.SessionLifetimeMiddleware",
    "accounts.signin.browsers.KnownBrowserMiddleware",
    "orgsecurity.time_zone.TimeZoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "orgsecurity.dialogs.DialogMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "orgsecurity.errors.FaceWhileDebugging",
]

FORM_RENDERER = "orgsecurity.forms.FormRenderer"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PROJECT_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "orgsecurity.context_processors.product",
            ],
            "libraries": {"i18n": "orgsecurity.tags.i18n"},
            "builtins": ["orgsecurity.tags.builtins"],
        },
    },
]

# Connections are kept (a new one a request halves the throughput: performance.md, 4).
DATABASES: dict[str, Any] = {"default": env.db("DATABASE_URL", default="postgres:///orgsecurity")}
DATABASES["default"].update(
    CONN_MAX_AGE=env.int("CONN_MAX_AGE", default=600), CONN_HEALTH_CHECKS=True
)
CACHES = {
    "default": {"BACKEND": "accounts.cache.DatabaseCache", "LOCATION": "cache", "TIMEOUT": 3600}
}

PASSWORD_HASHERS = [
    "accounts.passwords.Argon2Hasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "first_name", "last_name")},
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "accounts.passwords.MaximumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "accounts.passwords.GuessableValidator"},
]
PASSWORD_RESET_TIMEOUT = int(datetime.timedelta(hours=1).total_seconds())
AUTHENTICATION_BACKENDS = ["accounts.signin.backend.AuthenticationBackend"]

SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = int(datetime.timedelta(days=14).total_seconds())
SESSION_IDLE_TIME = datetime.timedelta(hours=24)
SESSION_ABSOLUTE_TIME = datetime.timedelta(days=14)
SESSION_COOKIE_NAME = "session" if DEBUG else "__Host-session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "csrftoken" if DEBUG else "__Host-csrftoken"
CSRF_FAILURE_VIEW = "orgsecurity.errors.csrf_failure"

SECURE_SSL_REDIRECT = not DEBUG
SECURE_HSTS_SECONDS = 0 if DEBUG else int(datetime.timedelta(days=365).total_seconds())
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
SECURE_CONTENT_TYPE_NOSNIFF = True
# Under no-referrer a form's Origin is null and CSRF refuses it (design.md).
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# How many proxies of ours append to X-Forwarded-For; 0: the peer's own address counts (S5).
TRUSTED_PROXY_COUNT: int = env.int("TRUSTED_PROXY_COUNT", default=0)
if TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "base-uri": [NONE],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "frame-src": [SELF],
        "img-src": [SELF],
        "manifest-src": [SELF],
        "object-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [PROJECT_DIR / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [PROJECT_DIR / "static"]
STATICFILES_FINDERS = [
    "orgsecurity.stylesheet.StylesheetFinder",
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
STATIC_ROOT = Path(env("STATIC_ROOT", default=str(PROJECT_DIR / ".static")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG

LOGIN_URL = "signin:address"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "signin:address"

# --- Mail: a row with the change that caused it, sent by beat (A7, A8)

EMAIL_BACKEND = "post_office.EmailBackend"
DEFAULT_FROM_EMAIL: str = env("DEFAULT_FROM_EMAIL", default=f"{PRODUCT_NAME} <{SUPPORT_EMAIL}>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_TIMEOUT = 10
if env("EMAIL_URL", default=""):
    _mail = env.email("EMAIL_URL")
    EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"], _mail["EMAIL_PORT"]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"], _mail["EMAIL_HOST_PASSWORD"]
    EMAIL_USE_TLS = _mail.get("EMAIL_USE_TLS", False)
    EMAIL_USE_SSL = _mail.get("EMAIL_USE_SSL", False)
POST_OFFICE = {
    "BACKENDS": {
        # The demo's mails are read at /dev/outbox, from their rows.
        "default": "django.core.mail.backends.dummy.EmailBackend"
        if DEBUG and not env("EMAIL_URL", default="")
        else "django.core.mail.backends.smtp.EmailBackend"
    },
    "CELERY_ENABLED": False,
    "DEFAULT_PRIORITY": "medium",
    "MAX_RETRIES": 8,
    "RETRY_INTERVAL": datetime.timedelta(minutes=5),
    "MESSAGE_ID_ENABLED": True,
    "SENDING_ORDER": ["created"],
    "LOG_LEVEL": 1,
}

# --- Celery: Redis where REDIS_URL names one, files of the demo otherwise

REDIS_URL: str = env("REDIS_URL", default="")
if not (REDIS_URL or DEBUG):
    raise ImproperlyConfigured("Set REDIS_URL: Celery's broker in production.")
CELERY_BROKER_URL = REDIS_URL or "filesystem://"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"socket_timeout": 5, "socket_connect_timeout": 5}
    if REDIS_URL
    else {
        "data_folder_in": str(DATA_DIR / "celery"),
        "data_folder_out": str(DATA_DIR / "celery"),
        "control_folder": str(DATA_DIR / "celery-control"),
    }
)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "send mail": {"task": "accounts.tasks.send_mail", "schedule": 3.0},
    "clean up": {"task": "accounts.tasks.clean_up", "schedule": 3600.0},
    # A sweep that could not start before the next beat is not needed any more.
    "check domains": {"task": "domains.tasks.sweep", "schedule": 10.0, "options": {"expires": 10}},
    "two-factor resets": {"task": "twofactor.tasks.carry_out_resets", "schedule": 60.0},
    "two-factor texts": {"task": "twofactor.tasks.watch_texts", "schedule": 900.0},
    "two-factor enrolment": {"task": "twofactor.tasks.count_enrolment", "schedule": 3600.0},
    "two-factor clean-up": {"task": "twofactor.tasks.clean_up", "schedule": 3600.0},
    "forget old domain checks": {"task": "domains.tasks.forget_old_checks", "schedule": 3600.0},
    "expire join requests": {"task": "discoverability.tasks.expire_requests", "schedule": 3600.0},
    "weekly digests": {"task": "discoverability.tasks.send_digests", "schedule": 3600.0},
    "sso: remind of certificates": {"task": "sso.tasks.remind_of_certificates", "schedule": 3600.0},
    "sso: clean up": {"task": "sso.tasks.clean_up", "schedule": 3600.0},
    "scim: forget old requests": {"task": "scim.tasks.clean_up", "schedule": 3600.0},
}

# --- allauth: sign-up, verification, codes, reset, Google

ACCOUNT_ADAPTER = "accounts.signin.adapter.AccountAdapter"
SOCIALACCOUNT_ADAPTER = "accounts.signin.adapter.GoogleAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 600
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_DEFAULT_HTTP_PROTOCOL = urlsplit(BASE_URL).scheme
# accounts.profile.guard asks for fresh evidence, passkeys and second factors included.
ACCOUNT_REAUTHENTICATION_REQUIRED = False
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT
USERSESSIONS_TRACK_ACTIVITY = False
# accounts.signin.guesses counts wrong passwords; allauth the rest.
ACCOUNT_RATE_LIMITS: Any = {"login_failed": None, "login": None} if RATE_LIMITS else False
SOCIALACCOUNT_LOGIN_ON_GET = True
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
GOOGLE_ENABLED: bool = bool(env("GOOGLE_CLIENT_ID", default=""))
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {
    "google": {
        "SCOPE": ["openid", "email", "profile"],
        "OAUTH_PKCE_ENABLED": True,
        "FETCH_USERINFO": False,
        "APPS": [
            {
                "client_id": env("GOOGLE_CLIENT_ID", default=""),
                "secret": env("GOOGLE_CLIENT_SECRET", default=""),
            }
        ]
        if GOOGLE_ENABLED
        else [],
        # Another provider's endpoints in Google's place: the tests' own.
        **{
            key: os.environ[f"GOOGLE_{key}"]
            for key in ("ACCESS_TOKEN_URL", "AUTHORIZE_URL", "ID_TOKEN_ISSUER", "IDENTITY_URL")
            if DEBUG and f"GOOGLE_{key}" in os.environ
        },
    }
}

# --- django-otp: guesses are counted by rows of ours, one counter an account (F2)

OTP_TOTP_THROTTLE_FACTOR = OTP_STATIC_THROTTLE_FACTOR = 0
OTP_TOTP_SYNC = False
OTP_WEBAUTHN_RP_NAME = PRODUCT_NAME
OTP_WEBAUTHN_RP_ID = urlsplit(BASE_URL).hostname
# Browsers give passkeys to names only, never to an IP address.
OTP_WEBAUTHN_ALLOWED_ORIGINS = ["http://localhost"] if DEBUG else [BASE_URL]

LOGGING = logging_configuration(debug=DEBUG, level=env("LOG_LEVEL", default="INFO"))
LOGGING_CONFIG = "logging.config.dictConfig"
