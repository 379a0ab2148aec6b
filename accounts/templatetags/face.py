"""Tags of the design system: icons, times, menus. `{% load face %}`."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from django import template
from django.conf import settings
from django.template.context import Context
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.icons import ICONS
from accounts.models import Organization
from accounts.organizations.context import entries_of
from accounts.organizations.menu import ShownItem, shown

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86_400
# Beyond this a date says more than a count of days.
RELATIVE_UNTIL = 30 * DAY


@register.simple_tag
def product_name() -> str:
    """PRODUCT_NAME, as pages and mails call the product."""
    return str(settings.PRODUCT_NAME)


@register.simple_tag
def support_email() -> str:
    """SUPPORT_EMAIL, or nothing where the operator gave none."""
    return str(getattr(settings, "SUPPORT_EMAIL", ""))


@register.simple_tag
@cache
def icon(name: str, size: int = 20) -> SafeString:
    """An icon of accounts.icons, `size` pixels square; the words beside it carry the meaning."""
    return format_html(
        '<svg class="icon icon--{}" width="{}" height="{}" viewBox="0 0 20 20" aria-hidden="true"'
        ' focusable="false">{}</svg>',
        name,
        size,
        size,
        mark_safe(ICONS[name]),  # noqa: S308 - constants of this repository
    )


@register.simple_tag
def status(tone: str, text: str, at: datetime | None = None) -> SafeString:
    """A state in words behind the icon of its tone: good, warn, bad or neutral.

    ``at`` says since when: "Verified, 4 minutes ago".
    """
    tone = tone or "neutral"
    words = format_html("{}, {}", text, ago(at)) if at else text
    return format_html(
        '<span class="status status--{}">{}<span>{}</span></span>', tone, icon(tone, 16), words
    )


@register.simple_tag
def ago(at: datetime | None) -> SafeString | str:
    """A <time> in words, "4 minutes ago"; script keeps it true, its title is UTC."""
    if at is None:
        return _("never")
    seconds = (timezone.now() - at).total_seconds()
    return _time(at, _relative(at, seconds), live=abs(seconds) < RELATIVE_UNTIL)


@register.simple_tag
def moment(at: datetime | None) -> SafeString | str:
    """A <time> with day and time of day in the reader's zone."""
    if at is None:
        return _("never")
    return _time(at, _local(at, pgettext("date format", "j F Y, H:i")))


@register.simple_tag
def day(at: datetime | None) -> SafeString | str:
    """A <time> with the day alone, in the reader's zone."""
    if at is None:
        return _("never")
    return _time(at, _local(at, pgettext("date format", "j F Y")))


def _time(at: datetime, words: str, *, live: bool = False) -> SafeString:
    utc = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{}"{}>{}</time>',
        utc.isoformat(timespec="seconds"),
        utc.strftime("%Y-%m-%d %H:%M:%S UTC"),
        mark_safe(" data-ago") if live else "",
        words,
    )


def _local(at: datetime, pattern: str) -> str:
    return date_format(timezone.localtime(at), pattern)


def _relative(at: datetime, seconds: float) -> str:
    distance, past = abs(seconds), seconds >= 0
    if distance >= RELATIVE_UNTIL:
        return _local(at, pgettext("date format", "j F Y"))
    if distance < MINUTE:
        return _("just now") if past else _("in a moment")
    if distance < HOUR:
        count = int(distance // MINUTE)
        words = (
            ngettext("%(count)d minute ago", "%(count)d minutes ago", count)
            if past
            else ngettext("in %(count)d minute", "in %(count)d minutes", count)
        )
    elif distance < DAY:
        count = int(distance // HOUR)
        words = (
            ngettext("%(count)d hour ago", "%(count)d hours ago", count)
            if past
            else ngettext("in %(count)d hour", "in %(count)d hours", count)
        )
    else:
        count = int(distance // DAY)
        words = (
            ngettext("%(count)d day ago", "%(count)d days ago", count)
            if past
            else ngettext("in %(count)d day", "in %(count)d days", count)
        )
    return words % {"count": count}


@register.simple_tag(takes_context=True)
def error_prefix(context: Context) -> str:
    """Return "Error: " for the title of a page whose form was refused (GOV.UK's pattern)."""
    form: Any = context.get("form")
    return _("Error: ") if getattr(form, "is_bound", False) and form.errors else ""


@register.simple_tag(takes_context=True)
def menu(context: Context, section: str) -> list[ShownItem]:
    """The entries of a settings menu for this member, each with its state in words."""
    return shown(context["context"], section, context["request"].path)


@register.filter
def current_label(items: list[ShownItem]) -> str:
    """What a folded menu is named by: the current page and its state."""
    item = next((item for item in items if item.current), None)
    if item is None:
        return _("Menu")
    return f"{item.label}: {item.state}" if item.state else item.label


@register.simple_tag(takes_context=True)
def your_organizations(context: Context) -> list[Organization]:
    """The organizations in the name menu, on pages that belong to none."""
    if context.get("context"):
        return []
    return [entry.organization for entry in entries_of(context["request"])[:8]]


@register.simple_tag
def wait(length: timedelta) -> str:
    """A wait in words, rounded up: nobody comes back too early."""
    seconds = math.ceil(length.total_seconds())
    if seconds < MINUTE:
        return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    if seconds < HOUR:
        count = math.ceil(seconds / MINUTE)
        return ngettext("%(count)d minute", "%(count)d minutes", count) % {"count": count}
    count = math.ceil(seconds / HOUR)
    return ngettext("%(count)d hour", "%(count)d hours", count) % {"count": count}
