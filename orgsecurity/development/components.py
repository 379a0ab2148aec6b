"""/dev/components: every component in every state, to look at and to test. DEBUG only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import charts
from accounts.organizations.menu import ShownItem
from accounts.policy import Group, Rehearsal


class SampleForm(forms.Form):
    """One field of each kind."""

    domain = forms.CharField(help_text="Like acme.com, without https://")
    email = forms.EmailField(
        label="Work email", widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    role = forms.ChoiceField(choices=[("member", "Member"), ("admin", "Admin")])
    level = forms.ChoiceField(
        label="Who can find Acme",
        widget=forms.RadioSelect,
        choices=[("invite_only", "Invite only"), ("approval", "Ask to join"), ("open", "Open")],
    )
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    days = forms.IntegerField(label="Days until everybody must have one", min_value=1, max_value=30)
    certificate = forms.FileField(help_text=".cer, .crt or .pem", required=False)
    sure = forms.BooleanField(label="I've saved these codes")
    code = forms.CharField(label="Security code")

    def clean_domain(self) -> str:
        """Refuse what people paste most."""
        domain = str(self.cleaned_data["domain"])
        if "://" in domain:
            raise ValidationError("Enter a domain like acme.com, without https://")
        return domain


def components(request: HttpRequest) -> HttpResponse:
    """Show them all; what stands here is made up."""
    now = timezone.now()
    refused = {"domain": "https://acme.com", "email": "ann", "days": "90", "code": "12"}
    return render(
        request,
        "development/components.html",
        {
            "sample": SampleForm(),
            "refused": SampleForm(refused, auto_id="refused_%s"),
            "now": now,
            "soon": now + timedelta(days=12),
            "earlier": now - timedelta(minutes=4),
            "steps": ["Choose a method", "Connect it", "Save your codes"],
            "tones": ["good", "warn", "bad", "neutral"],
            "events": _events(),
            "rehearsal": _rehearsal(),
            "nobody": Rehearsal(groups=[], turns_off=[], members=12),
            "page": Paginator(range(200), 25).page(2),
            "long_value": "orgsecurity-domain-verify=7Qm2vX9cTzR4kLp8Wb3nYs6dHf1gJa5eUo0iKx",
            "charts": _charts(),
            **_menu(),
        },
    )


def _events() -> list[dict[str, Any]]:
    now = timezone.now()
    return [
        {"at": now - timedelta(minutes=2), "tone": "good", "text": "acme.com is verified"},
        {
            "at": now - timedelta(hours=5),
            "tone": "warn",
            "text": "The record is missing",
            "detail": "acme.com answers, but no TXT record starts with our prefix",
        },
        {"at": now - timedelta(days=3), "tone": "neutral", "text": "DNS didn't answer"},
        {"at": now - timedelta(days=60), "tone": "bad", "text": "acme.com was not verified"},
    ]


def _rehearsal() -> Rehearsal:
    people: list[Any] = [
        {"name": "Mia Roth", "address": "mia@acme.example"},
        {"name": "Jon Park", "address": "jon@acme.example"},
    ]
    return Rehearsal(
        groups=[
            Group("asked", "12 people will be asked at their next sign-in.", 12, people),
            Group("set_up", "3 have no method yet and will set one up.", 3, people[:1]),
        ],
        turns_off=["Discoverability"],
        members=15,
    )


def _charts() -> dict[str, Any]:
    now = timezone.now()
    growth = [3, 3, 4, 4, 6, 7, 7, 9, 9, 12, 12, 14]
    days = [(now - timedelta(days=7 * (11 - i))).date() for i in range(12)]
    tones = ["good"] * 20 + ["neutral", "good", "warn", "bad", "bad", "good"] + ["good"] * 14
    return {
        "enrolment": charts.line(
            "Enrolment",
            "14 of 15 people have a second factor, 11 more than twelve weeks ago.",
            list(zip(days, growth, strict=True)),
            top=15,
        ),
        "sign_ins": charts.bars(
            "Sign-ins this week",
            "212 sign-ins, 9 refused.",
            [(_("Passed"), "good"), (_("Refused"), "bad")],
            [("Single sign-on", [160, 4]), ("Password", [38, 5]), ("Magic link", [5, 0])],
        ),
        "checks": charts.strip(
            "Checks of acme.com",
            "40 checks in ten days: 36 found the record, 2 did not, 2 had no answer.",
            [
                (now - timedelta(hours=6 * (40 - i)), tone, f"Check {i + 1}: {tone}")
                for i, tone in enumerate(tones)
            ],
        ),
    }


def _menu() -> dict[str, Any]:
    def item(label: str, state: str = "", *, current: bool = False) -> ShownItem:
        return ShownItem(label, "#main", state, current)

    return {
        "tabs": [
            item("Overview"),
            item("Users & Teams"),
            item("Projects"),
            item("Access Security", current=True),
            item("Audit Log"),
            item("Plan & Billing"),
        ],
        "side": [
            item("Two-factor authentication", "Required"),
            item("Single sign-on", "Off", current=True),
            item("Domain claiming", "1 failing"),
            item("SCIM", "Off"),
            item("IDP managed access", "Off"),
        ],
    }
