"""Filters and sorting as SQL over look-up columns and documents.

The syntax is scim2-models'; here each comparison becomes a condition with bound parameters. No
LIKE anywhere: `%` and `_` are ordinary characters.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from scim2_models import InvalidFilterException, ScimFilter
from scim2_models.path import (
    CompareOperator,
    Comparison,
    FilterNode,
    LogicalExpr,
    LogicalOperator,
    Not,
    Present,
    ValuePath,
)

from scim.wire.reading import check_text
from scim.wire.schemas import Attribute, Located, ResourceSchema

FILTER_LIMIT = 4_000
COMPARISONS_LIMIT = 50

NAME_GIVEN = """coalesce(nullif(m.first_name, ''), nullif(u.first_name, ''),
    initcap(split_part(split_part(r.user_name, '@', 1), '.', 1)))"""
NAME_FAMILY = """coalesce(nullif(m.last_name, ''), nullif(u.last_name, ''),
    initcap(nullif(split_part(split_part(r.user_name, '@', 1), '.', 2), '')),
    initcap(split_part(r.user_name, '@', 1)))"""
# Members whom no provider described get a name and an address: Okta's test reads the first user.
USER_DOCUMENT = f"""coalesce(r.document, jsonb_build_object(
    'name', jsonb_build_object('givenName', {NAME_GIVEN}, 'familyName', {NAME_FAMILY}),
    'displayName', {NAME_GIVEN} || ' ' || {NAME_FAMILY},
    'emails', jsonb_build_array(
        jsonb_build_object('value', r.user_name, 'type', 'work', 'primary', true))))"""

_IN_TEAM = """EXISTS (SELECT 1 FROM accounts_teammembership tm
    JOIN accounts_team t ON t.id = tm.team_id
    WHERE tm.membership_id = r.membership_id AND {condition})"""
_HAS_MEMBER = """EXISTS (SELECT 1 FROM accounts_teammembership tm
    JOIN scim_userresource r ON r.membership_id = tm.membership_id
    WHERE tm.team_id = t.id AND r.domain = ANY(%s) AND {condition})"""

_SYMBOLS = {
    CompareOperator.gt: ">",
    CompareOperator.ge: ">=",
    CompareOperator.lt: "<",
    CompareOperator.le: "<=",
}
_JOINED = re.compile(r"\b[mu]\.")
_SEVENTH_DIGIT = re.compile(r"(\.\d{6})\d+")


@dataclass(frozen=True, slots=True)
class Condition:
    """A piece of SQL with its parameters."""

    sql: str
    parameters: tuple[Any, ...] = ()

    @property
    def is_of_look_up_columns(self) -> bool:
        """Tell whether the resource's own row decides, without membership and account."""
        return not _JOINED.search(self.sql)


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a resource's attributes are found: columns by path, the document for the rest."""

    schema: ResourceSchema
    columns: dict[str, str]
    booleans: dict[str, str]
    times: dict[str, str]
    document: str | None
    # Multi-valued attributes that live in tables: their condition, and whether it needs domains.
    tables: dict[str, tuple[str, dict[str, str], bool]]


def _users(schema: ResourceSchema) -> Columns:
    return Columns(
        schema,
        columns={
            "id": "r.resource_id",
            "userName": "r.user_name_key",
            "externalId": "r.external_id",
            "meta.resourceType": "'User'",
        },
        booleans={"active": "(m.status = 'active')"},
        times={"meta.created": "r.created_at", "meta.lastModified": "r.modified_at"},
        document=USER_DOCUMENT,
        tables={"groups": (_IN_TEAM, {"value": "t.public_id", "display": "t.name"}, False)},
    )


def _groups(schema: ResourceSchema) -> Columns:
    return Columns(
        schema,
        columns={
            "id": "t.public_id",
            "displayName": "t.name",
            "externalId": "t.external_id",
            "meta.resourceType": "'Group'",
        },
        booleans={},
        times={"meta.created": "t.created_at", "meta.lastModified": "t.changed_at"},
        document=None,
        tables={"members": (_HAS_MEMBER, {"value": "r.resource_id", "type": "'User'"}, True)},
    )


