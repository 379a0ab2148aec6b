"""What the identity provider believes and says: SAML, without its web pages."""

import base64
import html
import threading
import urllib.request
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, saml
from saml2.assertion import Policy
from saml2.attribute_converter import AttributeConverter, do_ava
from saml2.authn_context import PASSWORDPROTECTEDTRANSPORT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.response import StatusAuthnFailed
from saml2.server import Server
from saml2.xmldsig import DIGEST_SHA1, DIGEST_SHA256, SIG_RSA_SHA1, SIG_RSA_SHA256

from tests.servers.identity_provider import signing
from tests.servers.identity_provider.flavours import FLAVOURS
from tests.servers.identity_provider.keys import Keys
from tests.servers.identity_provider.people import Directory, Person

METADATA_SECONDS = 10
KEPT_REQUESTS = 1000


@dataclass(frozen=True)
class Settings:
    """What may be changed while it runs.

    sign: "response", "assertion", "both" or "none"; None for the flavour's own. skew: seconds that
    move the validity window.
    """

    flavour: str = "okta"
    sign: str | None = None
    encrypt: bool = False
    sha1: bool = False
    skew: int = 0

    def changed(self, values: Mapping[str, Any]) -> "Settings":
        """Return these settings with others; raises ValueError for one that does not exist."""
        if unknown := set(values) - {each.name for each in fields(self)}:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
        settings = replace(self, **values)
        if settings.flavour not in FLAVOURS:
            raise ValueError(f"flavour is one of {', '.join(FLAVOURS)}")
        if settings.sign not in {None, "response", "assertion", "both", "none"}:
            raise ValueError("sign is response, assertion, both, none or null")
        return settings


@dataclass(frozen=True)
class SignInRequest:
    """What a response is made for: a service provider's request, or none (IdP-initiated)."""

    sp_entity_id: str
    destination: str
    relay_state: str = ""
    in_response_to: str | None = None


