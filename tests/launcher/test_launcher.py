"""`make run`, whole: one story, because each start takes seconds."""

import os
import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from orgsecurity.launcher.processes import MARK, Program, end_leftovers
from tests.support.services import free_port

PROJECT = Path(__file__).parents[2]
ELSEWHERE = {"DATABASE_URL", "REDIS_URL", "BASE_URL", "DJANGO_SETTINGS_MODULE", MARK}


class Run:
    """One `python -m orgsecurity.launcher`."""

    def __init__(self, folder: Path, port: int, name: str) -> None:
        environment = {k: v for k, v in os.environ.items() if k not in ELSEWHERE}
        self.port = port
        self.data_dir = folder / "data"
        self.program = Program(
            name,
            [sys.executable, "-m", "orgsecurity.launcher", "--exit-with-parent"],
            log=folder / f"{name}.log",
            environment={**environment, "DATA_DIR": str(self.data_dir), "PORT": str(port)},
            folder=PROJECT,
        )
        self.program.start()

    def until_ready(self) -> "Run":
        self.program.wait_until(lambda: self.says("is ready"), seconds=120)
        return self

    def says(self, words: str) -> bool:
        return words in self.program.output()

    def status(self) -> int:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as response:
                return int(response.status)
        except urllib.error.URLError:
            return 0

    def ended_with(self) -> int:
        return self.program.process.wait(60)

    def processes(self) -> list[psutil.Process]:
        """Return all that were started for this folder, PostgreSQL by its command line."""
        found = []
        for process in psutil.process_iter():
            try:
                mark = process.environ().get(MARK)
                in_folder = str(self.data_dir) in " ".join(process.cmdline())
            except (psutil.Error, OSError):
                continue
            if mark == str(self.data_dir) or in_folder:
                found.append(process)
        return found

    def named(self, word: str) -> psutil.Process:
        return next(p for p in self.processes() if word in " ".join(p.cmdline()))


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_make_run_starts_refuses_a_second_repairs_survives_and_ends_everything(tmp_path):
    port = free_port()
    run = Run(tmp_path, port, "first").until_ready()
    try:
        assert run.says(f"is ready: http://127.0.0.1:{port}/")
        assert run.status() == 200

        # A second one, here or on the same port, leaves the first alone.
        second = Run(tmp_path, free_port(), "second")
        assert second.ended_with() == 1
        assert second.program.output().count("\n") == 1
        assert second.says("is under way")
        elsewhere = Run(tmp_path / "elsewhere", port, "elsewhere")
        assert elsewhere.ended_with() == 1
        assert elsewhere.says(f"Port {port} is taken")
        assert run.status() == 200

        # A part that falls is started again.
        run.named("granian").kill()
        run.program.wait_until(lambda: run.says("web ended"), seconds=20)
        run.program.wait_until(lambda: run.status() == 200, seconds=60)

        # Killed, it leaves everything running; the next start ends that and goes on.
        run.program.process.kill()
        run.ended_with()
        left = run.processes()
        assert left
        run = Run(tmp_path, port, "after-a-kill").until_ready()
        assert not [process for process in left if process.is_running()]
        assert run.status() == 200

        # Asked to, it ends all that it started.
        started = run.processes()
        run.program.process.send_signal(signal.SIGTERM)
        assert run.ended_with() == 0
        assert not [process for process in started if process.is_running()]
        assert run.processes() == []
        assert not (run.data_dir / "environment").exists()

        # Ctrl-C in the middle of a start does the same.
        run = Run(tmp_path, port, "interrupted")
        run.program.wait_until(lambda: len(run.processes()) > 1, seconds=20)
        run.program.process.send_signal(signal.SIGINT)
        assert run.ended_with() == 0
        assert run.processes() == []
    finally:
        run.program.process.send_signal(signal.SIGTERM)
        run.ended_with()
        end_leftovers(str(run.data_dir))