def columns_of(schema: ResourceSchema) -> Columns:
    return _users(schema) if "username" in schema.attributes else _groups(schema)


def parse(expression: str) -> FilterNode:
    """Read a filter within bounds. Raises InvalidFilterException."""
    if len(expression) > FILTER_LIMIT:
        raise InvalidFilterException(detail="The filter is too long.")
    if "\0" in expression:
        raise InvalidFilterException(detail="The filter holds a NUL character.")
    try:
        return ScimFilter[Any](expression).ast
    except (InvalidFilterException, RecursionError, ValueError):
        raise InvalidFilterException(detail="The filter cannot be read.") from None


def compile_filter(schema: ResourceSchema, expression: str, domains: list[str]) -> Condition:
    """Turn a filter into a condition. Raises InvalidFilterException."""
    compiler = _Compiler(columns_of(schema), domains)
    return compiler.compile(parse(expression))


def compile_order(schema: ResourceSchema, sort_by: str | None) -> str | None:
    """Give the expression to sort by; None where we do not have the attribute."""
    located = schema.locate(sort_by) if sort_by else None
    if located is None or located.attribute is None:
        return None
    columns = columns_of(schema)
    path = _path_of(located)
    for known in (columns.columns, columns.booleans, columns.times):
        if path in known:
            return known[path]
    if columns.document is None or located.attribute.name in columns.tables:
        return None
    expression = _Compiler(columns, []).scalar_of_first(located)
    return f"lower({expression})" if expression else None


def _path_of(located: Located) -> str:
    name = located.attribute.name if located.attribute else ""
    return f"{name}.{located.part.name}" if located.part else name


