"""The plain page as Django alone serves it."""

import django
from django.core.handlers.wsgi import WSGIHandler

django.setup(set_prefix=False)

from tests.bench.bare import bare_django, with_its_backend  # noqa: E402  # needs the setup

with_its_backend().enable()
with bare_django():
    application = WSGIHandler()
