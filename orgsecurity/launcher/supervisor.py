"""Starts the parts in order, keeps them running, and ends them all."""

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from orgsecurity.launcher import files, parts
from orgsecurity.launcher.changes import Changes
from orgsecurity.launcher.parts import PROJECT, Part, Place
from orgsecurity.launcher.postgres import EmbeddedPostgres
from orgsecurity.launcher.processes import DidNotStart, Program, end_leftovers, stop

WATCH_SECONDS = 0.25
START_SECONDS = 60
LOOK_SECONDS = 1
STABLE_SECONDS = 60  # running so long, its earlier falls are forgotten
LONGEST_PAUSE_SECONDS = 30


class Stopped(Exception):
    """The start was asked to end while it was under way."""


@dataclass
class Watched:
    """A program that is started again when it falls."""

    program: Program
    falls: int = 0
    started_at: float = field(default_factory=time.monotonic)
    start_again_at: float | None = None

    def look(self, say: Callable[[str], None]) -> None:
        """Start it again where it fell; the first fall is told, not each."""
        now = time.monotonic()
        if self.program.is_running:
            self.start_again_at = None  # an edit may have started it meanwhile
            if self.falls and now - self.started_at > STABLE_SECONDS:
                self.falls = 0
            return
        if self.start_again_at is None:
            self.falls += 1
            pause = min(2.0 ** (self.falls - 1), LONGEST_PAUSE_SECONDS)
            self.start_again_at = now + pause
            if self.falls == 1:
                say(
                    f"{self.program.name} ended ({self.program.exit_code}) and is started again; "
                    f"what it said is in {self.program.log.parent}/."
                )
        elif now >= self.start_again_at:
            self.program.kill()  # what the fallen one had started
            self.program.start()
            self.started_at, self.start_again_at = now, None


class Supervisor:
    """One `make run`. `end` is set when it shall stop."""

    def __init__(self, place: Place, say: Callable[[str], None], *, reload: bool = False) -> None:
        self.place = place
        self.say = say
        self._changes = Changes(PROJECT) if reload else None
        self._looked_at = 0.0
        self.end = threading.Event()
        self._postgres: EmbeddedPostgres | None = None
        self._watched: list[Watched] = []
        self._product: list[Program] = []
        self._preparation: Program | None = None

    def run(self, is_orphan: Callable[[], bool]) -> None:
        """Start everything, and keep it running until `end` is set or `is_orphan()`.

        Raises Refusal and DidNotStart; nothing is left running then, nor after a normal end.
        """
        with files.only_one(self.place.data_dir):
            end_leftovers(str(self.place.data_dir))
            files.refuse_a_taken_port(self.place.port)
            try:
                self._start()
                while not (self.end.wait(WATCH_SECONDS) or is_orphan()):
                    for watched in self._watched:
                        watched.look(self.say)
                    self._start_again_what_was_edited()
            except Stopped:
                pass
            finally:
                self._stop()

    def _start(self) -> None:
        place = self.place
        self._empty_the_broker()
        ports = files.read_ports(place.data_dir, parts.PORTS)
        self._postgres = parts.database(place)
        environment = parts.environment(place, ports, self._postgres)
        servers = parts.loopback_servers(place, ports, environment)
        for server in servers:
            self._watch(server)
        if self._postgres:
            self._postgres.create()
            self._postgres.start()
            self._watched.insert(0, Watched(self._postgres.program))
            self._postgres.ensure_database(parts.DATABASE)
        for server in servers:
            self._wait_until_ready(server)  # the demo asks them
        if self._postgres is None or not files.is_prepared(place.data_dir, PROJECT):
            self._prepare(parts.preparation(place, environment))
            if self._postgres:
                files.note_prepared(place.data_dir, PROJECT)
        files.write_environment(place.data_dir, environment)
        product = parts.product(place, environment)
        self._product = [part.program for part in product]
        # The web first, with all cores to itself: it is what somebody waits for. What wakes up
        # beside it a moment later has rows to find its work in.
        web, *others = product
        self._watch(web)
        self._wait_until_ready(web)
        for part in others:
            self._watch(part)
        self.say(f"Orgsecurity is ready: {place.base_url}/")

    def _watch(self, part: Part) -> None:
        part.program.start()
        self._watched.append(Watched(part.program))

    def _start_again_what_was_edited(self) -> None:
        """Start web, worker and beat again where their code or templates changed."""
        now = time.monotonic()
        if self._changes is None or now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        changed = self._changes.since_last_asked()
        if not changed:
            return
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        self.say(f"{changed[0].relative_to(PROJECT)}{more} changed: starting again …")
        stop(self._product)
        for program in self._product:
            program.start()

    def _wait_until_ready(self, part: Part) -> None:
        def ready() -> bool:
            self._refuse_when_asked_to_end()
            return part.is_ready()

        part.program.wait_until(ready, seconds=START_SECONDS)

    def _prepare(self, preparation: Program) -> None:
        self._preparation = preparation
        preparation.start()
        while preparation.is_running:
            self._refuse_when_asked_to_end()
            time.sleep(0.02)
        if preparation.exit_code:
            raise DidNotStart(
                f"The database was not brought up to date:\n{preparation.last_words()}"
            )

    def _refuse_when_asked_to_end(self) -> None:
        if self.end.is_set():
            raise Stopped

    def _empty_the_broker(self) -> None:
        """Drop the wake-up calls of last time: what has to be done is in rows."""
        for message in (self.place.data_dir / "celery").glob("*.msg"):
            message.unlink(missing_ok=True)

    def _stop(self) -> None:
        files.forget_environment(self.place.data_dir)
        of_postgres = self._postgres.program if self._postgres else None
        others = [w.program for w in self._watched if w.program is not of_postgres]
        if self._preparation:
            others.append(self._preparation)
        stop(others)
        if self._postgres:
            self._postgres.stop()
        end_leftovers(str(self.place.data_dir))


def end_on_signals(supervisor: Supervisor) -> None:
    """Ctrl-C, SIGTERM and a closed terminal end it in order; asked twice, it goes on ending."""

    def end(_number: int, _frame: FrameType | None) -> None:
        if not supervisor.end.is_set():
            supervisor.say("Stopping …")
        supervisor.end.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
