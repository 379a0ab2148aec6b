"""A service provider on python3-saml, set as the product sets it: it judges the answers."""

from onelogin.saml2.auth import OneLogin_Saml2_Auth

from tests.loopback.clients import call
from tests.servers.launch import Server

ENTITY_ID = "https://app.example/security/sso/v2/authorize/"
ACS = "https://app.example/sso/saml2"


def service_provider(server: Server, form: dict[str, str] | None = None, *, acs: str = ACS):
    """Return python3-saml with a posted form as its request."""
    certificate = call("GET", f"{server.url}/certificate.pem").text
    return OneLogin_Saml2_Auth(
        {
            "https": "on",
            "http_host": "app.example",
            "script_name": "/sso/saml2",
            "get_data": {},
            "post_data": form or {},
        },
        {
            "strict": True,
            "sp": {"entityId": ENTITY_ID, "assertionConsumerService": {"url": acs}},
            "idp": {
                "entityId": server["entity_id"],
                "singleSignOnService": {"url": server["sign_in_url"]},
                "x509certMulti": {"signing": [certificate]},
            },
            "security": {
                "requestedAuthnContext": False,
                "wantAttributeStatement": False,
                "wantNameId": False,
                "allowRepeatAttributeName": True,
                "rejectDeprecatedAlgorithm": True,
            },
        },
    )
