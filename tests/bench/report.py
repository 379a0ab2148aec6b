"""Measuring in turns, and the table that `make bench` prints and keeps."""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

ARTIFACT = Path(__file__).resolve().parents[2] / ".artifacts" / "bench.json"


def in_turns(rounds: int, **columns: Callable[[], object]) -> dict[str, float]:
    """Call each function once a round, and return the median of each in milliseconds.

    In turns, because a machine is faster in one minute than in the next; a tenth of the rounds
    before the first measured one warms caches and connections.
    """
    taken: dict[str, list[float]] = {name: [] for name in columns}
    for number in range(-max(1, rounds // 10), rounds):
        for name, function in columns.items():
            begun = time.perf_counter()
            function()
            if number >= 0:
                taken[name].append((time.perf_counter() - begun) * 1000)
    return {name: statistics.median(values) for name, values in taken.items()}


@dataclass
class Row:
    """One number, its ratio to a floor of the same run, and the goal that was set for it."""

    what: str
    value: float
    unit: str = "ms"
    ratio: float | None = None
    goal: str = ""
    reached: bool | None = None

    def __str__(self) -> str:
        value = f"{self.value:,.0f}" if self.value >= 100 else f"{self.value:.2f}"
        ratio = "" if self.ratio is None else f"{self.ratio:.2f} ×"
        verdict = {None: "", True: "✓ ", False: "✗ "}[self.reached]
        return f"  {self.what:<44} {value:>9} {self.unit:<10} {ratio:>8}  {verdict}{self.goal}"


@dataclass
class Report:
    """The rows of one bench."""

    title: str
    rows: list[Row] = field(default_factory=list)

    def add(
        self,
        what: str,
        value: float,
        unit: str = "ms",
        *,
        floor: float | None = None,
        at_most: float | None = None,
        at_least: float | None = None,
    ) -> None:
        """Add a row. With `floor` the goal bounds the ratio to it, else the value itself."""
        ratio = None if floor is None else value / floor
        judged = value if ratio is None else ratio
        sign = unit if ratio is None else "×"
        goal, reached = "", None
        if at_most is not None:
            goal, reached = f"at most {at_most:g} {sign}", judged <= at_most
        elif at_least is not None:
            goal, reached = f"at least {at_least:g} {sign}", judged >= at_least
        row = Row(what, value, unit, ratio, goal, reached)
        self.rows.append(row)
        print(row, flush=True)


def keep(reports: list[Report]) -> None:
    """Write all numbers where CI keeps its artifacts."""
    ARTIFACT.parent.mkdir(exist_ok=True)
    ARTIFACT.write_text(json.dumps([asdict(report) for report in reports], indent=2))
