"""Programs are ended whole, and what is left over is found."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from orgsecurity.launcher.processes import MARK, DidNotStart, Program, end_leftovers, stop
from orgsecurity.launcher.supervisor import Watched

# A program with a child that ignores SIGTERM; it says the child's number.
PARENT = """
import subprocess, sys, time
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
print(subprocess.Popen([sys.executable, "-c", deaf]).pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def make(tmp_path: Path):
    made: list[Program] = []

    def make_program(code: str, **environment: str) -> Program:
        program = Program(
            f"program{len(made)}",
            [sys.executable, "-c", code],
            log=tmp_path / f"program{len(made)}.log",
            environment={**os.environ, **environment},
        )
        made.append(program)
        return program

    yield make_program
    stop(made, seconds=0)


def wait_for_output(program: Program) -> str:
    program.wait_until(lambda: program.output().endswith("\n"), seconds=10)
    return program.output().strip()


def test_stop_ends_the_children_of_a_program_even_deaf_ones(make):
    program = make(PARENT)
    program.start()
    child = psutil.Process(int(wait_for_output(program)))

    stop([program], seconds=2)

    assert not program.is_running
    child.wait(5)


def test_a_program_that_does_not_hear_is_killed_after_its_time(make):
    program = make(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('deaf', flush=True); time.sleep(60)"
    )
    program.start()
    wait_for_output(program)

    stop([program], seconds=0.3)

    assert program.exit_code == -9


def test_a_program_that_ends_before_it_is_ready_says_its_last_words(make):
    program = make("import sys; sys.exit('the disk is full')")
    program.start()

    with pytest.raises(DidNotStart, match="the disk is full"):
        program.wait_until(lambda: False, seconds=10)


def test_what_a_killed_launcher_left_is_found_by_its_mark_and_nothing_else(make, tmp_path):
    mark = str(tmp_path)
    left, other = make("import time; time.sleep(60)", **{MARK: mark}), make(PARENT)
    left.start()
    other.start()
    wait_for_output(other)

    assert end_leftovers(mark) == [left.process.pid]
    assert other.is_running


def test_a_fallen_program_is_started_again_and_only_its_first_fall_is_told(make):
    said: list[str] = []
    program = make("import sys; sys.exit(3)")
    watched = Watched(program)
    program.start()

    for expected_falls in (1, 2):
        program.process.wait(10)
        watched.look(said.append)
        assert watched.falls == expected_falls
        assert not program.is_running
        watched.start_again_at = 0
        watched.look(said.append)
        assert watched.start_again_at is None

    assert len(said) == 1
    assert "program0 ended (3) and is started again" in said[0]


def test_a_program_never_reads_the_terminal(make):
    program = make("import sys; print(repr(sys.stdin.read()))")
    program.start()

    assert wait_for_output(program) == "''"


def test_importing_the_launcher_asks_for_no_settings():
    """It starts before there are any."""
    environment = {"PATH": os.environ["PATH"]}

    done = subprocess.run(
        [sys.executable, "-c", "import orgsecurity.launcher.__main__"],
        env=environment,
        check=False,
        capture_output=True,
        cwd=Path(__file__).parents[2],
    )

    assert done.returncode == 0, done.stderr
