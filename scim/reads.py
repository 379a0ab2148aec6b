"""Reading users and groups: one statement each, by columns that have an index.

Raw SQL, because the ORM's query building costs more than the rows (performance.md, 3). Every
statement starts at the caller's organization and its verified domains (SCIM-3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from accounts.prepared import Prepared
from scim.caller import Caller, admit_by, admitting
from scim.rendering import GroupRow, UserRow, base_url
from scim.search import USER_DOCUMENT, Condition

DEEP = 1_000
"""Beyond this offset the total is counted first, to know from which end to walk."""

_FROM_USERS = """FROM scim_userresource r
    JOIN accounts_membership m ON m.id = r.membership_id
    JOIN accounts_user u ON u.id = m.user_id"""
_OURS = "r.organization_id = %s AND r.domain = ANY(%s)"
_COLUMNS = f"""r.membership_id, r.resource_id, r.user_name, r.external_id,
    m.status = 'active', {USER_DOCUMENT}::text, r.created_at, r.modified_at, m.user_id,
    m.deactivated_by"""
_GROUPS_OF_USER = """(SELECT json_agg(json_build_object('value', t.public_id,
        '$ref', %s || t.public_id, 'display', t.name, 'type', 'direct') ORDER BY t.id)::text
    FROM accounts_teammembership tm JOIN accounts_team t ON t.id = tm.team_id
    WHERE tm.membership_id = r.membership_id)"""
_GROUP_COLUMNS = "t.id, t.public_id, t.name, t.external_id, t.created_at, t.changed_at"


@dataclass(frozen=True, slots=True)
class Query:
    """What a list is asked for; `start` counts from 1."""

    condition: Condition | None = None
    order: str | None = None
    descending: bool = False
    start: int = 1
    count: int = 100
    with_groups: bool = True


def _rows(sql: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _user_columns(with_groups: bool) -> tuple[str, tuple[Any, ...]]:
    if with_groups:
        return f"{_COLUMNS}, {_GROUPS_OF_USER}", (f"{base_url()}/Groups/",)
    return f"{_COLUMNS}, NULL", ()


_WHOLE_BY_ID = f"{_COLUMNS}, {_GROUPS_OF_USER} {_FROM_USERS} WHERE r.resource_id = %s AND {_OURS}"
BY_ID = Prepared("scim_user", f"SELECT {_WHOLE_BY_ID}")
# Before the user: whether the switch was made, and how many were deactivated in this hour.
BY_ID_AFTER_SWITCH = Prepared(
    "scim_user_after_switch",
    f"""SELECT m.access_valid_from = %s,
    (SELECT batch_size FROM scim_directory d WHERE d.organization_id = r.organization_id),
    (SELECT batch_told FROM scim_directory d WHERE d.organization_id = r.organization_id),
    (SELECT coalesce(sum(members), 0) FROM scim_total t
        WHERE t.organization_id = r.organization_id),
    {_WHOLE_BY_ID}""",  # noqa: S608 - columns of our own
)


_BY_ID_OF_CALLER = f"""{_FROM_USERS} WHERE r.resource_id = %(resource_id)s
    AND r.organization_id = caller.organization AND r.domain = ANY(caller.domains)"""
_OF_CALLER = f"{_COLUMNS}, {_GROUPS_OF_USER.replace('%s', '%(groups)s::text')}"


def admitting_with_user(name: str, further: str = "") -> Prepared:
    """Give the statement that admits and reads a user: of two round trips, one.

    ``further`` columns of the membership `m` and the account `u` come after the user's.
    """
    columns = f"{_OF_CALLER}, {further}" if further else _OF_CALLER
    return admitting(name, columns, _BY_ID_OF_CALLER)


_ADMIT_WITH_USER = admitting_with_user("admit_with_user")


def admit_with_user(header: str, resource_id: str) -> tuple[Caller, UserRow | None]:
    """Admit a request (scim.caller.admit) and give the user of its organization."""
    caller, found = admit_by(_ADMIT_WITH_USER, header, **values_of_user(resource_id))
    return caller, None if found[0] is None else UserRow(*found)


def values_of_user(resource_id: str) -> dict[str, str]:
    """Give what admitting_with_user() is asked with."""
    return {"groups": f"{base_url()}/Groups/", "resource_id": resource_id}


# What every provider asks before it creates somebody.
_BY_NAME = Prepared(
    "scim_user_by_name",
    f"SELECT {_COLUMNS}, {_GROUPS_OF_USER} {_FROM_USERS}"
    f" WHERE r.user_name_key = %s AND {_OURS} ORDER BY r.membership_id LIMIT %s::int",
)
_BY_NAME_ONLY = "r.user_name_key = %s"


def find_user(caller: Caller, resource_id: str) -> UserRow | None:
    """Give a user of the organization, and of no other."""
    rows = BY_ID.rows(values_of_id(caller, resource_id))
    return UserRow(*rows[0]) if rows else None


def values_of_id(caller: Caller, resource_id: str) -> tuple[Any, ...]:
    """Give what BY_ID is asked with."""
    return (f"{base_url()}/Groups/", resource_id, caller.organization.pk, caller.domains)


def find_users(caller: Caller, query: Query) -> tuple[int, list[UserRow]]:
    """Give the total and one page of the users that fit."""
    if _asks_for_one_name(query):
        found = _find_by_name(caller, query)
        if len(found) < query.count:
            return len(found), found
    where, parameters = _OURS, [caller.organization.pk, caller.domains]
    if query.condition is not None:
        where += f" AND {query.condition.sql}"
        parameters += query.condition.parameters
    plain = query.condition is None or query.condition.is_of_look_up_columns
    source = "FROM scim_userresource r" if plain and query.order is None else _FROM_USERS

    def count() -> int:
        if query.condition is None:
            return total_of(caller)
        sql = f"SELECT count(*) {source} WHERE {where}"
        return int(_rows(sql, parameters)[0][0])

    def page(offset: int, limit: int, *, backwards: bool) -> list[tuple[Any, ...]]:
        columns, before = _user_columns(query.with_groups)
        turn = query.descending != backwards
        order = f"r.membership_id{' DESC' if turn else ''}"
        if query.order is not None:
            order = f"{query.order}{' DESC' if turn else ''}, {order}"
        # The page is found by the index alone; only its rows are then joined and rendered.
        chosen = (
            f"SELECT r.membership_id {source} WHERE {where} ORDER BY {order} LIMIT %s OFFSET %s"
        )
        sql = (
            f"SELECT {columns} FROM ({chosen}) chosen"  # noqa: S608 - parts of our own
            " JOIN scim_userresource r USING (membership_id)"
            " JOIN accounts_membership m ON m.id = r.membership_id"
            f" JOIN accounts_user u ON u.id = m.user_id ORDER BY {order}"
        )
        return _rows(sql, (*before, *parameters, limit, offset))

    total, rows = _paged(query, count, page)
    return total, [UserRow(*row) for row in rows]


def _asks_for_one_name(query: Query) -> bool:
    condition = query.condition
    return (
        condition is not None
        and condition.sql == _BY_NAME_ONLY
        and (query.start, query.order) == (1, None)
    )


def _find_by_name(caller: Caller, query: Query) -> list[UserRow]:
    assert query.condition is not None  # noqa: S101 - _asks_for_one_name() saw it
    [name] = query.condition.parameters
    values = (name, caller.organization.pk, caller.domains, query.count)
    return [UserRow(*row) for row in _BY_NAME.rows((f"{base_url()}/Groups/", *values))]


def total_of(caller: Caller) -> int:
    """Give how many users there are; the database keeps count."""
    rows = _rows(
        "SELECT coalesce(sum(members), 0) FROM scim_total"
        " WHERE organization_id = %s AND domain = ANY(%s)",
        (caller.organization.pk, caller.domains),
    )
    return int(rows[0][0])


def _paged(query: Query, count: Any, page: Any) -> tuple[int, list[tuple[Any, ...]]]:
    """Read one page, from the nearer end where it is deep, counting only where it must."""
    offset, limit = query.start - 1, query.count
    if limit == 0:
        return count(), []
    if offset < DEEP:
        rows = page(offset, limit, backwards=False)
        if len(rows) < limit and (rows or offset == 0):
            return offset + len(rows), rows
        return count(), rows
    total = count()
    if offset >= total:
        return total, []
    if offset * 2 <= total:
        return total, page(offset, limit, backwards=False)
    limit = min(limit, total - offset)
    rows = page(total - offset - limit, limit, backwards=True)
    return total, rows[::-1]


def find_group(caller: Caller, resource_id: str) -> GroupRow | None:
    """Give a team of the organization."""
    rows = _rows(
        f"SELECT {_GROUP_COLUMNS} FROM accounts_team t "  # noqa: S608 - columns of our own
        "WHERE t.public_id = %s AND t.organization_id = %s",
        (resource_id, caller.organization.pk),
    )
    return GroupRow(*rows[0]) if rows else None


def find_groups(caller: Caller, query: Query) -> tuple[int, list[GroupRow]]:
    """Give the total and one page of the groups that fit."""
    where, parameters = "t.organization_id = %s", [caller.organization.pk]
    if query.condition is not None:
        where += f" AND {query.condition.sql}"
        parameters += query.condition.parameters

    def count() -> int:
        sql = f"SELECT count(*) FROM accounts_team t WHERE {where}"  # noqa: S608 - parts of our own
        return int(_rows(sql, parameters)[0][0])

    def page(offset: int, limit: int, *, backwards: bool) -> list[tuple[Any, ...]]:
        turn = query.descending != backwards
        order = f"t.id{' DESC' if turn else ''}"
        if query.order is not None:
            order = f"{query.order}{' DESC' if turn else ''}, {order}"
        sql = (
            f"SELECT {_GROUP_COLUMNS} FROM accounts_team t WHERE {where} "  # noqa: S608
            f"ORDER BY {order} LIMIT %s OFFSET %s"
        )
        return _rows(sql, (*parameters, limit, offset))

    total, rows = _paged(query, count, page)
    return total, [GroupRow(*row) for row in rows]


def members_of(caller: Caller, teams: list[int]) -> dict[int, str]:
    """Give the members of teams as JSON text; those outside the verified domains are not seen."""
    if not teams:
        return {}
    return dict(
        _rows(
            """SELECT tm.team_id, json_agg(json_build_object('value', r.resource_id,
                '$ref', %s || r.resource_id, 'type', 'User') ORDER BY tm.id)::text
            FROM accounts_teammembership tm
            JOIN scim_userresource r ON r.membership_id = tm.membership_id
            WHERE tm.team_id = ANY(%s) AND r.organization_id = %s AND r.domain = ANY(%s)
            GROUP BY tm.team_id""",
            (f"{base_url()}/Users/", teams, caller.organization.pk, caller.domains),
        )
    )
