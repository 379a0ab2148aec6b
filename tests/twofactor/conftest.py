"""Fixtures of the tests of second factors; tests/hostile takes them from the same place."""

from tests.twofactor.support import cheap_recovery_codes, texts, time_machine_forward

__all__ = ["cheap_recovery_codes", "texts", "time_machine_forward"]
