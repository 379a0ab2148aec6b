"""/dev/outbox: the mails and text messages that the demo would have sent. DEBUG only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET
from post_office.models import Email

from orgsecurity.development.guard import only_while_debugging
from orgsecurity.development.loopback import ServerAway, ServerRefused, ask
from twofactor.models import OutboxText

if TYPE_CHECKING:
    from django.http import HttpRequest

SHOWN = 300  # of each kind
# A mail is somebody's HTML: it is shown in a frame without script, forms and origin, under a policy
# of its own, so that the policy of the product's pages stays as it is.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self';"
    " sandbox allow-popups allow-popups-to-escape-sandbox"
)


@dataclass(frozen=True)
class Message:
    """One message, whatever way it took. ``mail_id`` names the row whose HTML is shown."""

    kind: str  # "mail", "sms" or "call"
    to: str
    subject: str
    text: str
    html: str
    sent_at: datetime
    mail_id: int | None = None

    def as_json(self) -> dict[str, str]:
        """Return what testers read (design.md, Running it)."""
        return {
            "kind": self.kind,
            "to": self.to,
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "sent_at": self.sent_at.isoformat(),
        }


@only_while_debugging
@never_cache
@require_GET
def outbox(request: HttpRequest) -> HttpResponse:
    """Show all messages, newest first; ``?format=json`` for programs, ``?to=`` for one receiver."""
    messages, away = _mails() + _kept_texts(), False
    try:
        messages += _sent_texts()
    except (ServerAway, ServerRefused):
        away = True
    to = request.GET.get("to", "").strip()
    messages = [message for message in messages if to.lower() in message.to.lower()]
    messages.sort(key=lambda message: message.sent_at, reverse=True)
    if request.GET.get("format") == "json":
        return JsonResponse([message.as_json() for message in messages], safe=False)
    values = {"sent": messages, "to": to, "provider_away": away}
    return render(request, "development/outbox.html", values)


@only_while_debugging
@never_cache
@require_GET
@xframe_options_sameorigin
def mail_html(request: HttpRequest, mail_id: int) -> HttpResponse:
    """Answer a mail's HTML as it was sent; its links open in a window of their own."""
    mail = get_object_or_404(Email, pk=mail_id)
    return HttpResponse(
        f'<base target="_blank">{mail.html_message}',
        headers={"Content-Security-Policy": MAIL_POLICY},
    )


def _mails() -> list[Message]:
    """Return the mails, sent or about to be: testers need not wait for beat."""
    return [
        Message(
            kind="mail",
            to=", ".join(mail.to),
            subject=mail.subject,
            text=mail.message,
            html=mail.html_message,
            sent_at=mail.created,
            mail_id=mail.pk,
        )
        for mail in Email.objects.order_by("-created", "-pk")[:SHOWN]
    ]


def _kept_texts() -> list[Message]:
    """Return what the backend ``twofactor.sms.outbox.Outbox`` kept."""
    rows = OutboxText.objects.order_by("-sent_at")[:SHOWN]
    return [Message(row.channel, row.number, "", row.text, "", row.sent_at) for row in rows]


def _sent_texts() -> list[Message]:
    """Return what the loopback SMS provider was told to send."""
    if not settings.SMS_PROVIDER_URL:
        return []
    sent = ask("GET", f"{settings.SMS_PROVIDER_URL}/messages")
    return [
        Message(
            kind=text["channel"],
            to=text["to"],
            subject="",
            text=text["text"],
            html="",
            sent_at=datetime.fromisoformat(text["at"]),
        )
        for text in sent[:SHOWN]
    ]
