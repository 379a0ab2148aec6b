"""Which provider calls, by the User-Agent it sends."""

import re

_SIGNS = {
    "okta": "Okta",
    "entra": "Entra ID",
    "azure": "Entra ID",
    "microsoft": "Entra ID",
    "aad": "Entra ID",
    "onelogin": "OneLogin",
    "jumpcloud": "JumpCloud",
    "ping": "Ping",
    "authentik": "authentik",
}
_PRODUCT = re.compile(r"[A-Za-z][\w.-]{0,39}", re.ASCII)

UNKNOWN = "The identity provider"


def provider_of(user_agent: str) -> str:
    """Name the provider; OneLogin sends no User-Agent at all."""
    lowered = user_agent.lower()
    for sign, name in _SIGNS.items():
        if sign in lowered:
            return name
    product = _PRODUCT.match(user_agent)
    return product.group() if product else UNKNOWN
