"""Worker processes that do nothing but sweep: `python -m tests.domains.sweeping`.

For tests that kill a worker, or its database, in the middle. One process loads Django once and
forks a worker for each line that it reads; the worker says "ready", then a line a sweep.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import django
from django.db import close_old_connections


@dataclass
class Workers:
    process: subprocess.Popen[str]

    def start(self) -> int:
        """Fork a worker and return its process id."""
        assert self.process.stdin
        self.process.stdin.write("start\n")
        self.process.stdin.flush()
        return int(self.line())

    def line(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def wait_for(self, words: str) -> None:
        """Read on until a worker says ``words``."""
        while words not in (line := self.line()):
            assert line, "the workers ended"

    @staticmethod
    def kill(pid: int) -> None:
        os.kill(pid, signal.SIGKILL)


@contextmanager
def workers(database: str, resolver: str, *, batch: int, lease: float) -> Iterator[Workers]:
    """Workers on a database; killed at the end, those that still live."""
    command = [sys.executable, "-m", "tests.domains.sweeping", "--batch", str(batch)]
    process = subprocess.Popen(
        [*command, "--lease", str(lease)],
        env={**os.environ, "DATABASE_URL": database, "DNS_RESOLVERS": resolver},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield Workers(process)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--lease", type=float, required=True, help="seconds")
    arguments = parser.parse_args()
    django.setup()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _line in sys.stdin:
        pid = os.fork()
        if not pid:
            work(arguments.batch, timedelta(seconds=arguments.lease))
        print(pid, flush=True)


def work(batch: int, lease: timedelta) -> None:
    from domains import sweep  # noqa: PLC0415  needs the apps

    setattr(sweep, "LEASE_FOR", lease)  # noqa: B010  a constant of the module, for tests shorter
    while True:
        try:
            swept = sweep.sweep(batch=batch)
            print(f"swept {swept.written}", flush=True)
        except Exception as error:  # noqa: BLE001  as with Celery: the task failed, the next comes
            print(f"failed {type(error).__name__}", flush=True)
        close_old_connections()
        time.sleep(0.05)


if __name__ == "__main__":
    main()
