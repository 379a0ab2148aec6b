"""The WSGI application that granian serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orgsecurity.settings")
application = get_wsgi_application()

# All views are loaded before the first request, and then taken out of the sight of the garbage
# collector: to walk what stays for ever is a tenth of a second in which every thread waits, and
# writes to memory that the workers share (orgsecurity.server).
_ = get_resolver().url_patterns
gc.collect()
gc.freeze()
