"""Bodies of requests: whole, in chunks, or too large."""

from __future__ import annotations

from contextlib import suppress
from typing import BinaryIO

from django.http import HttpRequest, UnreadablePostError
from scim2_models import InvalidSyntaxException, PayloadTooLargeException, SCIMException

from scim.wire.reading import BODY_LIMIT

HEARD_LIMIT = 16 * BODY_LIMIT
"""A larger body is cut off; up to here it is read to its end, so that the 413 can be heard."""

CHUNK = 65_536


def read_body(request: HttpRequest) -> bytes:
    """Read the body. Raises SCIMException.

    .NET clients may send a body in chunks, without a Content-Length; Django reads none of it.
    """
    length = request.META.get("CONTENT_LENGTH") or ""
    try:
        if length.isdecimal() and int(length) <= BODY_LIMIT:
            return request.body
        return _read_within(_stream_of(request), int(length) if length.isdecimal() else 0)
    except (UnreadablePostError, OSError):
        raise InvalidSyntaxException(detail="The body broke off.") from None


def hear_out(request: HttpRequest) -> None:
    """Read the body of a request that was refused without a look at it.

    Answered while a client still sends, it often sees a broken connection in place of its 401;
    and the next request could not go over the same connection.
    """
    if request.method not in ("GET", "HEAD"):
        with suppress(SCIMException):
            read_body(request)


def _stream_of(request: HttpRequest) -> BinaryIO | HttpRequest:
    is_chunked = not request.META.get("CONTENT_LENGTH") and request.META.get(
        "wsgi.input_terminated"
    )
    return request.META["wsgi.input"] if is_chunked else request


def _read_within(stream: BinaryIO | HttpRequest, announced: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while announced <= HEARD_LIMIT and size <= HEARD_LIMIT and (chunk := stream.read(CHUNK)):
        size += len(chunk)
        if size <= BODY_LIMIT:
            parts.append(chunk)
    if max(size, announced) > BODY_LIMIT:
        raise PayloadTooLargeException(detail=f"A body may have {BODY_LIMIT:,} bytes at most.")
    return b"".join(parts)
