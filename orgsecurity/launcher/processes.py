"""Programs that are started here: each in a session of its own, so that it can be ended whole."""

import contextlib
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

# Every program gets this variable, and all that it starts inherit it: what is left over after a
# launcher was killed is found by it.
MARK = "ORGSECURITY_STARTED_FOR"
POLL_SECONDS = 0.05


class DidNotStart(Exception):
    """A program ended, or said nothing, before it was ready."""


class Program:
    """A program, its output in a file, and the processes that it starts.

    `user` is somebody else to run as (root only); `stop_signal` asks for a quick and orderly end.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str],
        folder: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        user: pwd.struct_passwd | None = None,
    ) -> None:
        self.name = name
        self.command = [str(part) for part in command]
        self.log = log
        self.environment = dict(environment)
        self.folder = folder
        self.stop_signal = stop_signal
        self.user = user
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; the output of its last run is kept beside, as `.previous`."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists():
            self.log.replace(self.log.with_name(f"{self.log.name}.previous"))
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=self.environment,
                start_new_session=True,
                **as_user(self.user),
            )

    @property
    def exit_code(self) -> int | None:
        """None while it runs, and before it was started."""
        return self.process.poll() if self.process else None

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def last_words(self, lines: int = 15) -> str:
        return "\n".join(self.output().splitlines()[-lines:])

    def wait_until(self, ready: Callable[[], bool], *, seconds: float) -> None:
        """Return when `ready()` is true. Raises DidNotStart when it ends first, or takes longer."""
        give_up_at = time.monotonic() + seconds
        while not ready():
            if not self.is_running:
                raise DidNotStart(f"{self.name} ended ({self.exit_code}):\n{self.last_words()}")
            if time.monotonic() > give_up_at:
                raise DidNotStart(f"{self.name} took over {seconds:.0f} s:\n{self.last_words()}")
            time.sleep(POLL_SECONDS)

    def ask_to_stop(self) -> None:
        if self.is_running and self.process:
            self.process.send_signal(self.stop_signal)

    def kill(self) -> None:
        """End what is left of it, and of what it started, at once."""
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def as_user(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """Return subprocess's arguments for somebody else, none of root's groups included."""
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def stop(programs: Iterable[Program], *, seconds: float = 8) -> None:
    """Ask all to end, together; after `seconds` end what is left."""
    asked = list(programs)
    for program in asked:
        program.ask_to_stop()
    give_up_at = time.monotonic() + seconds
    while any(program.is_running for program in asked) and time.monotonic() < give_up_at:
        time.sleep(POLL_SECONDS)
    for program in asked:
        program.kill()


def end_leftovers(mark: str) -> list[int]:
    """End every process that carries `mark`; return their ids.

    For after a launcher was killed, and as the last broom of one that ends in order.
    """
    left = [process for process in psutil.process_iter() if _mark_of(process) == mark]
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(left, timeout=5)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=5)
    return [process.pid for process in left]


def _mark_of(process: psutil.Process) -> str | None:
    if process.pid == os.getpid():
        return None
    try:
        return str(process.environ().get(MARK))
    except (psutil.Error, OSError):
        return None  # gone, or somebody else's
