"""docs/domain-states.md, drawn from the table of moves. Pure."""

from datetime import timedelta

from domains.schedule import DAILY, HOURLY, SIX_HOURLY
from domains.states import (
    ABSENT_DAYS_TO_UNVERIFY,
    HOLDING,
    MOVES,
    UNVERIFY_AFTER,
    Cause,
    State,
    Verdict,
    move_for,
)

HEAD = """# The life of a domain claim

Drawn from `MOVES` in `domains/states.py` by `make manage ARGS='draw_domain_states'`; a test fails
where this page and the table differ. *No answer* is missing here on purpose: it moves nothing.
"""


def document() -> str:
    return "\n".join((HEAD, *_diagram(), "", *_table(), "", *_rhythm(), ""))


def _diagram() -> list[str]:
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> pending: an admin claims it"]
    lines += [f"    {m.source} --> {m.target}: {m.cause} ({m.service})" for m in MOVES]
    return [*lines, "    removed --> [*]", "```"]


def _table() -> list[str]:
    """Every state with every verdict, those that stay included."""
    lines = ["| State | acts on its addresses | present | absent | no answer |"]
    lines.append("| --- | --- | --- | --- | --- |")
    for state in State:
        if state == State.REMOVED:
            continue
        acts = "yes" if state in HOLDING else "no"
        present = _target(state, Cause.PRESENT)
        absent = _target(state, Cause.ABSENT)
        if state == State.GRACE:
            absent = (
                f"stays; {_target(state, Cause.GRACE_OVER)} after {UNVERIFY_AFTER.days} days with "
                f"absent answers on {ABSENT_DAYS_TO_UNVERIFY}"
            )
        lines.append(f"| {state} | {acts} | {present} | {absent} | stays |")
    return lines


def _target(state: State, cause: Cause) -> str:
    move = move_for(state, cause)
    return str(move.target) if move else "stays"


def _rhythm() -> list[str]:
    early = "10 s after the claim, then after 30 s, 1, 2, 5, 10, 30 min"
    late = f"every {_hours(HOURLY)} until a day is over, every {_hours(SIX_HOURLY)} for ever"
    silent = f"every {_hours(HOURLY)} after {str(Verdict.NO_ANSWER.label).lower()}"
    return [
        "| State | looked at |",
        "| --- | --- |",
        f"| pending | {early}, {late} |",
        f"| verified | every {_hours(DAILY)}; {silent} |",
        f"| grace | every {_hours(HOURLY)} |",
        f"| unverified | every {_hours(SIX_HOURLY)} |",
    ]


def _hours(length: timedelta) -> str:
    hours = int(length.total_seconds() // 3600)
    return "hour" if hours == 1 else f"{hours} hours"
