"""Charts as numbers that a template draws: SVG from the server, no script, no inline style.

Words stand outside the SVG, where they keep their size on a phone; each chart carries its numbers
as a table for those who would rather read than look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from django.utils.formats import date_format
from django.utils.translation import pgettext

WIDTH, HEIGHT = 600, 120


@dataclass(frozen=True)
class Point:
    """One value of a line: where it stands in the drawing, and what it says."""

    label: str
    value: int
    x: float
    y: float


@dataclass(frozen=True)
class Line:
    """A count over time; components/charts/line.html."""

    title: str
    summary: str
    points: Sequence[Point]
    top: int

    @property
    def path(self) -> str:
        """The line itself: steps, for a count holds until the next one."""
        if not self.points:
            return ""
        first = self.points[0]
        steps = [f"H{after.x:g}V{after.y:g}" for _before, after in pairwise(self.points)]
        return f"M{first.x:g} {first.y:g}{''.join(steps)}"

    @property
    def area(self) -> str:
        """What lies under the line."""
        return f"{self.path}V{HEIGHT}H0Z" if self.points else ""


def line(
    title: str, summary: str, values: Sequence[tuple[date, int]], *, top: int | None = None
) -> Line:
    """Return a line of counts by day, oldest first; ``top`` is the most there could be."""
    highest = max([top or 0, 1, *(value for _day, value in values)])
    first = values[0][0] if values else date.min
    days = max((values[-1][0] - first).days, 1) if values else 1
    points = [
        Point(
            label=in_words(day),
            value=value,
            x=round(WIDTH * (day - first).days / days, 1),
            y=round(HEIGHT * (1 - value / highest), 1),
        )
        for day, value in values
    ]
    return Line(title, summary, points, highest)


def in_words(day: date) -> str:
    """Return a day as people write it: 24 August 2026."""
    return date_format(day, pgettext("date format", "j F Y"))


@dataclass(frozen=True)
class Segment:
    """A part of a bar."""

    label: str
    tone: str
    value: int
    x: float
    width: float


@dataclass(frozen=True)
class Bar:
    """One row of bars, with its parts from left to right."""

    label: str
    total: int
    segments: Sequence[Segment]

    @property
    def parts(self) -> list[Segment]:
        """Those there is something to be seen of."""
        return [segment for segment in self.segments if segment.value]


@dataclass(frozen=True)
class Bars:
    """Counts by kind and outcome; components/charts/bars.html."""

    title: str
    summary: str
    legend: Sequence[tuple[str, str]]
    bars: Sequence[Bar]


def bars(
    title: str,
    summary: str,
    legend: Sequence[tuple[str, str]],
    rows: Sequence[tuple[str, Sequence[int]]],
) -> Bars:
    """Return rows of (label, counts), the counts in the order of ``legend``'s (label, tone)."""
    longest = max([1, *(sum(counts) for _label, counts in rows)])
    drawn = []
    for label, counts in rows:
        segments, x = [], 0.0
        for (name, tone), count in zip(legend, counts, strict=True):
            width = WIDTH * count / longest
            segments.append(Segment(name, tone, count, round(x, 1), round(width, 1)))
            x += width
        drawn.append(Bar(label, sum(counts), segments))
    return Bars(title, summary, legend, drawn)


@dataclass(frozen=True)
class Mark:
    """One check of a strip."""

    at: datetime
    tone: str
    label: str
    x: float


@dataclass(frozen=True)
class Strip:
    """Checks side by side, oldest first; components/charts/strip.html."""

    title: str
    summary: str
    marks: Sequence[Mark]
    step: float


def strip(title: str, summary: str, checks: Sequence[tuple[datetime, str, str]]) -> Strip:
    """Return a strip of (at, tone, label), oldest first: a domain's checks, a token's calls."""
    step = WIDTH / max(len(checks), 1)
    marks = [
        Mark(at, tone, label, round(index * step, 2))
        for index, (at, tone, label) in enumerate(checks)
    ]
    return Strip(title, summary, marks, round(max(step - min(3.0, step / 4), 0.5), 2))
