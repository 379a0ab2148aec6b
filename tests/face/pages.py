"""Every page, who looks at it, and in which state.

A new page is walked by itself, as Acme's owner; the ids in its address come from the access table
(tests/access_table.py). A line here gives it another visitor, a state, or ids of its own:

    Page("domains:claim", args=lambda world: {"claim_id": world.claim.public_id})

Several states of a page are several lines; a state that makes what the address names returns the
address. What shows no page stands in NO_PAGE, with its reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.test import Client
from django.urls import get_resolver

from tests import test_access_table as access
from tests.access_table import OBJECTS
from tests.face import states

Prepare = Callable[[Any, Client], object]
Arguments = Callable[[Any], dict[str, Any]]


@dataclass(frozen=True)
class Page:
    """One page in one state."""

    name: str
    state: str = ""
    who: str = "ann"  # nobody, or an attribute of the world
    args: Arguments = lambda _world: {}
    query: str = ""
    prepare: Prepare | None = None
    status: int = 200
    # Send its first form as it stands, and judge how it is refused.
    submit: bool = False
    # What its first form is sent with, for a page that only an answer shows.
    fill: Callable[[Any], dict[str, str]] | None = None
    # Where the product goes by a name: passkeys need one.
    named: bool = False
    # Sentences on it that are data, and no translator's.
    data: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}-{self.state}" if self.state else self.name


PAGES = [
    # ── The demo
    Page("start", who="nobody", data=("*",)),
    Page("development:components", data=("*",)),
    Page("development:outbox", who="nobody", prepare=states.link_asked, data=("*",)),
    Page("development:dns", "no name server", "nobody", status=503, data=("*",)),
    # ── Sign-in and sign-up
    Page("signin:address", who="nobody"),
    Page("signin:address", state="refused", who="nobody", submit=True),
    Page("signin:method", who="nobody", prepare=states.typed_address),
    Page("signin:method", state="managed", who="nobody", prepare=states.typed_managed_address),
    Page("signin:sign_up", who="nobody"),
    Page("signin:sign_up", state="refused", who="nobody", submit=True),
    Page("signin:google_known", who="nobody"),
    Page("signin:google_refused", who="nobody"),
    Page("account_confirm_login_code", who="nobody", prepare=states.link_asked),
    Page("account_email_verification_sent", who="nobody", prepare=states.signed_up),
    Page("account_reset_password", who="nobody"),
    Page("account_reset_password_done", who="nobody"),
    Page("account_reset_password_from_key", who="nobody"),
    Page("socialaccount_login_error", who="nobody", status=401),
    Page("twofactor:challenge", who="nobody", prepare=states.challenged),
    Page("twofactor:challenge", "refused", "nobody", prepare=states.challenged, submit=True),
    Page("twofactor:challenge_choose", who="nobody", prepare=states.challenged),
    Page("twofactor:recovery_code", who="nobody", prepare=states.challenged),
    Page("twofactor:challenge_with", who="nobody", prepare=states.challenged),
    Page("twofactor:set_up_phone_code", prepare=states.texted),
    Page("twofactor:set_up_passkey", named=True),
    Page("twofactor:set_up_app", state="codes", fill=states.code_of_the_app),
    Page("twofactor:set_up_app"),
    Page("twofactor:recovery_codes", prepare=states.codes_shown),
    Page("twofactor:passkey_sign_in", who="nobody", named=True),
    Page("twofactor:stop_reset", who="nobody", prepare=states.reset_asked),
    # ── Somebody signed in
    Page("home", who="newcomer", state="empty"),
    Page("home", who="busy"),
    Page("organizations:create", submit=True),
    Page("profile:home"),
    Page("profile:home", state="set up", prepare=states.set_up),
    Page("twofactor:profile", state="set up", prepare=states.set_up),
    Page("twofactor:change", prepare=states.set_up),
    Page("twofactor:regenerate", prepare=states.set_up),
    Page("twofactor:add_backup", prepare=states.set_up),
    Page("twofactor:remove_backup", prepare=states.backed_up),
    Page("profile:email_confirm", prepare=states.address_changing),
    Page("discoverability:join", who="newcomer", prepare=states.discoverable),
    # ── An organization
    Page("organizations:overview"),
    Page("organizations:overview", state="member", who="member"),
    Page("organizations:members"),
    Page("organizations:members", state="many", prepare=states.many_members),
    Page("organizations:invitations", prepare=states.invitations),
    Page("organizations:invitation", who="nobody", status=404),
    Page("organizations:teams", prepare=states.teams),
    Page("organizations:projects", state="empty"),
    Page("organizations:projects", prepare=states.projects),
    Page("organizations:audit", prepare=states.sign_ins),
    Page("organizations:audit", state="role missing", who="member", status=403),
    Page("twofactor:settings", state="with single sign-on", prepare=states.connected),
    Page("twofactor:settings", prepare=states.counted),
    Page("twofactor:require"),
    Page("twofactor:require", state="refused", submit=True),
    Page("twofactor:stop", prepare=states.required),
    Page("domains:submit", prepare=states.password_given),
    Page("domains:settings", state="empty"),
    Page("domains:settings", prepare=states.claims),
    Page("sso:settings"),
    Page("sso:settings", state="connected", prepare=states.connected),
    Page("sso:connection", submit=True),
    Page("sso:set_up", state="over", who="nobody", status=404),
    Page("sso:add_certificate", prepare=states.connected),
    Page("sso:options", prepare=states.connected),
    Page("sso:provisioning", prepare=states.connected),
    Page("sso:require", prepare=states.connected),
    Page("sso:log", prepare=states.answered),
    Page("sso:hand_over", who="nobody", status=403),
    Page("scim:settings", state="empty"),
    Page("scim:settings", prepare=states.provisioned),
    Page("scim:settings", state="deactivated", prepare=states.deactivated),
    Page("scim:undo", prepare=states.deactivated),
    Page(
        "scim:guide",
        args=lambda _world: {"provider": "okta"},
        data=("Unique identifier field",),
    ),
    Page("scim:requests", prepare=states.provisioned),
    Page("discoverability:settings", state="enterprise"),
    Page("discoverability:settings", prepare=states.discoverable),
    Page("discoverability:requests", prepare=states.discoverable),
]

LEADS = "leads elsewhere"
NO_PAGE = {
    "me": "JSON",
    "healthz": "for machines",
    "readyz": "for machines",
    "metrics": "for machines",
    "scim:root": "for machines",
    "scim:endpoint": "for machines",
    "sso:metadata": "XML",
    "sso:postback": LEADS,
    "development:mail_html": "no script runs there, so no axe: test_mails.py",
    "account_login": LEADS,
    "account_signup": LEADS,
    "account_logout": LEADS,
    "account_email": LEADS,
    "account_reauthenticate": LEADS,
    "account_request_login_code": LEADS,
    "google_login": "not there without Google",
    "google_callback": "not there without Google",
    "socialaccount_connections": LEADS,
    "socialaccount_signup": LEADS,
    "scim:invite": "takes a POST",
    "scim:dismiss": "takes a POST",
    "sso:test": "a form that script sends to the identity provider at once",
    "sso:download": "XML",
    "organizations:security": LEADS,
    "organizations:audit_export": "a download",
    "profile:google": LEADS,
    "signin:sign_out": LEADS,
    "signin:next": LEADS,
}

# Django's own pages for operators have their own face and their own tests.
OPERATORS = "otpadmin:"
ADDRESSES = {
    address.name: address
    for address in access.pages(get_resolver())
    if not address.name.startswith(OPERATORS)
}


def is_plain(address: access.Page) -> bool:
    """Return whether everything in its address can be filled in without a line here."""
    if set(address.keys) <= {"organization_id"}:
        return True
    return access.is_known(address) and set(address.objects) <= set(OBJECTS)


def all_pages() -> list[Page]:
    """Return the pages of the table, and those that need no line in it."""
    named = {page.name for page in PAGES} | set(NO_PAGE)
    plain = [
        Page(name)
        for name, address in sorted(ADDRESSES.items())
        if name not in named and is_plain(address)
    ]
    return PAGES + plain
