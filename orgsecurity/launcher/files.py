"""The files of DATA_DIR: the lock, the secrets, the ports, and the environment that others join."""

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shlex
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

# Inside the cluster of the embedded PostgreSQL, so that it goes with it.
PREPARED = "postgres/prepared"


class Refusal(Exception):
    """A start that cannot be; its sentence says why and what to do."""


@contextlib.contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold DATA_DIR's lock; the system lets it go when the holder dies, however that happens."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = (data_dir / "lock").open("a")
    except OSError as error:
        raise Refusal(f"DATA_DIR {data_dir} cannot be used: {error.strerror}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refusal(
                f"`make run` is under way on {data_dir} already: stop it, or choose another "
                "folder with DATA_DIR=… (and another PORT=…)."
            ) from None
        yield


def refuse_a_taken_port(port: int) -> None:
    with contextlib.closing(socket.socket()) as probe:
        # A port that a finished start still holds in TIME_WAIT is free; a listening one is not.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise Refusal(f"Port {port} needs root: choose another with PORT=….") from None
        except OSError:
            raise Refusal(f"Port {port} is taken: choose another with PORT=….") from None


def read_secrets(data_dir: Path) -> dict[str, str]:
    """Return SECRET_KEY and ENCRYPTION_KEYS of this folder, made at its first start."""
    path = data_dir / "secrets.json"
    if not path.exists():
        values = {
            "SECRET_KEY": secrets.token_urlsafe(64),
            "ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        }
        _write_private(path, json.dumps(values, indent=2))
    secrets_of_folder: dict[str, str] = json.loads(path.read_text())
    return secrets_of_folder


def read_ports(data_dir: Path, names: list[str]) -> dict[str, int]:
    """Return a free port for each name: last time's where it still is, for stored URLs hold it."""
    path = data_dir / "ports.json"
    known: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
    ports = {name: _free_port(known.get(name, 0)) for name in names}
    path.write_text(json.dumps(ports, indent=2))
    return ports


def write_environment(data_dir: Path, environment: Mapping[str, str]) -> None:
    """Leave what `make manage` needs: lines that a shell can source."""
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in sorted(environment.items())]
    _write_private(data_dir / "environment", "".join(lines))


def forget_environment(data_dir: Path) -> None:
    (data_dir / "environment").unlink(missing_ok=True)


def _free_port(wanted: int) -> int:
    for port in (wanted, 0):
        # UDP as well: the name server answers by both.
        with (
            contextlib.closing(socket.socket()) as tcp,
            contextlib.closing(socket.socket(type=socket.SOCK_DGRAM)) as udp,
        ):
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                tcp.bind(("127.0.0.1", port))
                chosen = int(tcp.getsockname()[1])
                udp.bind(("127.0.0.1", chosen))
                return chosen
    raise Refusal("No free port was found for the loopback servers.")


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    being_written = path.with_name(f"{path.name}.new")
    descriptor = os.open(being_written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    being_written.replace(path)


def is_prepared(data_dir: Path, project: Path) -> bool:
    """Return whether the embedded database was brought up to date by this very code.

    Known by a note inside the cluster, which goes with it. A database of one's own has no such
    note: it is prepared at each start.
    """
    try:
        noted = (data_dir / PREPARED).read_text(encoding="ascii")
    except OSError:
        return False
    return noted == _made_of(project)


def note_prepared(data_dir: Path, project: Path) -> None:
    """Note that the embedded database is up to date."""
    (data_dir / PREPARED).write_text(_made_of(project), encoding="ascii")


def _made_of(project: Path) -> str:
    """Return a fingerprint of what decides how a prepared database looks."""
    digest = hashlib.sha256()
    for pattern in ("*/migrations/*.py", "orgsecurity/*/demo.py", "requirements/run.txt"):
        for path in sorted(project.glob(pattern)):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()
