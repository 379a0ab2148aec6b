"""A worker process that does nothing but sweep: `python -m tests.domains.sweeping`.

Started by tests that kill it, or its database, in the middle. It prints a line a sweep.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import django
from django.db import close_old_connections, connection


@contextmanager
def sweeping(resolver: str, *, batch: int, lease: float) -> Iterator[subprocess.Popen[str]]:
    """Run a worker on the test's database; it is killed at the end, if it still lives."""
    parameters = connection.get_connection_params()
    url = f"postgres://{parameters['user']}@/{parameters['dbname']}?host={parameters['host']}"
    command = [sys.executable, "-m", "tests.domains.sweeping", "--batch", str(batch)]
    worker = subprocess.Popen(
        [*command, "--lease", str(lease)],
        env={**os.environ, "DATABASE_URL": url, "DNS_RESOLVERS": resolver},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()
        if worker.stdout:
            worker.stdout.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=50)
    parser.add_argument("--lease", type=float, default=120)
    arguments = parser.parse_args()
    django.setup()

    from domains import sweep  # noqa: PLC0415  needs the apps

    sweep.LEASE_FOR = timedelta(seconds=arguments.lease)
    print("ready", flush=True)
    while True:
        try:
            swept = sweep.sweep(batch=arguments.batch)
            print(f"swept {swept.written}", flush=True)
        except Exception as error:  # noqa: BLE001  as Celery: the task failed, the next beat comes
            print(f"failed {type(error).__name__}", flush=True)
        close_old_connections()
        time.sleep(0.05)


if __name__ == "__main__":
    main()
