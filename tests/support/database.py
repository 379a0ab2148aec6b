"""One migrated database a run; each worker's is a clone of it, made in a blink.

The migrated cluster is kept between runs, under a name that says what it was made of: a run whose
migrations did not change copies a folder and starts in half a second. With DATABASE_URL in the
environment that server is used; its template is made anew each run.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from django.db import connection
from filelock import FileLock

from orgsecurity.launcher.postgres import NOT_DURABLE, EmbeddedPostgres
from orgsecurity.launcher.processes import DidNotStart

PROJECT = Path(__file__).resolve().parents[2]
KEPT = PROJECT / ".data" / "tests"
PREFIX = "orgsecurity-tests-"  # of folders, before the number of the run's process
TEMPLATE = "orgsecurity_template"
# What decides how a migrated database looks.
MADE_OF = (
    "*/migrations/*.py",
    "*/apps.py",
    "orgsecurity/settings.py",
    "orgsecurity/launcher/prepare.py",
    "requirements/base.*",
    "tests/support/database.py",
)

# Rows that migrating makes; tests change none of them.
KEPT_TABLES = {"django_migrations", "django_content_type", "auth_permission"}


class TestDatabases:
    """The server of a run and its clones; made and stopped by the run's controller."""

    __test__ = False

    def __init__(self, shared_buffers: str = "64MB") -> None:
        self._shared_buffers = shared_buffers
        self._server: EmbeddedPostgres | None = None
        self._folder: Path | None = None
        self._given = os.environ.get("DATABASE_URL", "")
        self._template = TEMPLATE
        self._clones: list[str] = []

    def start(self) -> None:
        if self._given:
            self._template = f"{TEMPLATE}_{os.getpid()}"
            self._execute(f'CREATE DATABASE "{self._template}"')
            _migrate(self._url(self._template))
            return
        self._folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        cluster = self._folder / "pg"
        copy_migrated_cluster(cluster)
        self._server = _server(cluster, self._shared_buffers)
        self._server.start()

    def clone(self, name: str) -> str:
        """Make a fresh database and return its address."""
        database = f"orgsecurity_test_{os.getpid()}_{name}"
        self._execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        self._execute(f'CREATE DATABASE "{database}" TEMPLATE "{self._template}"')
        self._clones.append(database)
        return self._url(database)

    def stop(self) -> None:
        if self._server:
            self._server.stop()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
        if self._given:
            for database in (*self._clones, self._template):
                self._execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def _url(self, database: str) -> str:
        if self._server:
            return self._server.url(database)
        return urlunsplit(urlsplit(self._given)._replace(path=f"/{database}"))

    def _execute(self, statement: str) -> None:
        if self._server:
            self._server.execute(statement)
            return
        connection = psycopg2.connect(self._given)
        try:
            connection.autocommit = True
            connection.cursor().execute(statement)
        finally:
            connection.close()


def copy_migrated_cluster(target: Path) -> None:
    """Copy the kept cluster of the present migrations to `target`; make it where it is missing."""
    KEPT.mkdir(parents=True, exist_ok=True)
    kept = KEPT / _fingerprint()
    with FileLock(KEPT / "lock"):
        if not (kept / "pg" / "PG_VERSION").exists():
            for older in KEPT.glob("cluster-*"):
                shutil.rmtree(older, ignore_errors=True)
            _make_migrated_cluster(kept)
        subprocess.run(["cp", "-a", kept / "pg", target], check=True)


def _make_migrated_cluster(folder: Path) -> None:
    being_made = folder.with_name(f"{folder.name}.being-made")
    shutil.rmtree(being_made, ignore_errors=True)
    server = _server(being_made / "pg")
    server.create()
    server.start()
    try:
        server.ensure_database(TEMPLATE)
        _migrate(server.url(TEMPLATE))
    finally:
        server.stop()
    being_made.rename(folder)


def _server(cluster: Path, shared_buffers: str = "64MB") -> EmbeddedPostgres:
    return EmbeddedPostgres(
        cluster,
        log=cluster.parent / "postgres.log",
        environment=os.environ,
        settings={**NOT_DURABLE, "shared_buffers": shared_buffers, "max_wal_size": "2GB"},
    )


def _migrate(url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "orgsecurity.launcher.prepare", "--no-demo"],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise DidNotStart(f"The migrations failed:\n{done.stderr}")


def _fingerprint() -> str:
    """Name what the migrated database is made of."""
    content = hashlib.sha256(sys.version.encode())
    for pattern in MADE_OF:
        for path in sorted(PROJECT.glob(pattern)):
            content.update(f"{path.relative_to(PROJECT)}\n".encode())
            content.update(path.read_bytes())
    return f"cluster-{content.hexdigest()[:16]}"


def empty_the_tables(*_: object) -> None:
    """Delete what a test with real transactions committed: in place of Django's flush.

    Flush truncates, which the audit log's trigger refuses, as it should. As a replica the session
    fires no trigger; deleting from tables that are nearly empty also takes a tenth of the time.
    """
    with connection.cursor() as cursor:
        tables = [
            name for name in connection.introspection.table_names() if name not in KEPT_TABLES
        ]
        deletes = "; ".join(f'DELETE FROM "{name}"' for name in tables)
        cursor.execute(
            f"SET session_replication_role = replica; {deletes}; RESET session_replication_role"
        )
