"""`{% load ways %}`: what the first page of signing in offers beside the address."""

from __future__ import annotations

from django import template

from accounts.signin.ways import Way, offered

register = template.Library()


@register.simple_tag
def ways_to_sign_in() -> list[Way]:
    """The ways that other apps registered, and that work here."""
    return offered()
