"""The WSGI application that granian serves."""

import gc
import os

from django.contrib.auth.hashers import get_hashers
from django.contrib.auth.password_validation import get_default_password_validators
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from orgsecurity.frames import with_room

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orgsecurity.settings")
application = with_room(get_wsgi_application())

# What the first requests would load in each worker, while somebody waits: all views and their
# names, and the word lists that passwords are held against.
_ = get_resolver().reverse_dict
get_hashers()
get_default_password_validators()

# It stays for ever, out of the sight of the garbage collector: to walk it is a tenth of a second in
# which every thread waits, and writes to the memory that workers share (orgsecurity.server).
gc.collect()
gc.freeze()
