"""Settings of the tests, with the passwords of production."""

import os
from pathlib import Path

from tests.settings import *  # isort: skip  # it makes the environment that the other reads
from orgsecurity.settings import DATABASES, PASSWORD_HASHERS, STORAGES

PASSWORD_HASHERS = list(PASSWORD_HASHERS)

# In a process of its own, for benches that ask over HTTP.
if "BENCH_SERVED" in os.environ:
    DEBUG = False
    ALLOWED_HOSTS = ["127.0.0.1"]
    ROOT_URLCONF = "tests.bench.page_urls"
    DATABASES["default"]["CONN_MAX_AGE"] = 600
    # Files are known from the start, and found without a look at the disk.
    WHITENOISE_USE_FINDERS, WHITENOISE_AUTOREFRESH = True, False
    # Collected and compressed, as in production, where a bench looks at them.
    if "BENCH_STATIC" in os.environ:
        STATIC_ROOT = Path(os.environ["BENCH_STATIC"])
        WHITENOISE_USE_FINDERS = False
        STORAGES["staticfiles"] = {
            "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        }
