"""The cards of "Your profile" that other apps bring: a registry, so that accounts imports none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest


@dataclass(frozen=True)
class Card:
    """A card: its template sees ``values(request)`` as ``card``."""

    order: int
    template: str
    values: Callable[[HttpRequest], dict[str, Any]]


_cards: list[Card] = []


def register(card: Card) -> None:
    """Add a card; call it from ``AppConfig.ready()``."""
    _cards.append(card)
    _cards.sort(key=lambda card: card.order)


def shown(request: HttpRequest) -> list[tuple[str, dict[str, Any]]]:
    """Return template and values of each card, in their order."""
    return [(card.template, card.values(request)) for card in _cards]
