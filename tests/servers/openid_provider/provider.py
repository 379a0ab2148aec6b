"""Accounts, codes and tokens, as Google's OpenID Connect deals with them; no web pages."""

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CODE_SECONDS = 60
TOKEN_SECONDS = 3600
SCOPES = ("openid", "email", "profile")


class RefusedByPage(Exception):
    """The request is so wrong that nobody may be sent back: Google shows an error page."""


class RefusedAtToken(Exception):
    """The token endpoint's error, with its HTTP status."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error, description)
        self.error, self.description, self.status = error, description, status


@dataclass(frozen=True)
class Account:
    """A Google account. `sub` is the person; an address may move to another one."""

    sub: str
    email: str
    email_verified: bool = True
    given_name: str = ""
    family_name: str = ""
    hd: str = ""  # the Workspace domain

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """Return the account described; raises ValueError, naming what is unknown or missing."""
        if unknown := set(values) - {each.name for each in fields(cls)}:
            raise ValueError(f"unknown fields: {', '.join(sorted(unknown))}")
        if not values.get("email"):
            raise ValueError("email is missing")
        return cls(**{"sub": str(secrets.randbelow(10**21)), **values})

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip() or self.email

    def claims(self, scopes: frozenset[str]) -> dict[str, Any]:
        """Return the claims that the scopes release, empty ones left out."""
        claims: dict[str, Any] = {"sub": self.sub, "hd": self.hd}
        if "email" in scopes:
            claims |= {"email": self.email, "email_verified": self.email_verified}
        if "profile" in scopes:
            claims |= {
                "name": self.name,
                "given_name": self.given_name,
                "family_name": self.family_name,
            }
        return {name: value for name, value in claims.items() if value != ""}


@dataclass(frozen=True)
class AuthorizationRequest:
    """What an application asks by the browser."""

    client_id: str
    redirect_uri: str
    scopes: frozenset[str]
    state: str = ""
    nonce: str = ""
    login_hint: str = ""
    code_challenge: str = ""
    code_challenge_method: str = "plain"


@dataclass(frozen=True)
class Grant:
    """What a code or an access token stands for."""

    request: AuthorizationRequest
    account: Account
    expires_at: float


@dataclass(frozen=True)
class Settings:
    """What may be changed while it runs.

    claims: put into every ID token, over what is true (`{"aud": "another"}`). token_error: an OAuth
    error of the token endpoint, or "500". seconds: how long that endpoint takes.
    """

    claims: dict[str, Any] = field(default_factory=dict)
    token_error: str = ""
    seconds: float = 0.0

    def changed(self, values: Mapping[str, Any]) -> "Settings":
        if unknown := set(values) - {each.name for each in fields(self)}:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
        return replace(self, **values)


class SigningKey:
    """One RSA key, published as a JSON Web Key and, as Google does too, as a certificate."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.kid = secrets.token_hex(20)

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self.kid})

    def as_jwk(self) -> dict[str, Any]:
        jwk = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {**jwk, "kid": self.kid, "alg": "RS256", "use": "sig"}

    def as_certificate(self) -> str:
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "federated-signon.example")])
        today = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - timedelta(days=1))
            .not_valid_after(today + timedelta(days=30))
            .sign(self._key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM).decode()


