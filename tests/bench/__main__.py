"""Run the benches, all or those named: python -m tests.bench [NAME …]."""

import importlib
import os
import pkgutil
import sys
import traceback
from pathlib import Path

import django
from django.template import Template
from django.test.utils import setup_test_environment

from tests.bench.report import Report, keep
from tests.support.database import TestDatabases

NO_BENCHES = {"__main__", "report", "settings"}


def names() -> list[str]:
    folder = [str(Path(__file__).parent)]
    found = [module.name for module in pkgutil.iter_modules(folder) if not module.ispkg]
    return [name for name in found if name not in NO_BENCHES and not name.endswith("_urls")]


def main(chosen: list[str]) -> int:
    unknown = sorted(set(chosen) - set(names()))
    if unknown:
        print(f"No bench {', '.join(unknown)}; there are: {', '.join(names())}", file=sys.stderr)
        return 1
    databases = TestDatabases(shared_buffers="512MB")  # a million rows, as a server has them
    databases.start()
    try:
        os.environ["DATABASE_URL"] = databases.clone("bench")
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.settings"
        os.environ["LOG_LEVEL"] = "ERROR"
        django.setup()
        render = Template.__dict__["_render"]
        setup_test_environment(debug=False)
        type.__setattr__(Template, "_render", render)  # notes for tests: nobody's work
        reports, failed = run(chosen or names())
        # Not before settings are chosen.
        from django.db import connections  # noqa: PLC0415

        connections.close_all()
    finally:
        databases.stop()
    keep(reports)
    return 1 if failed else 0


def run(chosen: list[str]) -> tuple[list[Report], bool]:
    """Run them one after the other; one that breaks does not keep the others from running."""
    reports, failed = [], False
    for name in chosen:
        bench = importlib.import_module(f"tests.bench.{name}")
        report = Report((bench.__doc__ or name).strip().splitlines()[0])
        print(f"\n{report.title}", flush=True)
        try:
            bench.run(report)
        except Exception:  # noqa: BLE001  told, and the exit status says so
            traceback.print_exc()
            failed = True
        reports.append(report)
    return reports, failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
