"""A local OpenID provider that stands in for Google: for development, tests and the demo.

    python -m tests.servers.openid_provider --port 0

It believes whoever picks an account: never expose it. See tests/servers/README.md.
"""

import argparse
import html
import logging
import secrets
import time
from collections import OrderedDict
from dataclasses import asdict
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from tests.servers.openid_provider.endpoints import (
    AUTHORIZE,
    CERTIFICATES,
    CLIENT_ID,
    CLIENT_SECRET,
    JWKS,
    OPENID_USERINFO,
    TOKEN,
    USERINFO,
    environment,
    issuer_at,
)
from tests.servers.openid_provider.provider import (
    SCOPES,
    Account,
    AuthorizationRequest,
    OpenIDProvider,
    RefusedAtToken,
    RefusedByPage,
)
from tests.servers.pages import hidden, site
from tests.servers.serving import (
    HttpFront,
    Refused,
    Request,
    Response,
    announce_and_wait,
    not_found,
    options,
)

KEPT_REQUESTS = 1000
PEOPLE = [
    Account("100000000000000000001", "gina@gmail.example", True, "Gina", "Grant"),
    Account("100000000000000000002", "ann@corp.example", True, "Ann", "Archer", "corp.example"),
    Account("100000000000000000003", "uwe@unverified.example", False, "Uwe", "Unverified"),
]

page = site("Example Google accounts")


class Web:
    """The provider's endpoints, its page, and its remote control."""

    def __init__(self, provider: OpenIDProvider) -> None:
        self._provider = provider
        self._requests: OrderedDict[str, AuthorizationRequest] = OrderedDict()

    def answer(self, request: Request) -> Response:
        try:
            return self._answer(request)
        except RefusedByPage as refusal:
            body = f"<p>Access blocked: {html.escape(str(refusal))}</p>"
            return Response(page("Sign in with Google", body), HTTPStatus.BAD_REQUEST)
        except RefusedAtToken as refusal:
            said = {"error": refusal.error, "error_description": refusal.description}
            return Response(said, refusal.status)
        except (ValueError, TypeError) as problem:
            raise Refused(HTTPStatus.BAD_REQUEST, {"error": str(problem)}) from problem

    def _answer(self, request: Request) -> Response:
        provider = self._provider
        match request.method, request.path:
            case "GET", "/.well-known/openid-configuration":
                return Response(discovery(provider.issuer))
            case "GET" | "POST", path if path == AUTHORIZE:
                parameters = request.form if request.method == "POST" else request.query
                return self._choice(provider.asked(parameters))
            case "POST", "/pick":
                return self._picked(request.form)
            case "POST", path if path == TOKEN:
                return self._tokens(request)
            case "GET", path if path == JWKS:
                return Response({"keys": [provider.key.as_jwk()]})
            case "GET", path if path == CERTIFICATES:
                return Response({provider.key.kid: provider.key.as_certificate()})
            case "GET" | "POST", path if path in {USERINFO, OPENID_USERINFO}:
                return self._user_info(request)
        return self._control(request)

    def _control(self, request: Request) -> Response:
        """Answer those who drive it by program."""
        provider = self._provider
        match request.method, request.path:
            case "GET", "/accounts":
                return Response(provider.accounts_as_json())
            case "POST", "/accounts":
                account = Account.from_values(request.parameters)
                provider.put(account)
                return Response(asdict(account), HTTPStatus.CREATED)
            case "DELETE", "/accounts":
                provider.accounts.pop(request.parameters.get("sub", ""), None)
                return Response(provider.accounts_as_json())
            case "GET" | "POST", "/settings":
                if request.method == "POST":
                    provider.settings = provider.settings.changed(request.parameters)
                return Response(asdict(provider.settings))
        raise not_found(request)

    def _choice(self, asked: AuthorizationRequest) -> Response:
        """Show the accounts; one that the application hints at comes first."""
        ticket = secrets.token_urlsafe(16)
        self._requests[ticket] = asked
        while len(self._requests) > KEPT_REQUESTS:
            self._requests.popitem(last=False)
        accounts = sorted(
            self._provider.accounts.values(), key=lambda each: each.email != asked.login_hint
        )
        rows = "".join(_button(account) for account in accounts)
        application = html.escape(urlsplit(asked.redirect_uri).netloc)
        return Response(
            page(
                "Choose an account",
                f'<p class="lead">to continue to {application}</p>'
                f'<form method="post" action="/pick">{hidden({"ticket": ticket})}'
                f'<ul class="people">{rows}</ul>'
                '<p><button name="sub" value="">Cancel</button></p></form>',
            )
        )

    def _picked(self, form: dict[str, str]) -> Response:
        asked = self._requests.get(form.get("ticket", ""))
        if asked is None:
            raise RefusedByPage("this page is too old. Start again at the application.")
        answer = {"state": asked.state} if asked.state else {}
        account = self._provider.accounts.get(form.get("sub", ""))
        if account is None:
            answer["error"] = "access_denied"
        else:
            answer["code"] = self._provider.grant(asked, account)
            answer["scope"] = " ".join(sorted(asked.scopes))
        target = with_query(asked.redirect_uri, answer)
        return Response("", HTTPStatus.FOUND, headers={"Location": target})

    def _tokens(self, request: Request) -> Response:
        settings = self._provider.settings
        time.sleep(settings.seconds)
        if settings.token_error == "500":
            raise Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "<h1>500. That's an error.</h1>")
        if settings.token_error:
            raise RefusedAtToken(settings.token_error, "Bad Request")
        return Response(self._provider.exchange(request.form, request.basic_credentials()))

    def _user_info(self, request: Request) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        claims = self._provider.user_info(token)
        if claims is None:
            headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            raise Refused(HTTPStatus.UNAUTHORIZED, {"error": "invalid_token"}, headers)
        if request.path == USERINFO:  # the older form, with names of its own
            claims["id"] = claims.pop("sub")
            if "email_verified" in claims:
                claims["verified_email"] = claims.pop("email_verified")
        return Response(claims)


def discovery(issuer: str) -> dict[str, object]:
    return {
        "issuer": issuer,
        "authorization_endpoint": issuer + AUTHORIZE,
        "token_endpoint": issuer + TOKEN,
        "userinfo_endpoint": issuer + OPENID_USERINFO,
        "jwks_uri": issuer + JWKS,
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": list(SCOPES),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "code_challenge_methods_supported": ["plain", "S256"],
        "grant_types_supported": ["authorization_code"],
    }


def with_query(url: str, more: dict[str, str]) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), *more.items()])))


def _button(account: Account) -> str:
    return (
        f'<li><button name="sub" value="{html.escape(account.sub)}">'
        f"<span>{html.escape(account.name)} <small>{html.escape(account.email)}</small></span>"
        "</button></li>"
    )


def _arguments() -> argparse.Namespace:
    parser = options(__doc__)
    parser.add_argument("--client-id", default=CLIENT_ID)
    parser.add_argument("--client-secret", default=CLIENT_SECRET)
    return parser.parse_args()


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(name)s %(levelname)s %(message)s")
    arguments = _arguments()
    front = HttpFront(arguments.port)
    issuer = issuer_at(front.port)
    provider = OpenIDProvider(issuer, arguments.client_id, arguments.client_secret)
    for account in PEOPLE:
        provider.put(account)
    front.start(Web(provider).answer)
    announce_and_wait(
        front.port,
        exit_with_parent=arguments.exit_with_parent,
        url=issuer,
        environment=environment(front.port, arguments.client_id, arguments.client_secret),
    )
    front.close()


if __name__ == "__main__":
    main()
