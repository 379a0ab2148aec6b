"""The folder of `make run`: its lock, secrets, ports and the environment for `make manage`."""

import os
import re
import shlex
import socket
import subprocess
from pathlib import Path

import pytest

from orgsecurity.launcher import files, parts
from orgsecurity.launcher.files import Refusal
from orgsecurity.launcher.parts import Place

PROJECT = Path(__file__).parents[2]


def test_a_second_start_on_the_same_folder_is_refused_in_one_sentence(tmp_path):
    with (
        files.only_one(tmp_path),
        pytest.raises(Refusal, match=r"under way on .* already"),
        files.only_one(tmp_path),
    ):
        pass


def test_the_lock_is_free_again_afterwards(tmp_path):
    with files.only_one(tmp_path):
        pass
    with files.only_one(tmp_path):
        pass


def test_a_folder_that_cannot_be_is_refused_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(Refusal, match="cannot be used"), files.only_one(tmp_path / "file" / "data"):
        pass


def test_a_taken_port_is_refused_in_one_sentence():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]

        with pytest.raises(Refusal, match=f"Port {port} is taken: choose another with PORT="):
            files.refuse_a_taken_port(port)

    files.refuse_a_taken_port(port)


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1", "80.5"])
def test_a_port_that_is_none_is_refused_in_one_sentence(port):
    with pytest.raises(Refusal, match="is no port"):
        Place.of({"PORT": port})


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path):
    first = files.read_secrets(tmp_path)

    assert files.read_secrets(tmp_path) == first
    assert len(first["SECRET_KEY"]) >= 50
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0


def test_ports_stay_as_stored_urls_hold_them_unless_they_are_taken(tmp_path):
    ports = files.read_ports(tmp_path, ["a", "b"])
    assert files.read_ports(tmp_path, ["a", "b"]) == ports

    with socket.socket() as taking:
        taking.bind(("127.0.0.1", ports["a"]))
        taking.listen()

        again = files.read_ports(tmp_path, ["a", "b"])

    assert again["a"] != ports["a"]
    assert again["b"] == ports["b"]


def test_the_environment_survives_a_shell_whatever_is_in_it(tmp_path):
    value = 'it\'s "$HOME" `id` \\ and\ta tab'
    files.write_environment(tmp_path, {"VALUE": value})

    read = subprocess.run(
        ["sh", "-c", f'. {shlex.quote(str(tmp_path))}/environment; printf %s "$VALUE"'],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )

    assert read.stdout == value
    assert (tmp_path / "environment").stat().st_mode & 0o077 == 0


def names_in_settings() -> set[str]:
    text = (PROJECT / "orgsecurity" / "settings.py").read_text()
    return set(re.findall(r'\benv(?:\.\w+)?\(\s*"([A-Z_]+)"', text))


def test_every_variable_of_the_settings_is_in_the_example():
    example = (PROJECT / ".env.example").read_text()
    named = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))

    assert names_in_settings() - named == set()
    # The one that only docker-compose.yml reads.
    assert named - names_in_settings() == {"POSTGRES_PASSWORD"}


def test_the_settings_read_every_variable_that_make_run_sets(tmp_path):
    place = Place.of({"DATA_DIR": str(tmp_path), "DATABASE_URL": "postgres:///x"})

    given = parts.environment(place, dict.fromkeys(parts.PORTS, 1), None)

    # What leads to Google's stand-in is read in a loop, and has tests of its own.
    unread = {name for name in set(given) - names_in_settings() if not name.startswith("GOOGLE_")}
    assert unread == {"DJANGO_SETTINGS_MODULE"}