class OpenIDProvider:
    """One client, its accounts, and what was granted to it."""

    def __init__(self, issuer: str, client_id: str, client_secret: str) -> None:
        self.issuer, self.client_id, self._client_secret = issuer, client_id, client_secret
        self.key = SigningKey()
        self.settings = Settings()
        self.accounts: dict[str, Account] = {}
        self._codes: dict[str, Grant] = {}
        self._tokens: dict[str, Grant] = {}
        self._lock = threading.Lock()

    def put(self, account: Account) -> None:
        """Add an account, or replace the one with this `sub`."""
        self.accounts[account.sub] = account

    # --- by the browser
    def asked(self, parameters: Mapping[str, str]) -> AuthorizationRequest:
        """Return the application's request; raises RefusedByPage in Google's words."""
        if parameters.get("client_id") != self.client_id:
            raise RefusedByPage("Error 401: invalid_client. The OAuth client was not found.")
        redirect_uri = parameters.get("redirect_uri", "")
        if not redirect_uri.startswith(("http://127.0.0.1", "http://localhost")):
            raise RefusedByPage("Error 400: redirect_uri_mismatch")
        if parameters.get("response_type") != "code":
            raise RefusedByPage("Error 400: invalid_request. response_type must be code.")
        scopes = frozenset(parameters.get("scope", "").split())
        if not scopes or scopes - set(SCOPES):
            raise RefusedByPage("Error 400: invalid_scope")
        method = parameters.get("code_challenge_method", "plain")
        if method not in {"plain", "S256"}:
            raise RefusedByPage("Error 400: invalid_request. Invalid code_challenge_method.")
        return AuthorizationRequest(
            client_id=self.client_id,
            redirect_uri=redirect_uri,
            scopes=scopes,
            state=parameters.get("state", ""),
            nonce=parameters.get("nonce", ""),
            login_hint=parameters.get("login_hint", ""),
            code_challenge=parameters.get("code_challenge", ""),
            code_challenge_method=method,
        )

    def grant(self, request: AuthorizationRequest, account: Account) -> str:
        """Return a code for the application, good for one use within a minute."""
        code = f"4/{secrets.token_urlsafe(32)}"
        with self._lock:
            self._codes[code] = Grant(request, account, time.time() + CODE_SECONDS)
        return code

    # --- by the application
    def exchange(
        self, form: Mapping[str, str], credentials: tuple[str, str] | None
    ) -> dict[str, Any]:
        """Return tokens for a code; raises RefusedAtToken. Credentials: basic, or in the form."""
        given = credentials or (form.get("client_id", ""), form.get("client_secret", ""))
        if given[0] != self.client_id:
            raise RefusedAtToken("invalid_client", "The OAuth client was not found.", 401)
        if not secrets.compare_digest(given[1].encode(), self._client_secret.encode()):
            raise RefusedAtToken("invalid_client", "Unauthorized", 401)
        if form.get("grant_type") != "authorization_code":
            raise RefusedAtToken("unsupported_grant_type", "Invalid grant_type")
        with self._lock:
            grant = self._codes.pop(form.get("code", ""), None)
        if grant is None or grant.expires_at < time.time():
            raise RefusedAtToken("invalid_grant", "Malformed auth code.")
        if form.get("redirect_uri") != grant.request.redirect_uri:
            raise RefusedAtToken("redirect_uri_mismatch", "Bad Request")
        if not _verifies(grant.request, form.get("code_verifier", "")):
            raise RefusedAtToken("invalid_grant", "Invalid code verifier.")
        return self._tokens_for(grant)

    def _tokens_for(self, grant: Grant) -> dict[str, Any]:
        access_token = f"ya29.{secrets.token_urlsafe(48)}"
        with self._lock:
            self._tokens[access_token] = replace(grant, expires_at=time.time() + TOKEN_SECONDS)
        tokens = {
            "access_token": access_token,
            "expires_in": TOKEN_SECONDS,
            "scope": " ".join(sorted(grant.request.scopes)),
            "token_type": "Bearer",
        }
        if "openid" in grant.request.scopes:
            tokens["id_token"] = self.key.sign(self._id_claims(grant, access_token))
        return tokens

    def _id_claims(self, grant: Grant, access_token: str) -> dict[str, Any]:
        now = int(time.time())
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        claims = {
            "iss": self.issuer,
            "azp": self.client_id,
            "aud": self.client_id,
            "at_hash": _base64url(half),
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            **grant.account.claims(grant.request.scopes),
        }
        if grant.request.nonce:
            claims["nonce"] = grant.request.nonce
        return {**claims, **self.settings.claims}

    def user_info(self, access_token: str) -> dict[str, Any] | None:
        """Return the claims of the token's account, or None for a token that is not good."""
        with self._lock:
            grant = self._tokens.get(access_token)
        if grant is None or grant.expires_at < time.time():
            return None
        return grant.account.claims(grant.request.scopes)

    def accounts_as_json(self) -> list[dict[str, Any]]:
        return [asdict(account) for account in self.accounts.values()]


def _verifies(request: AuthorizationRequest, verifier: str) -> bool:
    """Whether the verifier belongs to the challenge, if there was one (RFC 7636, 4.6)."""
    if not request.code_challenge:
        return not verifier
    found = verifier
    if request.code_challenge_method == "S256":
        found = _base64url(hashlib.sha256(verifier.encode()).digest())
    return secrets.compare_digest(found.encode(), request.code_challenge.encode())


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
