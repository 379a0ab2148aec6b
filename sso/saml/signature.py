"""Which of the pinned certificates made a message's signatures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import xmlsec as typed_xmlsec

from sso.saml.certificates import PinnedCertificate, fingerprint_of
from sso.saml.message import NS_DS, Message

xmlsec: Any = typed_xmlsec  # its stubs lack what it has


def verifying(
    message: Message, certificates: Sequence[PinnedCertificate]
) -> PinnedCertificate | None:
    """The certificate that made the message's signatures, or None.

    Every signature must verify; where there are two, the assertion's certificate is named.
    KeyInfo is never asked: the key is the pinned one.
    """
    xmlsec.tree.add_ids(message.root, ["ID"])
    used: PinnedCertificate | None = None
    for node in message.signatures:
        found = next((c for c in certificates if _verifies(node, c.pem)), None)
        if found is None:
            return None
        used = used or found
    return used


def named_fingerprints(message: Message) -> list[str]:
    """Of the certificates that the message names in KeyInfo: a hint for the admin, no proof."""
    path = f"{{{NS_DS}}}KeyInfo/{{{NS_DS}}}X509Data/{{{NS_DS}}}X509Certificate"
    nodes: Iterable[Any] = (node for s in message.signatures for node in s.iterfind(path))
    named = dict.fromkeys(fingerprint_of(node.text or "") for node in nodes)
    return [name for name in named if name][:2]


def _verifies(node: Any, pem: str) -> bool:
    context = xmlsec.SignatureContext()
    context.key = _key(pem)
    context.set_enabled_key_data([xmlsec.KeyData.X509])
    try:
        context.verify(node)
    except (xmlsec.Error, ValueError, TypeError):
        return False
    return True


@lru_cache(maxsize=1024)
def _key(pem: str) -> Any:
    return xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.CERT_PEM, None)