class IdentityProvider:
    """The provider at `base_url`, with its keys and added people in the folder `state`.

    Service providers come from metadata (`sources`: URLs or files) and from pairs of entity ID and
    assertion consumer service; more may be added while it runs. Metadata is read at the first
    sign-in, so that the product may start later.
    """

    def __init__(
        self,
        base_url: str,
        state: Path,
        users: Path,
        *,
        entity_id: str = "",
        sources: list[str] | None = None,
        pairs: list[tuple[str, str]] | None = None,
        settings: Settings | None = None,
        want_signed_requests: bool = False,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.entity_id = entity_id or f"{self.base_url}/metadata"
        self.settings = settings or Settings()
        self.keys = Keys(state)
        self.people = Directory(users, state / "users.json")
        self._sources, self._pairs = sources or [], pairs or []
        self._want_signed_requests = want_signed_requests
        self._requests: OrderedDict[str, SignInRequest] = OrderedDict()
        self._server: Server | None = None
        # pysaml2's server is no thread's friend: `respond` sets its converters for one answer.
        self._lock = threading.RLock()

    # --- service providers, keys
    @property
    def sign_in_url(self) -> str:
        return f"{self.base_url}/sso"

    def service_providers(self) -> list[str]:
        return list(self._saml().metadata.service_providers())

    def add_service_provider(self, entity_id: str, acs: str) -> None:
        """Know a service provider by entity ID and ACS; a known one gets one more ACS."""
        with self._lock:
            if (entity_id, acs) not in self._pairs:
                self._pairs.append((entity_id, acs))
            self._server = None

    def add_metadata(self, source: str) -> None:
        with self._lock:
            if source not in self._sources:
                self._sources.append(source)
            self._server = None

    def reload(self) -> list[str]:
        """Read all metadata again."""
        self._server = None
        return self.service_providers()

    def roll(self, *, stage: bool = False) -> str:
        """Sign with a new certificate; with `stage` only announce it. Returns it in PEM."""
        with self._lock:
            certificate = self.keys.stage() if stage else self.keys.roll()
            self._server = None
            return certificate.read_text()

    def metadata(self) -> str:
        return str(entity_descriptor(self._saml().config))

    # --- requests
    def parse(
        self,
        message: str,
        binding: str,
        relay_state: str = "",
        algorithm: str | None = None,
        signature: str | None = None,
    ) -> SignInRequest:
        """Return what a service provider asks; pysaml2 raises if it is wrong or unknown."""
        server = self._saml()
        request = server.parse_authn_request(
            message, binding, relay_state=relay_state, sigalg=algorithm, signature=signature
        ).message
        answer = server.response_args(request, [BINDING_HTTP_POST])
        return SignInRequest(
            sp_entity_id=answer["sp_entity_id"],
            destination=answer["destination"],
            relay_state=relay_state,
            in_response_to=answer["in_response_to"],
        )

    def unsolicited(
        self, sp_entity_id: str = "", relay_state: str = "", acs: str = ""
    ) -> SignInRequest:
        """Return a start at the identity provider; without names, for the first one known."""
        server = self._saml()
        entity_id = sp_entity_id or next(iter(server.metadata.service_providers()))
        _, destination = server.pick_binding(
            "assertion_consumer_service", [BINDING_HTTP_POST], "spsso", entity_id=entity_id
        )
        return SignInRequest(entity_id, acs or destination, relay_state)

    def keep(self, ticket: str, request: SignInRequest) -> None:
        """Keep a request until somebody has been picked; going back in the browser finds it."""
        with self._lock:
            self._requests[ticket] = request
            while len(self._requests) > KEPT_REQUESTS:
                self._requests.popitem(last=False)

    def kept(self, ticket: str) -> SignInRequest:
        return self._requests[ticket]

    # --- responses
    def respond(self, request: SignInRequest, person: Person | None) -> str:
        """Return the base64 SAMLResponse for a person; for nobody, that sign-in was cancelled."""
        with self._lock:
            answer = self._cancelled(request) if person is None else self._vouch(request, person)
        return base64.b64encode(str(answer).encode()).decode()

    def _cancelled(self, request: SignInRequest) -> Any:
        return self._saml().create_error_response(
            in_response_to=request.in_response_to,
            destination=request.destination,
            info=StatusAuthnFailed("Sign-in was cancelled"),
            sign=self._signs("response"),
            **self._algorithms(),
        )

    def _vouch(self, request: SignInRequest, person: Person) -> Any:
        server, flavour = self._saml(), FLAVOURS[self.settings.flavour]
        if self.settings.encrypt and not server.has_encrypt_cert_in_metadata(request.sp_entity_id):
            raise ValueError("the service provider's metadata has no encryption certificate")
        name_format, name_field = flavour.name_id
        if person.name_id:
            name_format, name_field = saml.NAMEID_FORMAT_PERSISTENT, "name_id"
        attributes: Mapping[str, Any] | None = person.attributes
        if attributes is None:
            sent = {name: person.value(field) for name, field in flavour.attributes.items()}
            attributes = {name: value for name, value in sent.items() if value}
        server.config.attribute_converters = [Verbatim(flavour.name_format)]
        return server.create_authn_response(
            attributes,
            sp_entity_id=request.sp_entity_id,
            in_response_to=request.in_response_to,
            destination=request.destination,
            userid=person.email,
            name_id=saml.NameID(format=name_format, text=person.value(name_field)),
            authn={"class_ref": PASSWORDPROTECTEDTRANSPORT, "authn_auth": None},
            release_policy=Release(flavour.valid, self.settings.skew),
            sign_response=self._signs("response"),
            sign_assertion=self._signs("assertion"),
            encrypt_assertion=self.settings.encrypt,
            **self._algorithms(),
        )

    def _signs(self, part: str) -> bool:
        sign = self.settings.sign or FLAVOURS[self.settings.flavour].sign
        return sign in {part, "both"}

    def _algorithms(self) -> dict[str, str]:
        if self.settings.sha1:
            return {"sign_alg": SIG_RSA_SHA1, "digest_alg": DIGEST_SHA1}
        return {"sign_alg": SIG_RSA_SHA256, "digest_alg": DIGEST_SHA256}

    # --- pysaml2
    def _saml(self) -> Server:
        with self._lock:
            if self._server is None:
                signing.install()
                self._server = Server(config=IdPConfig().load(self._configuration()))
                # Told of a program, the metadata would list what it can do, by running it.
                self._server.config.xmlsec_binary = None
            return self._server

    def _configuration(self) -> dict[str, Any]:
        following = self.keys.next_certificate
        return {
            "entityid": self.entity_id,
            "key_file": str(self.keys.key("now")),
            "cert_file": str(self.keys.certificate("now")),
            "additional_cert_files": [str(following)] if following else None,
            "xmlsec_binary": signing.any_existing_file(),
            "allow_unknown_attributes": True,
            "metadata": {"inline": self._metadata_of_service_providers()},
            "service": {
                "idp": {
                    "endpoints": {
                        "single_sign_on_service": [
                            (self.sign_in_url, BINDING_HTTP_REDIRECT),
                            (self.sign_in_url, BINDING_HTTP_POST),
                        ]
                    },
                    "name_id_format": [
                        saml.NAMEID_FORMAT_EMAILADDRESS,
                        saml.NAMEID_FORMAT_UNSPECIFIED,
                    ],
                    "want_authn_requests_signed": self._want_signed_requests,
                }
            },
        }

    def _metadata_of_service_providers(self) -> list[str]:
        services: dict[str, list[str]] = {}
        for entity_id, acs in self._pairs:
            services.setdefault(entity_id, []).append(acs)
        written = [plain_metadata(entity_id, acs) for entity_id, acs in services.items()]
        return [*map(read_metadata, self._sources), *written]


class Release(Policy):
    """Releases every attribute it is given, with the flavour's (and the test's) idea of time."""

    def __init__(self, valid: tuple[int, int], skew: int) -> None:
        super().__init__({"default": {"name_form": Verbatim.key, "attribute_restrictions": None}})
        self._begin, self._end = (in_seconds(seconds + skew) for seconds in valid)

    def filter(self, ava: Any, *_arguments: object, **_named: object) -> Any:
        return ava

    def not_on_or_after(self, _sp_entity_id: str) -> str:
        return self._end

    def conditions(self, sp_entity_id: str) -> Any:
        conditions = super().conditions(sp_entity_id)
        conditions.not_before = self._begin
        return conditions


class Verbatim(AttributeConverter):
    """Attribute names go out as they are, under one NameFormat or none."""

    key = "verbatim"

    def __init__(self, name_format: str | None) -> None:
        super().__init__(self.key)
        self._format = name_format

    def to_(self, attributes: Mapping[str, Any]) -> list[saml.Attribute]:
        return [
            saml.Attribute(name=name, name_format=self._format, attribute_value=do_ava(value))
            for name, value in attributes.items()
        ]


def in_seconds(seconds: int) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_metadata(source: str) -> str:
    """Return the metadata at a URL or in a file."""
    if source.startswith(("http://", "https://")):
        with urllib.request.urlopen(source, timeout=METADATA_SECONDS) as answer:
            return str(answer.read().decode())
    return Path(source).read_text()


def plain_metadata(entity_id: str, consumer_services: list[str]) -> str:
    """Return the least metadata that a service provider can have."""
    services = "".join(
        f'<md:AssertionConsumerService Binding="{BINDING_HTTP_POST}" index="{index}"'
        f' Location="{html.escape(acs)}" isDefault="{"true" if index == 0 else "false"}"/>'
        for index, acs in enumerate(consumer_services)
    )
    return (
        '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"'
        f' entityID="{html.escape(entity_id)}">'
        '<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        f"{services}</md:SPSSODescriptor></md:EntityDescriptor>"
    )
