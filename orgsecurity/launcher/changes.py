"""Notices edited code and templates, so that `make run` starts web and workers again by itself."""

from collections.abc import Iterator
from pathlib import Path

APPS = ("accounts", "discoverability", "domains", "orgsecurity", "scim", "sso", "twofactor")
KINDS = {".py", ".html", ".txt", ".mo"}


class Changes:
    """Compares the project's files with how they were when last asked."""

    def __init__(self, project: Path) -> None:
        self._folders = [project / name for name in (*APPS, "templates", "locale")]
        self._seen = self._look()

    def since_last_asked(self) -> list[Path]:
        """Return the files that were edited, added or removed since, in order."""
        now = self._look()
        changed = {path for path, _time in now.items() ^ self._seen.items()}
        self._seen = now
        return sorted(changed)

    def _look(self) -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in self._files() if path.exists()}

    def _files(self) -> Iterator[Path]:
        for folder in self._folders:
            for path in folder.rglob("*"):
                # What starts everything can't start itself again.
                if path.suffix in KINDS and "launcher" not in path.parts:
                    yield path
