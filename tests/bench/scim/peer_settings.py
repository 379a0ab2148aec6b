"""What both peers share: production's habits, and the same database driver as ours."""

import os

import environ

DEBUG = False
SECRET_KEY = "bench-only-" + "k" * 50
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        **environ.Env.db_url_config(os.environ["DATABASE_URL"]),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
}
MIDDLEWARE = ["tests.bench.scim.peer_token.TokenMiddleware"]
LOGGING_CONFIG = None
