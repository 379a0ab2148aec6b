"""What every template may say about the product."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest


def product(request: HttpRequest) -> dict[str, object]:
    """Return the product's name and where to ask for help."""
    return {
        "PRODUCT_NAME": settings.PRODUCT_NAME,
        "SUPPORT_EMAIL": settings.SUPPORT_EMAIL,
        "GOOGLE_ENABLED": settings.GOOGLE_ENABLED,
        "DEBUG": settings.DEBUG,
    }
