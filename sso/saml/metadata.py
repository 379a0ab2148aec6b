"""Metadata of an identity provider, uploaded as a file: what it says, shown before it is saved.

Never fetched by URL: the server would be made to call whatever address is typed (SSRF).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from lxml import etree
from onelogin.saml2.xmlparser import fromstring

from sso.saml.certificates import (
    MOST_CERTIFICATES,
    CertificateRefused,
    PinnedCertificate,
    read_upload,
)
from sso.saml.message import NS_DS
from sso.saml.service_provider import POST, REDIRECT
from sso.saml.urls import UrlRefused, check_issuer, check_sign_in_url

LARGEST_UPLOAD = 1024 * 1024  # bytes
NS_MD = "urn:oasis:names:tc:SAML:2.0:metadata"
_URL = re.compile(rb"\s*https?://\S+\s*")


class MetadataRefused(Exception):
    """The file is refused; `sentence` says why and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class ImportedProvider:
    """The three values of one identity provider, as its metadata gives them."""

    issuer: str
    sign_in_url: str
    binding: str  # redirect, or post where it is the only one
    certificates: tuple[PinnedCertificate, ...]
    skipped: tuple[str, ...] = ()  # sentences on certificates that were not taken


def read_metadata(
    data: bytes, *, at: datetime, allow_loopback: bool = False
) -> list[ImportedProvider]:
    """The identity providers in a metadata file, for the admin to choose and confirm.

    MetadataRefused with its sentence where there is none that can be used.
    """
    descriptors = _descriptors(_parse(data))
    if not descriptors:
        raise MetadataRefused(
            _("This metadata describes no identity provider (no IDPSSODescriptor). Is it ours?")
        )
    providers, refusals = [], []
    for entity in descriptors:
        try:
            providers.append(_provider(entity, at=at, allow_loopback=allow_loopback))
        except (MetadataRefused, UrlRefused) as refusal:
            refusals.append(refusal.sentence)
    if not providers:
        raise MetadataRefused(refusals[0])
    return providers


def _parse(data: bytes) -> etree._Element:
    if len(data) > LARGEST_UPLOAD:
        raise MetadataRefused(_("The file is larger than 1 MB."))
    if _URL.fullmatch(data):
        raise MetadataRefused(
            _("This is the address of metadata. Download it, and upload the file: we never fetch.")
        )
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise MetadataRefused(_("The file has a document type declaration; metadata has none."))
    try:
        root: etree._Element = fromstring(data, forbid_dtd=True, forbid_entities=True)
    except (etree.XMLSyntaxError, ValueError):
        raise MetadataRefused(
            _("This is no metadata that we can read. Download the XML file again.")
        ) from None
    return root


def _descriptors(root: etree._Element) -> list[etree._Element]:
    if root.tag == _md("EntityDescriptor"):
        entities = [root]
    elif root.tag == _md("EntitiesDescriptor"):
        entities = list(root.iter(_md("EntityDescriptor")))
    else:
        raise MetadataRefused(_("This XML is no SAML metadata. Download the metadata file again."))
    return [e for e in entities if e.find(_md("IDPSSODescriptor")) is not None]


def _provider(entity: etree._Element, *, at: datetime, allow_loopback: bool) -> ImportedProvider:
    roles = list(entity.iterfind(_md("IDPSSODescriptor")))
    services = [s for role in roles for s in role.iterfind(_md("SingleSignOnService"))]
    binding, url = _sign_in(services)
    certificates, skipped = _certificates(roles, at=at)
    if not certificates:
        raise MetadataRefused(
            skipped[0] if skipped else _("This metadata has no certificate for signing.")
        )
    return ImportedProvider(
        issuer=check_issuer(entity.get("entityID", "")),
        sign_in_url=check_sign_in_url(url, allow_loopback=allow_loopback),
        binding=binding,
        certificates=tuple(certificates[:MOST_CERTIFICATES]),
        skipped=tuple(skipped),
    )


def _sign_in(services: list[etree._Element]) -> tuple[str, str]:
    for binding, name in ((REDIRECT, "redirect"), (POST, "post")):
        for service in services:
            if service.get("Binding") == binding:
                return name, (service.get("Location") or "").strip()
    raise MetadataRefused(_("This metadata has no sign-in URL for the Redirect or POST binding."))


def _certificates(
    roles: list[etree._Element], *, at: datetime
) -> tuple[list[PinnedCertificate], list[str]]:
    """Of every KeyDescriptor for signing, or for no use in particular; the old ones are told."""
    path = f"{{{NS_DS}}}KeyInfo/{{{NS_DS}}}X509Data/{{{NS_DS}}}X509Certificate"
    found: list[PinnedCertificate] = []
    skipped: list[str] = []
    for role in roles:
        for key in role.iterfind(_md("KeyDescriptor")):
            if key.get("use") not in {None, "signing"}:
                continue
            for node in key.iterfind(path):
                try:
                    new = read_upload((node.text or "").encode(), at=at)
                except CertificateRefused as refusal:
                    skipped.append(refusal.sentence)
                else:
                    found += [c for c in new if c not in found]
    return found, skipped


def _md(name: str) -> str:
    return f"{{{NS_MD}}}{name}"
