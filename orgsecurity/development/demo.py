"""What `/` says about the demo."""

from __future__ import annotations

from django.conf import settings

# The launcher makes the demo's data from this same table. Its domains are the demo's alone:
# corp.example and the like are left to whoever tries things out.
PASSWORD = "correct horse battery"  # noqa: S105  # the demo's, shown on its first page
ACCOUNTS = (
    ("mia@acme-demo.example", "Mia Roth", "owner of Acme (Enterprise) and of Bright (Growth)"),
    ("jon@acme-demo.example", "Jon Park", "nobody yet: the identity provider knows him"),
    ("lea@bright-demo.example", "Lea Lund", "member of Bright, where no single sign-on is"),
)


def explanation() -> dict[str, object]:
    """Return the accounts and addresses that the demo's page names."""
    return {
        "accounts": ACCOUNTS,
        "password": PASSWORD,
        "identity_provider": settings.DEMO_IDP_URL,
        "base_url": settings.BASE_URL,
    }
