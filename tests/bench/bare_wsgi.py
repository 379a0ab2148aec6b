"""The plain page as Django alone serves it; with our room, so that no chance of depth slows it."""

import django
from django.core.handlers.wsgi import WSGIHandler

django.setup(set_prefix=False)

from orgsecurity.frames import with_room  # noqa: E402  # needs the setup
from tests.bench.bare import bare_django, with_its_backend  # noqa: E402  # needs the setup

with_its_backend().enable()
with bare_django():
    application = with_room(WSGIHandler())
