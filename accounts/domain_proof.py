"""Whether an address is of a domain that an organization has proven.

For apps that stand beside ``domains`` and may not import it.
"""

from __future__ import annotations

from collections.abc import Callable

from accounts.models import Organization

Judge = Callable[[Organization, str], bool]
_judges: list[Judge] = []


def provide(judge: Judge) -> None:
    """Register who knows; call it from ``AppConfig.ready()``."""
    _judges[:] = [judge]


def is_proven_for(organization: Organization, address: str) -> bool:
    """Return whether ``address`` is of a verified domain of ``organization``; no one asked: no."""
    return any(judge(organization, address) for judge in _judges)
