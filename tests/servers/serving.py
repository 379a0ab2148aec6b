"""What every loopback server shares: its options, ready line and end, and a small HTTP front."""

import argparse
import base64
import binascii
import json
import logging
import os
import signal
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

LOOPBACK = "127.0.0.1"
LARGEST_BODY = 4 * 1024 * 1024
PARENT_POLL_SECONDS = 0.5

Json = Any
log = logging.getLogger(__name__)


def options(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that every server takes."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, default=0, help="0: a free one, see the ready line")
    parser.add_argument(
        "--exit-with-parent",
        action="store_true",
        help="end when the starting process is gone, even if it was killed",
    )
    return parser


def announce_and_wait(port: int, *, exit_with_parent: bool = False, **facts: Json) -> None:
    """Print the one line that tells the starter where this server listens; then wait.

    Returns when SIGTERM or SIGINT arrives, or the parent is gone where that was asked. The
    handlers stand before the line is out: a starter may end us as soon as it reads it.
    """
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    parent = os.getppid()
    print(json.dumps({"ready": True, "port": port, **facts}), flush=True)
    while not ended.wait(PARENT_POLL_SECONDS):
        if exit_with_parent and os.getppid() != parent:
            return


class Refused(Exception):
    """The request cannot be granted; becomes an HTTP answer with this status and body."""

    def __init__(self, status: int, body: Json, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.status, self.body, self.headers = status, body, headers or {}


@dataclass(frozen=True)
class Request:
    """An HTTP request, read whole."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    body: bytes
    raw_query: str = ""

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form-encoded body; of several values the last."""
        pairs = parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: values[-1] for name, values in pairs.items()}

    @property
    def is_form(self) -> bool:
        return self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")

    @property
    def parameters(self) -> dict[str, Json]:
        """Query and body together, whichever way the client sent them (query, form or JSON)."""
        if not self.body:
            return dict(self.query)
        if self.is_form:
            return {**self.query, **self.form}
        content = self.json()
        if not isinstance(content, dict):
            raise Refused(HTTPStatus.BAD_REQUEST, {"error": "a JSON object is expected"})
        return {**self.query, **content}

    def json(self) -> Json:
        try:
            return json.loads(self.body or b"{}")
        except ValueError as problem:
            raise Refused(HTTPStatus.BAD_REQUEST, {"error": f"not JSON: {problem}"}) from problem

    def basic_credentials(self) -> tuple[str, str] | None:
        """Return user and password of basic authentication, or None."""
        scheme, _, value = self.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            decoded = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        user, separator, password = decoded.partition(":")
        return (user, password) if separator else None


@dataclass(frozen=True)
class Response:
    """An HTTP answer; `content` is text, bytes, or anything JSON can say."""

    content: Json = ""
    status: int = HTTPStatus.OK
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> tuple[bytes, str]:
        if isinstance(self.content, bytes):
            return self.content, self.content_type or "application/octet-stream"
        if isinstance(self.content, str):
            return self.content.encode(), self.content_type or "text/html; charset=utf-8"
        return json.dumps(self.content, indent=1).encode(), self.content_type or "application/json"


Handler = Callable[[Request], Response]


class HttpFront:
    """Answers HTTP on a loopback port, a thread a connection, until it is closed.

    The port is taken at once; nothing is answered before `start(answer)`. `answer` gets each
    request and returns its response or raises Refused; anything else that it raises becomes a 500
    with a traceback on stderr.
    """

    def __init__(self, port: int = 0) -> None:
        self._server = _LoopbackServer((LOOPBACK, port), _RequestHandler)
        self.port: int = self._server.server_address[1]

    def start(self, answer: Handler) -> None:
        self._server.RequestHandlerClass = type(
            "BoundHandler", (_RequestHandler,), {"answer": staticmethod(answer)}
        )
        serving = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        serving.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _LoopbackServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def server_bind(self) -> None:
        """Bind without asking DNS for this machine's name, as http.server would."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]


class _RequestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    answer: ClassVar[Handler]

    def _handle(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LARGEST_BODY:
            self.close_connection = True
            self._send(Response({"error": "too large"}, HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
            return
        address = urlsplit(self.path)
        request = Request(
            method="GET" if self.command == "HEAD" else self.command,
            path=address.path,
            query={
                name: values[-1]
                for name, values in parse_qs(address.query, keep_blank_values=True).items()
            },
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
            raw_query=address.query,
        )
        try:
            response = type(self).answer(request)
        except Refused as refusal:
            response = Response(refusal.body, refusal.status, headers=refusal.headers)
        except ConnectionAbortedError:  # a server that plays dead
            self.close_connection = True
            return
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            response = Response({"error": "internal"}, HTTPStatus.INTERNAL_SERVER_ERROR)
        self._send(response)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815  names of http.server

    def _send(self, response: Response) -> None:
        body, content_type = response.encoded()
        self.send_response(response.status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(b"" if self.command == "HEAD" else body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client went away: slow modes are there to see that

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of http.server
        log.debug(format, *args)


def not_found(request: Request) -> Refused:
    return Refused(HTTPStatus.NOT_FOUND, {"error": f"no {request.method} {request.path} here"})
