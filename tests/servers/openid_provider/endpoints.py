"""Where the provider's endpoints are, and how settings.py is told: a port is all it takes."""

CLIENT_ID = "loopback.apps.googleusercontent.example"
CLIENT_SECRET = "GOCSPX-loopback"
# Google's own paths, so that a URL reads like the one it stands for.
AUTHORIZE, TOKEN, JWKS = "/o/oauth2/v2/auth", "/token", "/oauth2/v3/certs"
CERTIFICATES, USERINFO, OPENID_USERINFO = "/oauth2/v1/certs", "/oauth2/v2/userinfo", "/v1/userinfo"


def issuer_at(port: int) -> str:
    return f"http://localhost:{port}"


def environment(
    port: int, client_id: str = CLIENT_ID, client_secret: str = CLIENT_SECRET
) -> dict[str, str]:
    """Return the variables that put the provider on this port in Google's place."""
    issuer = issuer_at(port)
    return {
        "GOOGLE_CLIENT_ID": client_id,
        "GOOGLE_CLIENT_SECRET": client_secret,
        "GOOGLE_AUTHORIZE_URL": issuer + AUTHORIZE,
        "GOOGLE_ACCESS_TOKEN_URL": issuer + TOKEN,
        "GOOGLE_ID_TOKEN_ISSUER": issuer,
        "GOOGLE_IDENTITY_URL": issuer + USERINFO,
        "GOOGLE_CERTS_URL": issuer + CERTIFICATES,
    }
