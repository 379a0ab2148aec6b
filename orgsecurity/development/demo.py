"""What `/` says about the demo."""

from __future__ import annotations

from django.conf import settings

# Demo data is made by `manage.py demo`, from this same table.
PASSWORD = "correct horse battery"  # noqa: S105  # the demo's, shown on its first page
ACCOUNTS = (
    ("ann@corp.example", "Ann Archer", "owner of Acme (Enterprise) and of Bright (Growth)"),
    ("bob@corp.example", "Bob Brügger-O'Neil", "nobody yet: the identity provider knows him"),
    ("carl@bright.example", "Carl Carlsen", "member of Bright, where no single sign-on is"),
)


def explanation() -> dict[str, object]:
    """Return the accounts and addresses that the demo's page names."""
    return {
        "accounts": ACCOUNTS,
        "password": PASSWORD,
        "identity_provider": settings.DEMO_IDP_URL,
        "base_url": settings.BASE_URL,
    }
