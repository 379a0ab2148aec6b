"""The product's settings for tests: they need no environment, and take nothing of a deployment."""

import os
import tempfile

os.environ.update(
    DEBUG="on",
    BASE_URL="http://127.0.0.1:8000",
    SECRET_KEY="tests-only-" + "Wq3rT9yU1oP5aS7dF2gH4jK6lZ8xC0vB" * 2,
    ENCRYPTION_KEYS="dGVzdHMgb25seTogdGhpcnR5LXR3byBvY3RldHMuLi4=",
    DATA_DIR=tempfile.gettempdir(),
)
# What a developer's shell, or a running `make run`, may have set.
for name in ("EMAIL_URL", "GOOGLE_CLIENT_ID", "RATE_LIMITS", "SSO_BASE_URL", "STATIC_ROOT"):
    os.environ.pop(name, None)

from orgsecurity.settings import *  # noqa: E402  after the environment is made

# Argon2 takes 60 ms a password, and most tests are not about passwords.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",
    "accounts.passwords.Argon2Hasher",
]
CELERY_TASK_ALWAYS_EAGER = False
CELERY_BROKER_URL = "memory://"
CELERY_BROKER_TRANSPORT_OPTIONS = {}
