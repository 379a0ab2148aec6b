"""What `make run` starts, and with which environment; settings.py reads its variables."""

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from orgsecurity.launcher import files
from orgsecurity.launcher.postgres import EmbeddedPostgres
from orgsecurity.launcher.processes import MARK, Program
from tests.servers.openid_provider.endpoints import environment as google

PROJECT = Path(__file__).resolve().parents[2]
DATABASE = "orgsecurity"
LOOPBACK = "127.0.0.1"
# The account of the loopback SMS provider, tests/servers/sms_provider.py; it opens nothing else.
SMS_ACCOUNT = {
    "TWILIO_ACCOUNT_SID": "AC" + "10" * 16,
    "TWILIO_AUTH_TOKEN": "loopback-auth-token",
    "TWILIO_VERIFY_SERVICE": "VA" + "10" * 16,
}


@dataclass(frozen=True)
class Place:
    """Where it runs: read from the environment of `make run`."""

    data_dir: Path
    port: int
    base_url: str
    database_url: str  # "": embedded
    redis_url: str  # "": files

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Place":
        """Raises Refusal where a value cannot be meant."""
        given = environment.get("PORT") or "8000"
        if not (given.isdecimal() and 0 < int(given) < 65536):
            raise files.Refusal(f"PORT={given} is no port: it is a number from 1 to 65535.")
        return cls(
            data_dir=Path(environment.get("DATA_DIR") or PROJECT / ".data").absolute(),
            port=int(given),
            base_url=environment.get("BASE_URL") or f"http://{LOOPBACK}:{given}",
            database_url=environment.get("DATABASE_URL", ""),
            redis_url=environment.get("REDIS_URL", ""),
        )

    def log(self, name: str) -> Path:
        return self.data_dir / "log" / f"{name}.log"


@dataclass(frozen=True)
class Part:
    """A program that is kept running, and how one knows that it is ready."""

    program: Program
    is_ready: Callable[[], bool]


def database(place: Place) -> EmbeddedPostgres | None:
    """Return the embedded PostgreSQL, or None where DATABASE_URL names another."""
    if place.database_url:
        return None
    return EmbeddedPostgres(
        place.data_dir / "postgres",
        log=place.log("postgres"),
        environment={**os.environ, MARK: str(place.data_dir)},
    )


def environment(
    place: Place, ports: Mapping[str, int], postgres: EmbeddedPostgres | None
) -> dict[str, str]:
    """Return what settings.py reads, for every program and for `make manage`."""
    return {
        "BASE_URL": place.base_url,
        "DATABASE_URL": postgres.url(DATABASE) if postgres else place.database_url,
        "DATA_DIR": str(place.data_dir),
        "DEBUG": "on",
        "DEMO_IDP_URL": f"http://localhost:{ports['identity_provider']}",
        "DJANGO_SETTINGS_MODULE": "orgsecurity.settings",
        "DNS_AUTHORITATIVE_PORT": str(ports["name_server"]),
        "DNS_RESOLVERS": f"{LOOPBACK}:{ports['name_server']}",
        "NAME_SERVER_CONTROL_URL": f"http://{LOOPBACK}:{ports['name_server_control']}",
        "REDIS_URL": place.redis_url,
        "SMS_PROVIDER_URL": f"http://{LOOPBACK}:{ports['sms_provider']}",
        "TWILIO_API_URL": f"http://{LOOPBACK}:{ports['sms_provider']}",
        **SMS_ACCOUNT,
        # Where the environment names Google's own client, that one is used.
        **({} if os.environ.get("GOOGLE_CLIENT_ID") else google(ports["openid_provider"])),
        **files.read_secrets(place.data_dir),
    }


PORTS = [
    "name_server",
    "name_server_control",
    "identity_provider",
    "sms_provider",
    "openid_provider",
]


def loopback_servers(
    place: Place, ports: Mapping[str, int], environment: Mapping[str, str]
) -> list[Part]:
    """The outside parties: a name server, an identity provider, an SMS provider, a Google."""
    options: dict[str, list[str | Path]] = {
        "name_server": [
            *("--control-port", str(ports["name_server_control"])),
            *("--state", place.data_dir / "name_server.json"),
        ],
        "identity_provider": [
            *("--state", place.data_dir / "identity_provider"),
            *("--sp-metadata", f"{place.base_url}/sso/metadata"),
        ],
        "sms_provider": [],
        "openid_provider": [],
    }
    parts = []
    for name, more in options.items():
        command = [f"tests.servers.{name}", "--port", str(ports[name]), *more]
        program = _python(name, command, place, environment)
        parts.append(Part(program, _says(program, '"ready": true')))
    return parts


def preparation(place: Place, environment: Mapping[str, str]) -> Program:
    """Return what brings the database up to date and ends."""
    return _python("prepare", ["orgsecurity.launcher.prepare"], place, environment)


def product(place: Place, environment: Mapping[str, str]) -> list[Part]:
    web = _python(
        "web",
        [
            "granian",
            *("--interface", "wsgi", "--host", LOOPBACK, "--port", str(place.port)),
            *("--workers", "1", "--blocking-threads", "4", "--no-ws"),
            *("--workers-kill-timeout", "3", "orgsecurity.wsgi:application"),
        ],
        place,
        environment,
    )
    celery = ["celery", "--app=orgsecurity", "--quiet"]
    worker = _python(
        "worker",
        # Threads: one process, and the work is waiting for others.
        [
            *celery,
            *("worker", "--pool=threads", "--concurrency=4", "--loglevel=INFO"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ],
        place,
        environment,
    )
    beat = _python("beat", [*celery, "beat", "--loglevel=INFO"], place, environment)
    return [
        Part(web, lambda: _answers(place.port, "/readyz")),
        Part(worker, _says(worker, " ready.")),
        Part(beat, lambda: beat.is_running),  # it says nothing when all is well
    ]


def _python(
    name: str, module_and_arguments: list[str | Path], place: Place, environment: Mapping[str, str]
) -> Program:
    return Program(
        name,
        [sys.executable, "-m", *module_and_arguments],
        log=place.log(name),
        environment={
            **os.environ,
            **environment,
            MARK: str(place.data_dir),
            "PYTHONUNBUFFERED": "1",
        },
        folder=PROJECT,
    )


def _says(program: Program, words: str) -> Callable[[], bool]:
    return lambda: words in program.output()


def _answers(port: int, path: str) -> bool:
    """Whether the product itself, by whatever name it is called, answers 200."""
    # Not by urllib's proxies: they are for the world outside.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{LOOPBACK}:{port}{path}", timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
