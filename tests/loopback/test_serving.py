"""What all loopback servers share: how they start, answer and end."""

import json
import socket
import subprocess
import sys
import time

import pytest

from tests.loopback.clients import call
from tests.servers.launch import ROOT, DidNotStart, running, start
from tests.servers.serving import LARGEST_BODY, HttpFront, Request, Response

STARTER = """
from tests.servers.launch import start
server = start("name_server")
print(server["control_port"], flush=True)
os.kill(os.getpid(), 9)
"""


def is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("name", ["name_server", "sms_provider", "openid_provider"])
def test_a_server_tells_its_port_and_ends_when_told(name):
    server = start(name)
    was_open = is_open(server.port)

    assert was_open
    assert server.stop() == 0
    assert not is_open(server.port)


def test_a_server_ends_with_its_starter_even_if_that_was_killed():
    starter = subprocess.run(
        [sys.executable, "-c", STARTER], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    port = int(starter.stdout)
    patience = time.monotonic() + 10
    while is_open(port) and time.monotonic() < patience:
        time.sleep(0.05)

    assert not is_open(port)


def test_a_server_that_cannot_start_is_an_error():
    with running("sms_provider") as server, pytest.raises(DidNotStart):
        start("sms_provider", "--port", str(server.port))


def echo(request: Request) -> Response:
    return Response({"method": request.method, "fields": request.parameters})


@pytest.fixture
def front():
    front = HttpFront()
    front.start(echo)
    yield f"http://127.0.0.1:{front.port}"
    front.close()


@pytest.mark.parametrize(
    "ways",
    [{"content": {"b": "2"}}, {"form": {"b": "2"}}],
    ids=["json", "form"],
)
def test_fields_come_by_query_and_body(front, ways):
    assert call("POST", f"{front}/?a=1", **ways).json["fields"] == {"a": "1", "b": "2"}


def test_a_head_has_no_body(front):
    answer = call("HEAD", front)

    assert (answer.status, answer.body) == (200, b"")


def test_a_body_that_is_too_large_is_refused_unread(front):
    headers = {"Content-Length": str(LARGEST_BODY + 1)}
    with socket.create_connection(("127.0.0.1", int(front.rsplit(":", 1)[1]))) as client:
        lines = [f"{name}: {value}" for name, value in headers.items()]
        client.sendall("\r\n".join(["POST / HTTP/1.1", "Host: x", *lines, "", ""]).encode())

        assert client.recv(1000).startswith(b"HTTP/1.1 413")


def test_what_is_not_json_is_refused(front):
    answer = call("POST", front, headers={"Content-Type": "application/json"}, form={"a": "{"})

    assert answer.status == 400
    assert "not JSON" in json.loads(answer.body)["error"]


def test_only_loopback_is_listened_on(front):
    with pytest.raises(OSError, match=r"refused|timed out|unreachable"):
        socket.create_connection((own_address(), int(front.rsplit(":", 1)[1])), timeout=1)


def own_address() -> str:
    """Return an address of this machine that others could use, or one that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: it only chooses a route
        except OSError:
            return "192.0.2.1"
        address = str(probe.getsockname()[0])
    return "192.0.2.1" if address.startswith("127.") else address