class _Compiler:
    """Walks the tree of one filter."""

    def __init__(self, columns: Columns, domains: list[str]) -> None:
        self.columns = columns
        self.domains = domains
        self.comparisons = 0

    def compile(self, node: FilterNode) -> Condition:
        if isinstance(node, LogicalExpr):
            terms = [self.compile(term) for term in node.terms]
            return _joined(node.op, terms)
        if isinstance(node, Not):
            inner = self.compile(node.expr)
            return Condition(f"NOT coalesce({inner.sql}, false)", inner.parameters)
        if isinstance(node, ValuePath):
            return self._value_path(node)
        if isinstance(node, Comparison | Present):
            return self._single(node)
        raise InvalidFilterException(detail="The filter cannot be read.")

    def _count(self) -> None:
        self.comparisons += 1
        if self.comparisons > COMPARISONS_LIMIT:
            raise InvalidFilterException(
                detail=f"A filter may hold {COMPARISONS_LIMIT} comparisons at most."
            )

    def _located(self, node: Comparison | Present | ValuePath) -> Located:
        path = node.attr_path
        located = self.columns.schema.find_anywhere(path.uri or "", path.attr, path.sub_attr or "")
        if located is None or located.attribute is None:
            raise InvalidFilterException(detail=f"There is no attribute {str(path)[:100]!r} here.")
        return located

    def _single(self, node: Comparison | Present) -> Condition:
        self._count()
        located = self._located(node)
        attribute = located.attribute
        assert attribute is not None  # noqa: S101 - _located() refuses it
        if attribute.multi_valued:
            return self._any_entry(located, node)
        path = _path_of(located)
        if path in self.columns.columns:
            compared = located.part or attribute
            return _compare_text(self.columns.columns[path], compared, node)
        if path in self.columns.booleans:
            return _compare_boolean(self.columns.booleans[path], node)
        if path in self.columns.times:
            return _compare_time(self.columns.times[path], node)
        if self.columns.document is None or attribute.read_only:
            raise InvalidFilterException(detail=f"{path} cannot be filtered by.")
        return self._document(located, node)

    def _document(self, located: Located, node: Comparison | Present) -> Condition:
        attribute, part = located.attribute, located.part
        assert attribute is not None  # noqa: S101 - the caller looked
        home = f"{self.columns.document}->{_quoted(located.extension)}" if located.extension else (
            str(self.columns.document)
        )  # fmt: skip
        if attribute.is_complex and part is None:
            if isinstance(node, Present):
                return Condition(f"coalesce({home} ? {_quoted(attribute.name)}, false)")
            part = attribute.parts.get("value")
            if part is None:
                raise InvalidFilterException(detail=f"Filter by a part of {attribute.name}.")
        if part is not None:
            return _compare_text(
                f"({home}->{_quoted(attribute.name)}->>{_quoted(part.name)})", part, node
            )
        return _compare_text(f"({home}->>{_quoted(attribute.name)})", attribute, node)

    def scalar_of_first(self, located: Located) -> str | None:
        attribute = located.attribute
        if attribute is None or attribute.read_only:
            return None
        home = str(self.columns.document)
        if located.extension:
            home = f"{home}->{_quoted(located.extension)}"
        part = located.part or attribute.parts.get("value")
        if not attribute.is_complex:
            return f"({home}->>{_quoted(attribute.name)})"
        if part is None:
            return None
        first = "->0" if attribute.multi_valued else ""
        return f"({home}->{_quoted(attribute.name)}{first}->>{_quoted(part.name)})"

    def _any_entry(self, located: Located, node: Comparison | Present) -> Condition:
        """`emails eq "x"` and `emails.type eq "work"`: any entry will do."""
        attribute = located.attribute
        assert attribute is not None  # noqa: S101 - the caller looked
        part = located.part or attribute.parts.get("value")
        if isinstance(node, Present) and located.part is None:
            return self._entries(attribute, Condition("true"))
        if part is None:
            raise InvalidFilterException(detail=f"Filter by a part of {attribute.name}.")
        return self._entries(attribute, self._part(attribute, part, node))

    def _value_path(self, node: ValuePath) -> Condition:
        located = self._located(node)
        attribute = located.attribute
        if attribute is None or not attribute.multi_valued or located.part is not None:
            raise InvalidFilterException(detail=f"{str(node.attr_path)[:100]} is not a list.")
        return self._entries(attribute, self._inside(attribute, node.val_filter))

    def _inside(self, attribute: Attribute, node: FilterNode) -> Condition:
        if isinstance(node, LogicalExpr):
            return _joined(node.op, [self._inside(attribute, term) for term in node.terms])
        if isinstance(node, Not):
            inner = self._inside(attribute, node.expr)
            return Condition(f"NOT coalesce({inner.sql}, false)", inner.parameters)
        if isinstance(node, Comparison | Present):
            self._count()
            path = node.attr_path
            part = attribute.parts.get(path.attr.lower())
            if part is None or path.sub_attr or path.uri:
                raise InvalidFilterException(
                    detail=f"There is no {str(path)[:100]!r} in {attribute.name}."
                )
            return self._part(attribute, part, node)
        raise InvalidFilterException(detail="The filter cannot be read.")

    def _part(self, attribute: Attribute, part: Attribute, node: Comparison | Present) -> Condition:
        if attribute.name in self.columns.tables:
            columns = self.columns.tables[attribute.name][1]
            if part.name not in columns:
                raise InvalidFilterException(
                    detail=f"{attribute.name}.{part.name} cannot be filtered by."
                )
            return _compare_text(columns[part.name], part, node)
        if part.type == "boolean":
            return _compare_boolean(f"coalesce((e->>{_quoted(part.name)})::boolean, false)", node)
        return _compare_text(f"(e->>{_quoted(part.name)})", part, node)

    def _entries(self, attribute: Attribute, inner: Condition) -> Condition:
        table = self.columns.tables.get(attribute.name)
        if table is not None:
            template, _, needs_domains = table
            before = (self.domains,) if needs_domains else ()
            return Condition(template.format(condition=inner.sql), (*before, *inner.parameters))
        return Condition(
            f"EXISTS (SELECT 1 FROM jsonb_array_elements(coalesce("  # noqa: S608 - names are ours
            f"{self.columns.document}->{_quoted(attribute.name)}, '[]'::jsonb)) e "
            f"WHERE {inner.sql})",
            inner.parameters,
        )


