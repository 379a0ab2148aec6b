"""A small SAML 2.0 identity provider for development, tests and the demo, on pysaml2.

    python -m tests.servers.identity_provider --port 0 --sp-metadata URL-or-file [--flavour okta]

It believes whoever clicks a name: never expose it. See tests/servers/README.md.
"""

import argparse
import logging
import secrets
import tempfile
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import Any

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT

from tests.servers.identity_provider import pages
from tests.servers.identity_provider.flavours import FLAVOURS
from tests.servers.identity_provider.people import Person, UnknownPerson
from tests.servers.identity_provider.provider import IdentityProvider, Settings, SignInRequest
from tests.servers.serving import HttpFront, Request, Response, announce_and_wait, options

log = logging.getLogger(__name__)


class Web:
    """The provider's pages and its remote control, over HTTP."""

    def __init__(self, idp: IdentityProvider) -> None:
        self._idp = idp

    def answer(self, request: Request) -> Response:
        """Answer with a page that says what is wrong where anything is."""
        try:
            return self._answer(request)
        except (UnknownPerson, LookupError) as problem:
            page = pages.refused("Not found", repr(problem))
            return Response(page, HTTPStatus.NOT_FOUND)
        except Exception as problem:  # noqa: BLE001  pysaml2 raises whatever its parsers meet
            log.warning("refused %s %s: %r", request.method, request.path, problem)
            page = pages.refused("Refused", repr(problem))
            return Response(page, HTTPStatus.BAD_REQUEST)

    def _answer(self, request: Request) -> Response:
        if request.path.startswith("/forms/") and request.method == "POST":
            return self._form(request)
        fields: dict[str, Any] = {**request.query, **(request.form if request.is_form else {})}
        match request.method, request.path:
            case "GET", "/":
                return Response(pages.home(self._idp, fields.get("RelayState", "")))
            case "GET" | "POST", "/sso":
                return self._asked(request.method, fields)
            case "GET", "/pick":
                return self._choice(fields["ticket"])
            case "POST", "/login":
                return self._answered(self._idp.kept(fields["ticket"]), fields["user"])
            case "GET" | "POST", "/start":
                start = self._idp.unsolicited(
                    fields.get("sp", ""), fields.get("RelayState", ""), fields.get("acs", "")
                )
                return self._answered(start, fields["user"])
            case "GET", "/metadata":
                return Response(self._idp.metadata(), content_type="application/samlmetadata+xml")
            case "GET", "/certificate.pem" | "/next.pem":
                which = "now" if request.path == "/certificate.pem" else "next"
                certificate = self._idp.keys.certificate(which)
                if not certificate.exists():
                    raise LookupError(request.path)
                return Response(certificate.read_text(), content_type="application/x-pem-file")
        return self._control(request)

    def _control(self, request: Request) -> Response:
        """Answer those who drive it by program, in JSON."""
        idp = self._idp
        match request.method, request.path:
            case "POST", "/roll":
                stage = "stage" in request.query
                return Response({"staged": stage, "certificate": idp.roll(stage=stage)})
            case "POST", "/reload":
                return Response({"service_providers": idp.reload()})
            case "GET", "/service-providers":
                return Response({"service_providers": idp.service_providers()})
            case "POST", "/service-providers":
                given = request.parameters
                if "metadata" in given:
                    idp.add_metadata(given["metadata"])
                else:
                    idp.add_service_provider(given["entity_id"], given["acs"])
                return Response({"service_providers": idp.service_providers()})
            case "GET", "/users":
                return Response([person.as_json() for person in idp.people])
            case "POST", "/users":
                person = Person.from_values(request.json())
                idp.people.put(person)
                return Response(person.as_json())
            case "GET" | "POST", "/settings":
                if request.method == "POST":
                    idp.settings = idp.settings.changed(request.json())
                return Response(asdict(idp.settings))
        raise LookupError(request.path)

    def _form(self, request: Request) -> Response:
        """Do what a form of the pages asks, then show a page."""
        form = request.form
        match request.path:
            case "/forms/people":
                groups = [name.strip() for name in form.get("groups", "").split(",")]
                self._idp.people.put(
                    Person(
                        email=form["email"],
                        first_name=form.get("first_name", ""),
                        last_name=form.get("last_name", ""),
                        groups=[name for name in groups if name],
                    )
                )
            case "/forms/settings":
                self._idp.settings = self._idp.settings.changed(
                    {
                        "flavour": form["flavour"],
                        "sign": form["sign"] or None,
                        "sha1": "sha1" in form,
                        "encrypt": "encrypt" in form,
                        "skew": int(form["skew"] or 0),
                    }
                )
            case "/forms/roll":
                self._idp.roll(stage=bool(form.get("stage")))
            case _:
                raise LookupError(request.path)
        back = form.get("back", "/")
        target = back if back.startswith("/pick?ticket=") else "/"
        return Response("", HTTPStatus.SEE_OTHER, headers={"Location": target})

    def _asked(self, method: str, fields: dict[str, str]) -> Response:
        """A service provider sent somebody: let them choose who they are."""
        request = self._idp.parse(
            fields["SAMLRequest"],
            BINDING_HTTP_REDIRECT if method == "GET" else BINDING_HTTP_POST,
            fields.get("RelayState", ""),
            fields.get("SigAlg"),
            fields.get("Signature"),
        )
        ticket = secrets.token_urlsafe(16)
        self._idp.keep(ticket, request)
        return self._choice(ticket)

    def _choice(self, ticket: str) -> Response:
        return Response(pages.choose_person(self._idp, ticket, self._idp.kept(ticket)))

    def _answered(self, request: SignInRequest, email: str) -> Response:
        person = self._idp.people[email] if email else None
        fields = {
            "SAMLResponse": self._idp.respond(request, person),
            "RelayState": request.relay_state,
        }
        return Response(pages.auto_post(request.destination, fields))


