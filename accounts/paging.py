"""Paging by key: as quick at the last of 100,000 rows as at the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.db.models import Model, Q

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet

Row = TypeVar("Row", bound=Model)
SIZE = 50
# Counting on costs more than anybody needs to know: "1,000+".
COUNT_UP_TO = 1000


@dataclass(frozen=True)
class KeyPage(Generic[Row]):
    """Some rows, and the keys that the pages beside begin at; empty: there is none."""

    rows: list[Row]
    before: str
    after: str


def page_by_key(
    rows: QuerySet[Row],
    asked: Mapping[str, str],
    *,
    by: tuple[str, ...] = ("pk",),
    key: str = "public_id",
    newest_first: bool = False,
    size: int = SIZE,
) -> KeyPage[Row]:
    """Return the page that ``asked`` (request.GET) names by ``after`` or ``before``.

    ``by`` are columns that no two rows share all of, those of an index; ``key`` is the column that
    addresses name a row by. A key that is not among ``rows``, another tenant's for one, gives the
    first page.
    """
    asked_key = (asked.get("before") or asked.get("after") or "").replace("\x00", "")
    edge = rows.filter(**{key: asked_key}).first() if asked_key else None
    backwards = "before" in asked and edge is not None
    descending = newest_first != backwards
    beyond = rows
    if edge is not None:
        beyond = beyond.filter(_beyond(by, edge, "lt" if descending else "gt"))
    sign = "-" if descending else ""
    found = list(beyond.order_by(*(f"{sign}{column}" for column in by))[: size + 1])
    more = len(found) > size
    found = found[:size]
    if backwards:
        found.reverse()
    if not found:
        return KeyPage([], "", "")
    has_before = more if backwards else edge is not None
    has_after = True if backwards else more
    return KeyPage(
        found,
        str(getattr(found[0], key)) if has_before else "",
        str(getattr(found[-1], key)) if has_after else "",
    )


def _beyond(by: tuple[str, ...], edge: Model, comparison: str) -> Q:
    """Return ``(a, b) > (edge.a, edge.b)``, with a first part that an index can use."""
    values: list[Any] = [getattr(edge, column) for column in by]
    condition = Q()
    for position, column in enumerate(by):
        equal = dict(zip(by[:position], values[:position], strict=True))
        condition |= Q(**equal, **{f"{column}__{comparison}": values[position]})
    return Q(**{f"{by[0]}__{comparison}e": values[0]}) & condition


def count_in_words(rows: QuerySet[Any]) -> str:
    """Return how many rows there are; beyond 1,000 it stops counting."""
    found = rows.order_by()[: COUNT_UP_TO + 1].count()
    return f"{COUNT_UP_TO:,}+" if found > COUNT_UP_TO else f"{found:,}"
