"""Time-based codes (RFC 6238: SHA-1, six digits, 30 s) and what an authenticator app is told."""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote, urlencode

import qrcode
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_otp.oath import hotp

STEP = 30  # seconds
TOLERANCE = 1  # steps to either side: the phone's clock, and the time it takes to type
SEED_LENGTH = 20  # bytes, as RFC 4226 recommends
QUIET_ZONE = 4  # modules of white around a QR code, as ISO 18004 asks


class Verdict(Enum):
    """What a code turned out to be."""

    ACCEPTED = "accepted"
    USED = "used"
    WRONG = "wrong"


@dataclass(frozen=True)
class Match:
    """A verdict and, where a code fits, the time step it belongs to."""

    verdict: Verdict
    step: int = -1


def new_seed() -> str:
    """Return a random seed in base32, as apps take it."""
    return base64.b32encode(secrets.token_bytes(SEED_LENGTH)).decode()


def code_at(seed: str, moment: float) -> str:
    """Return the code that an app with ``seed`` shows at ``moment`` (seconds since 1970)."""
    return _code(seed, int(moment) // STEP)


def match(seed: str, code: str, *, moment: float, last_step: int) -> Match:
    """Judge ``code`` (six digits) against the steps around ``moment``.

    A step up to ``last_step`` was used already and is not taken again (RFC 6238, 5.2). The drift
    of a phone is never remembered: a window that wanders could be led to old codes (F3).
    """
    now = int(moment) // STEP
    steps = range(now - TOLERANCE, now + TOLERANCE + 1)
    # All are compared, so that the time taken says nothing of the step.
    fitting = [step for step in steps if hmac.compare_digest(_code(seed, step), code)]
    unused = [step for step in fitting if step > last_step]
    if unused:
        return Match(Verdict.ACCEPTED, unused[0])
    return Match(Verdict.USED if fitting else Verdict.WRONG)


def provisioning_uri(seed: str, *, account: str, issuer: str) -> str:
    """Return the ``otpauth:`` address that a QR code carries (Google's Key URI Format)."""
    issuer = issuer.replace(":", " ").strip()
    label = quote(f"{issuer}:{account}", safe="@")
    parameters = urlencode(
        {"secret": seed, "issuer": issuer, "algorithm": "SHA1", "digits": 6, "period": STEP},
        quote_via=quote,
    )
    return f"otpauth://totp/{label}?{parameters}"


def grouped(seed: str) -> str:
    """Return the seed in fours, as people read and type it."""
    return " ".join(seed[start : start + 4] for start in range(0, len(seed), 4))


def qr_svg(text: str, *, label: str) -> SafeString:
    """Return ``text`` as one inline SVG: dark on white in both modes, no inline style (CSP)."""
    code = qrcode.QRCode(border=QUIET_ZONE, error_correction=qrcode.ERROR_CORRECT_M)
    code.add_data(text)
    rows = code.get_matrix()
    path = "".join(_runs(row, y) for y, row in enumerate(rows))
    return format_html(
        '<svg class="qr-code" role="img" aria-label="{}" viewBox="0 0 {} {}" width="240"'
        ' height="240" shape-rendering="crispEdges"><rect width="100%" height="100%" fill="#fff"/>'
        '<path fill="#000" d="{}"/></svg>',
        label,
        len(rows),
        len(rows),
        path,
    )


def _runs(row: list[bool], y: int) -> str:
    """Return the dark runs of a row as path commands: a third of the size of a path a module."""
    commands = []
    start: int | None = None
    for x, dark in enumerate([*row, False]):
        if dark and start is None:
            start = x
        elif not dark and start is not None:
            commands.append(f"M{start} {y}h{x - start}v1H{start}z")
            start = None
    return "".join(commands)


def _code(seed: str, step: int) -> str:
    return f"{hotp(base64.b32decode(seed), step, digits=6):06d}"
