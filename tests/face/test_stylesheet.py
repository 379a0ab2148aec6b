"""The one stylesheet, put together from one file a component."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.finders import get_finders

from orgsecurity.stylesheet import NAME, StylesheetFinder, assemble

FOLDER = settings.STATICFILES_DIRS[0] / "css"
# What only the pages of the demo need, they link by themselves.
ALONE = {"app.css", "development.css"}
PARTS = sorted(path for path in FOLDER.rglob("*.css") if path.name not in ALONE)


def test_the_finders_give_the_stylesheet_with_its_parts_in():
    css = Path(str(finders.find(NAME))).read_text(encoding="utf-8")

    assert "@import" not in css
    assert ".switch__button" in css


def test_collectstatic_gets_the_assembled_one_first():
    names = [name for finder in get_finders() for name, _storage in finder.list([])]

    assert isinstance(next(iter(get_finders())), StylesheetFinder)
    assert names[0] == NAME


@pytest.mark.parametrize("part", PARTS, ids=lambda path: path.name)
def test_every_file_is_imported(part):
    imported = (FOLDER / "app.css").read_text(encoding="utf-8")

    assert f'url("{part.relative_to(FOLDER)}")' in imported


@pytest.mark.parametrize(
    "part", [part for part in PARTS if part.name != "tokens.css"], ids=lambda path: path.name
)
def test_colours_are_written_in_the_tokens_alone(part):
    css = part.read_text(encoding="utf-8").replace("background: #fff;", "")  # the QR code's paper

    assert not re.search(r"#[0-9a-f]{3,8}\b|\brgb\(", css)


def test_a_changed_part_is_served_at_once(tmp_path):
    (tmp_path / "css").mkdir()
    source = tmp_path / "css" / "app.css"
    source.write_text('@import url("a.css") layer(components);', encoding="utf-8")
    part = tmp_path / "css" / "a.css"
    part.write_text(".a { color: red; } /* why */", encoding="utf-8")

    assert assemble(source) == "@layer components{.a { color: red; } }"
