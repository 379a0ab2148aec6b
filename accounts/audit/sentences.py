"""Events in people's words: one sentence each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.audit.events import Event, label_of
from accounts.models import Plan, Role

if TYPE_CHECKING:
    from accounts.models import AuditEvent

# Where "who, what: whom" is not how people say it. Names in braces: actor, target, and data.
SENTENCES: dict[str, Promise] = {
    Event.ORGANIZATION_CREATED: gettext_lazy("{actor} created the organization"),
    Event.ORGANIZATION_ENTERED: gettext_lazy("{actor} signed in with {evidence}"),
    Event.MEMBER_ADDED: gettext_lazy("{target} became a member, as {role}"),
    Event.MEMBER_LEFT: gettext_lazy("{target} left the organization"),
    Event.MEMBER_DEACTIVATED: gettext_lazy("{actor} deactivated {target}"),
    Event.MEMBER_REACTIVATED: gettext_lazy("{actor} reactivated {target}"),
    Event.MEMBER_REMOVED: gettext_lazy("{actor} removed {target}"),
    Event.MEMBER_SESSIONS_ENDED: gettext_lazy("{actor} ended the sessions of {target}"),
    Event.MEMBER_ADDRESS_CHANGED: gettext_lazy("{target} got another address"),
    Event.ROLE_CHANGED: gettext_lazy(
        "{actor} changed the role of {target} from {before} to {after}"
    ),
    Event.OWNERSHIP_TRANSFERRED: gettext_lazy("{actor} transferred ownership to {target}"),
    Event.INVITATION_SENT: gettext_lazy("{actor} invited {target} as {role}"),
    Event.INVITATION_RESENT: gettext_lazy("{actor} invited {target} again, as {role}"),
    Event.INVITATION_ACCEPTED: gettext_lazy("{actor} accepted the invitation for {target}"),
    Event.INVITATION_WITHDRAWN: gettext_lazy("{actor} withdrew the invitation for {target}"),
    Event.TEAM_CREATED: gettext_lazy("{actor} created the team {target}"),
    Event.TEAM_RENAMED: gettext_lazy("{actor} renamed the team {before} to {after}"),
    Event.TEAM_DELETED: gettext_lazy("{actor} deleted the team {target}"),
    Event.TEAM_MEMBERS_CHANGED: gettext_lazy("{actor} changed who is in the team {target}"),
    Event.PROJECT_CREATED: gettext_lazy("{actor} created the project {target}"),
    Event.PROJECT_ACCESS_CHANGED: gettext_lazy("{actor} changed who may open {target}"),
    Event.PROJECT_REQUESTED: gettext_lazy("{actor} asked for access to {target}"),
    Event.PLAN_CHANGED: gettext_lazy("{actor} changed the plan from {before} to {after}"),
    Event.DOMAIN_CLAIMED: gettext_lazy("{actor} claimed the domain {target}"),
    Event.DOMAIN_VERIFIED: gettext_lazy("{actor} verified the domain {target}"),
    Event.DOMAIN_RECORD_MISSING: gettext_lazy("{actor} did not find the record of {target}"),
    Event.DOMAIN_RECOVERED: gettext_lazy("{actor} found the record of {target} again"),
    Event.DOMAIN_UNVERIFIED: gettext_lazy("{actor} unverified the domain {target}"),
    Event.JOIN_REQUESTED: gettext_lazy("{target} asked to join"),
    Event.JOIN_REQUEST_DECIDED: gettext_lazy(
        "{actor} closed the request of {target} to join: {state}"
    ),
    Event.DOMAIN_REMOVED: gettext_lazy("{actor} removed the domain {target}"),
}
# What was shown at a sign-in, as people call it.
EVIDENCE = {
    "password": gettext_lazy("a password"),
    "magic_link": gettext_lazy("a link by email"),
    "google": gettext_lazy("Google"),
    "passkey": gettext_lazy("a passkey"),
    "otp": gettext_lazy("a second factor"),
    "saml": gettext_lazy("single sign-on"),
}
WORDS: dict[str, Any] = {**dict(Role.choices), **dict(Plan.choices)}


@dataclass(frozen=True)
class Line:
    """An event as the page shows it."""

    event: AuditEvent
    sentence: str
    # What changed, as pairs of name and words.
    details: list[tuple[str, str]]


def line(event: AuditEvent) -> Line:
    """Return the event with its sentence and details."""
    return Line(event, sentence(event), details(event))


def sentence(event: AuditEvent) -> str:
    """Return one sentence, without a full stop: "Mia Roth turned on Require SSO"."""
    pattern = SENTENCES.get(event.event)
    values = {name: value_in_words(value) for name, value in event.data.items()}
    values |= {"actor": actor(event), "target": event.target_name}
    values["evidence"] = evidence(event.data.get("evidence", []))
    if pattern is not None:
        try:
            return str(pattern).format_map(values)
        except (KeyError, IndexError):  # an older row, with less in it
            pass
    predicate = f"{actor(event)} {label_of(event.event)}"
    about_oneself = not event.target_name or event.target_id == event.actor_id
    return predicate if about_oneself else f"{predicate}: {event.target_name}"


def actor(event: AuditEvent) -> str:
    """Return who did it."""
    if event.actor_kind == "system":
        return str(settings.PRODUCT_NAME)
    if event.actor_kind == "operator":
        return _("Support")
    return event.actor_name or _("Somebody not signed in")


def evidence(labels: list[str]) -> str:
    """Return "a password and a second factor"."""
    words = list(
        dict.fromkeys(str(EVIDENCE.get(label.partition(":")[0], label)) for label in labels)
    )
    if len(words) < 2:
        return "".join(words)
    return pgettext("list", "{most} and {last}").format(most=", ".join(words[:-1]), last=words[-1])


def details(event: AuditEvent) -> list[tuple[str, str]]:
    """Return what the row knows beyond its sentence: before, after, and where it came from."""
    before, after = event.data.get("before"), event.data.get("after")
    found = []
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted(before.keys() | after.keys()):
            old, new = value_in_words(before.get(name)), value_in_words(after.get(name))
            found.append((name.replace("_", " ").capitalize(), f"{old} → {new}"))
    rest = {
        name: value
        for name, value in event.data.items()
        if name not in {"before", "after"} or not isinstance(value, dict)
    }
    found += [(n.replace("_", " ").capitalize(), value_in_words(v)) for n, v in rest.items()]
    if event.actor_email and event.actor_email != event.actor_name:
        found.append((_("Account"), event.actor_email))
    if event.actor_kind == "operator":
        found.append((_("Command"), event.actor_name))
    if event.ip:
        found.append((_("IP address"), event.ip))
    if event.user_agent:
        found.append((_("Browser"), event.user_agent))
    if event.request_id:
        found.append((_("Request"), event.request_id))
    return [*found, (_("Event"), f"{event.event}, {event.public_id}")]


def value_in_words(value: Any) -> str:
    """Return a JSON value as people read it."""
    if value is None or value == "":
        return _("nothing")
    if isinstance(value, bool):
        return _("on") if value else _("off")
    if isinstance(value, list):
        return ", ".join(value_in_words(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {value_in_words(item)}" for name, item in value.items())
    return str(WORDS.get(str(value), value))
