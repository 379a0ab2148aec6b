"""What is edited while `make run` runs is noticed, and nothing else."""

import os
from pathlib import Path

import pytest

from orgsecurity.launcher.changes import Changes


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("accounts/views.py", "templates/home.html", "static/app.css", "tests/test_it.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("before")
        os.utime(tmp_path / name, (1, 1))
    return tmp_path


def test_edited_added_and_removed_files_are_told_once(project):
    changes = Changes(project)
    (project / "accounts" / "views.py").write_text("after")
    (project / "accounts" / "forms.py").write_text("new")
    (project / "templates" / "home.html").unlink()

    names = [path.name for path in changes.since_last_asked()]

    assert names == ["forms.py", "views.py", "home.html"]
    assert changes.since_last_asked() == []


def test_files_that_need_no_new_start_are_left_alone(project):
    changes = Changes(project)
    (project / "static" / "app.css").write_text("served as it is")
    (project / "tests" / "test_it.py").write_text("not served")
    (project / "accounts" / "views.cpython-311.pyc").write_text("compiled")

    assert changes.since_last_asked() == []
