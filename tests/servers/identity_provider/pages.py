"""The identity provider's pages: plain HTML that works without script and by keyboard."""

import html
from collections.abc import Iterable, Mapping

from tests.servers.identity_provider.flavours import FLAVOURS
from tests.servers.identity_provider.people import Person
from tests.servers.identity_provider.provider import IdentityProvider, SignInRequest
from tests.servers.pages import hidden, site

page = site("Example identity provider")


def choose_person(idp: IdentityProvider, ticket: str, request: SignInRequest) -> str:
    """Return the sign-in page that a service provider's request leads to."""
    people = _people_form(idp.people, "/login", {"ticket": ticket}, extra=CANCEL)
    lead = f"<p class=lead>to continue to {html.escape(request.sp_entity_id)}</p>"
    return page("Sign in", lead + people + _add_person(back=f"/pick?ticket={ticket}"))


CANCEL = '<p><button name="user" value="">Cancel</button></p>'


def home(idp: IdentityProvider, relay_state: str = "") -> str:
    """Return the start page: sign in from here, add people, change what is sent."""
    return page(
        "Start as …",
        "<p class=lead>Pick a person to sign in to the application from here (IdP-initiated).</p>"
        + _people_form(idp.people, "/start", {"RelayState": relay_state})
        + _add_person(back="/")
        + _values(idp)
        + _settings_form(idp),
    )


def auto_post(action: str, fields: Mapping[str, str]) -> str:
    """Return the page that posts itself to the assertion consumer service.

    A script may be off or blocked, so its button is there for everybody.
    """
    return page(
        "Signing you in",
        f'<form method="post" action="{html.escape(action)}">{hidden(fields)}'
        '<p><button class="primary">Continue</button></p></form>'
        "<script>document.forms[0].submit()</script>",
    )


def refused(title: str, sentence: str) -> str:
    return page(title, f"<p>{html.escape(sentence)}</p><p><a href='/'>Start again</a></p>")


def _people_form(
    people: Iterable[Person], action: str, fields: Mapping[str, str], extra: str = ""
) -> str:
    rows = "".join(
        f'<li><button name="user" value="{html.escape(person.email)}">'
        f'<span class="initials" aria-hidden="true">{html.escape(person.initials)}</span>'
        f"<span>{html.escape(person.display_name)} "
        f"<small>{html.escape(person.email)}</small></span>"
        "</button></li>"
        for person in people
    )
    return (
        f'<form method="post" action="{action}">{hidden(fields)}'
        f'<ul class="people">{rows}</ul>{extra}</form>'
    )


def _add_person(back: str) -> str:
    return (
        "<details><summary>Add a person</summary>"
        f'<form method="post" action="/forms/people">{hidden({"back": back})}'
        '<label for="email">Email</label>'
        '<input id="email" name="email" type="email" required autocomplete="off">'
        '<label for="first_name">First name</label>'
        '<input id="first_name" name="first_name" autocomplete="off">'
        '<label for="last_name">Last name</label>'
        '<input id="last_name" name="last_name" autocomplete="off">'
        '<label for="groups">Groups, separated by commas</label>'
        '<input id="groups" name="groups" autocomplete="off">'
        '<button class="primary">Add person</button></form></details>'
    )


def _values(idp: IdentityProvider) -> str:
    return (
        "<details open><summary>What the application's admin enters</summary><dl>"
        f"<dt>Issuer</dt><dd>{html.escape(idp.entity_id)}</dd>"
        f"<dt>Sign-in URL</dt><dd>{html.escape(idp.sign_in_url)}</dd></dl>"
        '<p><a href="/certificate.pem" download="certificate.pem">Certificate</a> · '
        '<a href="/metadata" download="metadata.xml">Metadata</a></p></details>'
    )


def _settings_form(idp: IdentityProvider) -> str:
    settings = idp.settings
    return (
        "<details><summary>What is sent, and how it is signed</summary>"
        '<form method="post" action="/forms/settings">'
        + _select("flavour", "Sends as", {name: name for name in FLAVOURS}, settings.flavour)
        + _select("sign", "Signs", SIGN, settings.sign or "")
        + _checkbox("sha1", "Sign with SHA-1", settings.sha1)
        + _checkbox("encrypt", "Encrypt assertions", settings.encrypt)
        + '<label for="skew">Clock, seconds ahead</label>'
        f'<input id="skew" name="skew" type="number" value="{settings.skew}">'
        '<button class="primary">Save</button></form>'
        '<form method="post" action="/forms/roll">'
        '<button name="stage" value="1">Announce the next certificate</button> '
        '<button name="stage" value="">Sign with the next certificate</button></form></details>'
    )


SIGN = {
    "": "as that product does",
    "response": "the response",
    "assertion": "the assertion",
    "both": "both",
    "none": "nothing",
}


def _select(name: str, label: str, choices: Mapping[str, str], chosen: str) -> str:
    options = "".join(
        f'<option value="{value}"{" selected" if value == chosen else ""}>{words}</option>'
        for value, words in choices.items()
    )
    return (
        f'<label for="{name}">{label}</label><select id="{name}" name="{name}">{options}</select>'
    )


def _checkbox(name: str, label: str, checked: bool) -> str:
    state = " checked" if checked else ""
    return f'<label><input type="checkbox" name="{name}" value="1"{state}> {label}</label>'
