"""What an installation must have set before claims can be verified."""

import ipaddress
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from domains.resolver import Resolver


@register
def resolvers_are_addresses(**_: Any) -> Iterable[CheckMessage]:
    """A name among the resolvers would have to be resolved first."""
    for text in settings.DNS_RESOLVERS:
        try:
            ipaddress.ip_address(Resolver.parse(text).host)
        except ValueError as error:
            words = f"DNS_RESOLVERS: {text!r} is not an address like 192.0.2.1:53 ({error})."
            yield Error(words, id="domains.E001")
