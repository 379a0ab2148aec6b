"""Settings of the tests, with the passwords of production."""

from tests.settings import *  # isort: skip  # it makes the environment that the other reads
from orgsecurity.settings import PASSWORD_HASHERS

PASSWORD_HASHERS = list(PASSWORD_HASHERS)