def _quoted(name: str) -> str:
    """Quote a name of our own schemas as SQL text."""
    return "'" + name.replace("'", "''") + "'"


def _joined(operator: LogicalOperator, terms: list[Condition]) -> Condition:
    word = " AND " if operator == LogicalOperator.and_ else " OR "
    return Condition(
        "(" + word.join(term.sql for term in terms) + ")",
        tuple(parameter for term in terms for parameter in term.parameters),
    )


def _compare_text(expression: str, attribute: Attribute, node: Comparison | Present) -> Condition:
    if isinstance(node, Present):
        return Condition(f"coalesce({expression}, '') <> ''")
    value = node.value
    if value is None:
        return _compare_nothing(expression, node)
    if not isinstance(value, str):
        raise InvalidFilterException(detail=f"{attribute.name} is compared with a string.")
    try:
        check_text(value)
    except Exception as error:
        raise InvalidFilterException(detail="The filter holds half a character.") from error
    bound = "%s"
    if not attribute.case_exact:
        # userName's column is in lower case already, and its index knows it so.
        if expression.endswith("_key"):
            value = value.strip().lower()
        else:
            expression, bound = f"lower({expression})", "lower(%s)"
    if node.op == CompareOperator.ew:
        return Condition(f"right({expression}, length({bound})) = {bound}", (value, value))
    template = {
        CompareOperator.eq: "{0} = {1}",
        CompareOperator.ne: "{0} IS DISTINCT FROM {1}",
        CompareOperator.co: "position({1} in {0}) > 0",
        CompareOperator.sw: "starts_with({0}, {1})",
    }.get(node.op) or f'({{0}}) COLLATE "C" {_SYMBOLS[node.op]} {{1}}'
    return Condition(template.format(expression, bound), (value,))


def _compare_nothing(expression: str, node: Comparison) -> Condition:
    """Compare with null: absent and empty are one."""
    if node.op == CompareOperator.eq:
        return Condition(f"coalesce({expression}, '') = ''")
    if node.op == CompareOperator.ne:
        return Condition(f"coalesce({expression}, '') <> ''")
    raise InvalidFilterException(detail="null can only be compared by eq and ne.")


def _compare_boolean(expression: str, node: Comparison | Present) -> Condition:
    if isinstance(node, Present):
        return Condition("true")
    value = node.value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        value = value.lower() == "true"
    if not isinstance(value, bool):
        raise InvalidFilterException(detail="Compare with true or false.")
    if node.op == CompareOperator.eq:
        return Condition(f"{expression} = %s", (value,))
    if node.op == CompareOperator.ne:
        return Condition(f"{expression} <> %s", (value,))
    raise InvalidFilterException(detail="true and false can only be compared by eq and ne.")


def _compare_time(expression: str, node: Comparison | Present) -> Condition:
    if isinstance(node, Present):
        return Condition("true")
    when = _time_of(node.value)
    if node.op == CompareOperator.eq:
        return Condition(f"{expression} = %s", (when,))
    if node.op == CompareOperator.ne:
        return Condition(f"{expression} <> %s", (when,))
    if node.op in _SYMBOLS:
        return Condition(f"{expression} {_SYMBOLS[node.op]} %s", (when,))
    raise InvalidFilterException(detail="Times can be compared, not searched.")


def _time_of(value: Any) -> datetime:
    # Entra's inbound tools write seven digits after the point.
    text = _SEVENTH_DIGIT.sub(r"\1", value) if isinstance(value, str) and len(value) < 100 else ""
    try:
        when = parse_datetime(text)
    except ValueError:
        when = None
    if when is None:
        raise InvalidFilterException(detail="Compare with a time like 2026-05-03T12:00:00Z.")
    return when if when.tzinfo else when.replace(tzinfo=UTC)