def _arguments() -> argparse.Namespace:
    parser = options(__doc__)
    add = parser.add_argument
    add("--host", default="localhost", help="name in the URLs; it listens on 127.0.0.1 always")
    add("--entity-id", default="", help="issuer; default BASE/metadata")
    add("--sp-metadata", action="append", default=[], metavar="URL-OR-FILE", help="repeatable")
    add("--sp", action="append", default=[], metavar="ENTITY_ID=ACS_URL", help="repeatable")
    add("--flavour", choices=FLAVOURS, default="okta")
    add("--sign", choices=["response", "assertion", "both", "none"])
    add("--encrypt", action="store_true", help="needs the service provider's certificate")
    add("--want-signed-requests", action="store_true")
    add("--users", type=Path, default=Path(__file__).parent / "users.toml")
    add("--state", type=Path, help="folder for keys and added people; default a temporary one")
    return parser.parse_args()


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(name)s %(levelname)s %(message)s")
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="identity-provider-") as temporary:
        front = HttpFront(arguments.port)
        idp = IdentityProvider(
            f"http://{arguments.host}:{front.port}",
            arguments.state or Path(temporary),
            arguments.users,
            entity_id=arguments.entity_id,
            sources=arguments.sp_metadata,
            pairs=[tuple(pair.rsplit("=", 1)) for pair in arguments.sp],
            settings=Settings(arguments.flavour, arguments.sign, arguments.encrypt),
            want_signed_requests=arguments.want_signed_requests,
        )
        front.start(Web(idp).answer)
        announce_and_wait(
            front.port,
            exit_with_parent=arguments.exit_with_parent,
            url=idp.base_url,
            entity_id=idp.entity_id,
            sign_in_url=idp.sign_in_url,
            metadata_url=f"{idp.base_url}/metadata",
        )
        front.close()


if __name__ == "__main__":
    main()
