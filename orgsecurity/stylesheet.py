"""One stylesheet out of one file a component, with no build step.

`static/css/app.css` imports its parts, which a browser could follow by itself, in thirty requests.
This finder, first in STATICFILES_FINDERS, puts the parts in where they are imported: `runserver`,
WhiteNoise, tests and `collectstatic` all ask the finders, so all of them serve the one file.
"""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage, Storage

NAME = "css/app.css"
IMPORT = re.compile(r'@import url\("(?P<part>[^"]+)"\) layer\((?P<layer>[\w-]+)\);')
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
SPACE = re.compile(r"\s+")


def assemble(source: Path) -> str:
    """Return the stylesheet with each imported part in its layer, comments and indents left out."""

    def put_in(match: re.Match[str]) -> str:
        part = (source.parent / match["part"]).read_text(encoding="utf-8")
        return f"@layer {match['layer']}{{{part}}}"

    whole = IMPORT.sub(put_in, source.read_text(encoding="utf-8"))
    return SPACE.sub(" ", COMMENT.sub("", whole)).strip()


class StylesheetFinder(BaseFinder):
    """Finds css/app.css assembled; it is made anew whenever a part has changed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.source = Path(settings.STATICFILES_DIRS[0]) / NAME
        # Two threads may each make a finder, so a folder ends with the process and not before.
        self._folder = Path(tempfile.mkdtemp(prefix="stylesheet-"))
        atexit.register(shutil.rmtree, self._folder, ignore_errors=True)
        self.storage = FileSystemStorage(self._folder)
        self._made_of = 0.0

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        """Nothing can be set wrong here."""
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """Return where the assembled stylesheet lies, for its name alone."""
        if path != NAME:
            return []
        target = self._assembled()
        return [str(target)] if find_all else str(target)

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[tuple[str, Storage]]:
        """Give the stylesheet to collectstatic."""
        self._assembled()
        yield NAME, self.storage

    def _assembled(self) -> Path:
        target = self._folder / NAME
        newest = max(part.stat().st_mtime for part in self.source.parent.rglob("*.css"))
        if newest != self._made_of:
            target.parent.mkdir(exist_ok=True)
            # Put in place whole: another thread may be reading.
            fresh = target.with_suffix(f".{threading.get_ident()}")
            fresh.write_text(assemble(self.source), encoding="utf-8")
            fresh.replace(target)
            self._made_of = newest
        return target
