"""The endpoints under /api/app/scim/v2: requests read, services called, answers written.

Whatever happens, the answer is a SCIM body: 401, 404, 405 and 500 included.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from http import HTTPStatus
from typing import Any, TypeVar

import structlog
from django.core.exceptions import SuspiciousOperation
from django.db import DatabaseError, DataError, InterfaceError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from scim2_models import (
    InvalidFilterException,
    InvalidValueException,
    NotFoundException,
    NotImplementedException,
    PreconditionFailedException,
    SCIMException,
    UnauthorizedException,
)
from scim2_server.conditions import Conditions
from scim2_server.errors import MethodNotAllowedException, UnsupportedMediaTypeException

from accounts.actor import Actor
from scim import attention, discovery, groups, users
from scim.bodies import hear_out, read_body
from scim.caller import Caller, TooManyRequests, admit
from scim.journal import Entry
from scim.plain_users import Seen, admit_to_change
from scim.providers import provider_of
from scim.reads import Query, admit_with_user, find_group, find_groups, find_users, members_of
from scim.rendering import (
    GroupRow,
    UserRow,
    group_location,
    group_text,
    list_text,
    projected,
    user_location,
    user_text,
    version_of,
)
from scim.search import compile_filter, compile_order
from scim.wire.groups import patch_group, read_group
from scim.wire.patching import read_operations
from scim.wire.projection import WHOLE, Projection, read_projection
from scim.wire.reading import load, member, read_count, read_resource
from scim.wire.schemas import GROUP, USER, Json, ResourceSchema

log = structlog.get_logger("scim")

SCIM_JSON = "application/scim+json"
PLAIN_JSON = "application/json"
FAR = 2**31

_UTF_8 = ("utf-8", "utf8")
_PARAMETERS = (
    "filter",
    "attributes",
    "excludedAttributes",
    "sortBy",
    "sortOrder",
    "startIndex",
    "count",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: JSON text and headers."""

    status: int = HTTPStatus.OK
    text: str = ""
    location: str = ""
    version: str = ""


class Exchange:
    """One request of a provider, and the line of the log that is written about it."""

    def __init__(self, request: HttpRequest, caller: Caller, entry: Entry) -> None:
        self.request = request
        self.caller = caller
        self.entry = entry
        # The user that the path names, read with the admission where the method needs no more.
        self.row: UserRow | None = None
        self.seen: Seen | None = None

    @cached_property
    def actor(self) -> Actor:
        return Actor.acting(self.request, "scim", self.entry.provider, self.caller.token)

    @cached_property
    def parameters(self) -> dict[str, str]:
        """Give the query by its names' lower case; of several equal ones, the last."""
        return {name.lower(): str(value) for name, value in self.request.GET.items()}

    def payload(self) -> Json:
        """Read the body. Raises SCIMException."""
        media_type = self.request.content_type or SCIM_JSON
        charset = (self.request.content_params or {}).get("charset", "utf-8")
        if media_type.lower() not in (SCIM_JSON, PLAIN_JSON) or charset.lower() not in _UTF_8:
            raise UnsupportedMediaTypeException(
                detail=f"Send the body as {SCIM_JSON} or {PLAIN_JSON}, in UTF-8."
            )
        return load(read_body(self.request))

    def projection(self, schema: ResourceSchema) -> Projection:
        return read_projection(
            schema, self.parameters.get("attributes"), self.parameters.get("excludedattributes")
        )

    def is_fresh(self, version: str) -> bool:
        """Tell whether a GET has to be answered; False for what the client has already."""
        return self._conditions.check(version, "GET")

    def check_version(self, version: str) -> None:
        """Refuse a change of something else than the client saw. Raises SCIMException."""
        try:
            self._conditions.check(version, self.request.method or "")
        except PreconditionFailedException:
            raise PreconditionFailedException(
                detail="This was changed since it was read. Read it again, then repeat the change."
            ) from None

    @cached_property
    def _conditions(self) -> Conditions:
        headers = self.request.headers
        return Conditions(headers.get("If-Match"), headers.get("If-None-Match"))


Handler = Callable[..., Answer]
DoneT = TypeVar("DoneT", users.Done, groups.GroupDone)


@csrf_exempt
@transaction.non_atomic_requests
def endpoint(request: HttpRequest, path: str = "") -> HttpResponse:
    """Answer any request under the base path."""
    entry = Entry(
        request.method or "",
        f"/{path}",
        provider_of(request.headers.get("User-Agent", "")),
        getattr(request, "id", ""),
    )
    exchange: Exchange | None = None
    headers: dict[str, str] = {}
    try:
        segments = [segment for segment in path.split("/") if segment]
        exchange = _admitted(request, entry, segments)
        answer = _dispatch(exchange, segments)
        entry.status = answer.status
    except SCIMException as error:
        headers = _error_headers(error)
        answer = _refusal(entry, error)
        if error.status != HTTPStatus.REQUEST_ENTITY_TOO_LARGE:  # of that, enough was heard
            hear_out(request)
        if isinstance(error, users.NeedsInvitation) and exchange is not None:
            organization = exchange.caller.organization
            attention.note_refusal(organization, error.address, actor=exchange.actor)
    except (SuspiciousOperation, DataError):
        answer = _refusal(entry, InvalidValueException(detail="The request cannot be read."))
    except (OperationalError, InterfaceError):
        log.exception("scim_database_failed", path=path)
        answer = _refusal(entry, _failure(503, "Please try again in a moment."))
        headers = {"Retry-After": "5"}
    except Exception:
        # The border of the protocol: a provider must get a SCIM body, whatever broke.
        log.exception("scim_failed", path=path)
        answer = _refusal(entry, _failure(500, "Something broke on our side; it was recorded."))
    if exchange is not None:
        _write(entry, exchange.caller)
    return _response(request, answer, headers)


def _admitted(request: HttpRequest, entry: Entry, segments: list[str]) -> Exchange:
    """Admit the request; where it reads or changes one user, read them in the same statement."""
    header = request.headers.get("Authorization", "")
    names_user = len(segments) == 2 and segments[0].lower() == "users" and _is_safe(segments[1])
    if names_user and request.method in ("GET", "HEAD"):
        caller, row = admit_with_user(header, segments[1])
        exchange = Exchange(request, caller, entry)
        exchange.row = row
    elif names_user and request.method == "PATCH":
        caller, seen = admit_to_change(header, segments[1])
        exchange = Exchange(request, caller, entry)
        exchange.seen = seen
    else:
        exchange = Exchange(request, admit(header), entry)
    return exchange


def _write(entry: Entry, caller: Caller) -> None:
    """Keep the line; where that fails the answer stands, for the change is done and audited."""
    try:
        entry.write(caller)
    except DatabaseError:
        log.exception("scim_request_log_failed", path=entry.path)


def _failure(status: int, detail: str) -> SCIMException:
    error = SCIMException(detail=detail)
    error.status = status
    return error


def _refusal(entry: Entry, error: SCIMException) -> Answer:
    entry.refused(error.status, error.detail)
    return Answer(error.status, json.dumps(error.to_error().model_dump()))


def _error_headers(error: SCIMException) -> dict[str, str]:
    if isinstance(error, UnauthorizedException):
        return {"WWW-Authenticate": 'Bearer realm="SCIM"'}
    if isinstance(error, MethodNotAllowedException):
        return {"Allow": ", ".join(error.allowed)}
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(error.retry_after)}
    return {}


def _response(request: HttpRequest, answer: Answer, headers: dict[str, str]) -> HttpResponse:
    text = "" if request.method == "HEAD" else answer.text
    response = HttpResponse(text, status=answer.status, headers=headers)
    accepted = request.headers.get("Accept", "").lower()
    plain = PLAIN_JSON in accepted and "scim+json" not in accepted
    response["Content-Type"] = PLAIN_JSON if plain else SCIM_JSON
    response["Cache-Control"] = "no-store"
    if answer.location:
        response["Location" if answer.status == HTTPStatus.CREATED else "Content-Location"] = (
            answer.location
        )
    if answer.version:
        response["ETag"] = answer.version
    # Refusals are told to the admin in the request log; Django need not warn of each.
    response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
    return response


# ── Which request is which ──────────────────────────────────────────────────────────────────────


def _dispatch(exchange: Exchange, segments: list[str]) -> Answer:
    handlers, arguments = _route(segments)
    method = exchange.request.method or ""
    handler = handlers.get("GET" if method == "HEAD" else method)
    if handler is None:
        path = exchange.entry.path
        exchange.entry.meaning = f"{method} {path}"
        raise MethodNotAllowedException(
            allowed=handlers, detail=f"{path[:100]} does not know {method}."
        )
    return handler(exchange, *arguments)


def _route(segments: list[str]) -> tuple[dict[str, Handler], list[str]]:
    match [segments[0].lower(), *segments[1:]] if segments else []:
        case []:
            return {"GET": _search_all}, []
        case [".search"]:
            return {"POST": _search_all_by_body}, []
        case ["users" | "groups" as kind]:
            return _COLLECTIONS[kind], []
        case ["users" | "groups" as kind, ".search"]:
            return {"POST": _SEARCHES[kind]}, []
        case ["users" | "groups" as kind, identifier]:
            return _MEMBERS[kind], [identifier]
        case ["serviceproviderconfig"]:
            return {"GET": _config}, []
        case ["resourcetypes" | "schemas" as kind]:
            return {"GET": _DEFINITIONS[kind]}, [""]
        case ["resourcetypes" | "schemas" as kind, identifier]:
            return {"GET": _DEFINITIONS[kind]}, [identifier]
        case ["me" | "bulk"]:
            raise NotImplementedException(detail=f"/{segments[0]} is not supported.")
        case _:
            raise NotFoundException(detail="There is no such endpoint.")


# ── Lists ───────────────────────────────────────────────────────────────────────────────────────


def _query(exchange: Exchange, schema: ResourceSchema) -> Query:
    given = exchange.parameters
    expression = given.get("filter")
    domains = exchange.caller.domains
    return Query(
        condition=compile_filter(schema, expression, domains) if expression else None,
        order=compile_order(schema, given.get("sortby")),
        descending=given.get("sortorder", "").lower() == "descending",
        start=read_count(given.get("startindex"), default=1, least=1, most=FAR, name="startIndex"),
        count=read_count(
            given.get("count"), default=100, least=0, most=discovery.MAX_RESULTS, name="count"
        ),
        with_groups=exchange.projection(schema).wants("groups"),
    )


def _meaning_of_list(exchange: Exchange, kind: str) -> str:
    expression = exchange.parameters.get("filter", "")
    if not expression:
        start = exchange.parameters.get("startindex", "1")
        return f"Listed {kind}" if start == "1" else f"Listed {kind} from {start[:20]}"
    return f"Looked up {kind} by {expression[:200]}"


def _list_users(exchange: Exchange) -> Answer:
    exchange.entry.meaning = _meaning_of_list(exchange, "users")
    query = _query(exchange, USER)
    projection = exchange.projection(USER)
    total, rows = find_users(exchange.caller, query)
    exchange.entry.effect = f"{total} found"
    texts = [projected(user_text(row), projection) for row in rows]
    return Answer(text=list_text(texts, total=total, start=query.start))


def _list_groups(exchange: Exchange) -> Answer:
    exchange.entry.meaning = _meaning_of_list(exchange, "groups")
    query = _query(exchange, GROUP)
    projection = exchange.projection(GROUP)
    total, rows = find_groups(exchange.caller, query)
    exchange.entry.effect = f"{total} found"
    texts = _group_texts(exchange.caller, rows, projection)
    return Answer(text=list_text(texts, total=total, start=query.start))


def _group_texts(caller: Caller, rows: list[GroupRow], projection: Projection) -> list[str]:
    members: dict[int, str] = {}
    if projection.wants("members"):
        members = members_of(caller, [row.team_id for row in rows])
    return [projected(group_text(row, members.get(row.team_id)), projection) for row in rows]


def _search_all(exchange: Exchange) -> Answer:
    """Search users and groups as one collection, users first (RFC 7644, 3.4.2.1)."""
    exchange.entry.meaning = "Searched users and groups"
    asked = [_query_of_one(exchange, schema) for schema in (USER, GROUP)]
    if asked == [None, None]:
        _query(exchange, USER)  # says what is wrong with the filter
    of_users, of_groups = asked
    texts: list[str] = []
    total_users = total_groups = 0
    if of_users is not None:
        total_users, user_rows = find_users(exchange.caller, of_users)
        texts = [projected(user_text(row), exchange.projection(USER)) for row in user_rows]
    if of_groups is not None:
        rest = replace(
            of_groups,
            start=max(1, of_groups.start - total_users),
            count=of_groups.count - len(texts),
        )
        total_groups, group_rows = find_groups(exchange.caller, rest)
        texts += _group_texts(exchange.caller, group_rows, exchange.projection(GROUP))
    start = next(one.start for one in asked if one is not None)
    return Answer(text=list_text(texts, total=total_users + total_groups, start=start))


def _query_of_one(exchange: Exchange, schema: ResourceSchema) -> Query | None:
    """Give the query of one kind; None where the filter names what that kind does not have."""
    try:
        return _query(exchange, schema)
    except InvalidFilterException:
        return None


def _by_body(handler: Handler) -> Handler:
    """Let a POST to /.search do what a GET with the same parameters does (RFC 7644, 3.4.3)."""

    def search(exchange: Exchange) -> Answer:
        payload = exchange.payload()
        for name in _PARAMETERS:
            value = member(payload, name)
            if isinstance(value, list):
                value = ",".join(one for one in value if isinstance(one, str))
            if value is not None:
                exchange.parameters[name.lower()] = str(value)
        return handler(exchange)

    return search


# ── Users ───────────────────────────────────────────────────────────────────────────────────────


def _user_answer(
    row: UserRow, projection: Projection = WHOLE, status: int = HTTPStatus.OK
) -> Answer:
    return Answer(
        status,
        projected(user_text(row), projection),
        user_location(row.resource_id),
        version_of(row.modified_at),
    )


def _get_user(exchange: Exchange, identifier: str) -> Answer:
    exchange.entry.begin("Read a user", identifier)
    projection, row = exchange.projection(USER), exchange.row
    if row is None:
        raise NotFoundException(detail="There is no such user in this organization.")
    exchange.entry.effect = row.user_name
    if not exchange.is_fresh(version_of(row.modified_at)):
        return Answer(HTTPStatus.NOT_MODIFIED, version=version_of(row.modified_at))
    return _user_answer(row, projection)


def _create_user(exchange: Exchange) -> Answer:
    exchange.entry.meaning = "Create a user"
    document = read_resource(USER, exchange.payload())
    exchange.entry.meaning = f"Create {document.get('userName', 'a user')}"
    done = users.create_user(exchange.caller, document, actor=exchange.actor, entry=exchange.entry)
    exchange.entry.resource_id = done.row.resource_id
    exchange.entry.changed(done.effect)
    return _user_answer(done.row, exchange.projection(USER), HTTPStatus.CREATED)


def _replace_user(exchange: Exchange, identifier: str) -> Answer:
    exchange.entry.begin("Update a user", identifier)
    document = read_resource(USER, exchange.payload())
    exchange.entry.meaning = f"Update {document.get('userName', 'a user')}"
    done = _change(exchange, identifier, users.replace_user, document)
    return _user_answer(done.row, exchange.projection(USER))


def _patch_user(exchange: Exchange, identifier: str) -> Answer:
    exchange.entry.begin("Change a user", identifier)
    operations = read_operations(exchange.payload())
    done = _change(
        exchange, identifier, users.patch_user, operations, seen=exchange.seen, entry=exchange.entry
    )
    exchange.entry.meaning = f"Change {done.row.user_name}"
    # Microsoft's validators read the resource; Okta and OneLogin take it or leave it.
    return _user_answer(done.row, exchange.projection(USER))


def _delete_user(exchange: Exchange, identifier: str) -> Answer:
    exchange.entry.begin("Delete a user", identifier)
    done = _change(exchange, identifier, users.delete_user)
    exchange.entry.meaning = f"Delete {done.row.user_name}"
    return Answer(HTTPStatus.NO_CONTENT)


def _change(
    exchange: Exchange,
    identifier: str,
    service: Callable[..., DoneT],
    *arguments: Any,
    **further: Any,
) -> DoneT:
    """Let a service change what the client saw (If-Match), and log what came of it."""
    done = service(
        exchange.caller,
        _safe(identifier),
        *arguments,
        before=exchange.check_version,
        actor=exchange.actor,
        **further,
    )
    exchange.entry.changed(done.effect)
    return done


def _safe(identifier: str) -> str:
    """Give an id as the database can compare it; no id of ours has any other character."""
    if not _is_safe(identifier):
        raise NotFoundException(detail="There is no such resource in this organization.")
    return identifier


def _is_safe(identifier: str) -> bool:
    return identifier.isascii() and identifier.isprintable()


# ── Groups ──────────────────────────────────────────────────────────────────────────────────────


def _group_answer(exchange: Exchange, row: GroupRow, status: int = HTTPStatus.OK) -> Answer:
    projection = exchange.projection(GROUP)
    return Answer(
        status,
        _group_texts(exchange.caller, [row], projection)[0],
        group_location(row.resource_id),
        version_of(row.changed_at),
    )


def _get_group(exchange: Exchange, identifier: str) -> Answer:
    exchange.entry.begin("Read a group", identifier)
    row = find_group(exchange.caller, _safe(identifier))
    if row is None:
        raise NotFoundException(detail="There is no such group in this organization.")
    exchange.entry.effect = row.name
    if not exchange.is_fresh(version_of(row.changed_at)):
        return Answer(HTTPStatus.NOT_MODIFIED, version=version_of(row.changed_at))
    return _group_answer(exchange, row)


def _create_group(exchange: Exchange) -> Answer:
    exchange.entry.meaning = "Create a group"
    change = read_group(exchange.payload())
    exchange.entry.meaning = f"Create group {change.display_name}"
    done = groups.create_group(exchange.caller, change, actor=exchange.actor)
    exchange.entry.resource_id = done.row.resource_id
    exchange.entry.changed(done.effect)
    return _group_answer(exchange, done.row, HTTPStatus.CREATED)


def _replace_group(exchange: Exchange, identifier: str) -> Answer:
    exchange.entry.begin("Update a group", identifier)
    change = read_group(exchange.payload())
    exchange.entry.meaning = f"Update group {change.display_name}"
    done = _change(exchange, identifier, groups.change_group, change)
    return _group_answer(exchange, done.row)


def _patch_group(exchange: Exchange, identifier: str) -> Answer:
    exchange.entry.begin("Change a group", identifier)
    change = patch_group(read_operations(exchange.payload()), resource_id=identifier)
    done = _change(exchange, identifier, groups.change_group, change)
    exchange.entry.meaning = f"Change group {done.row.name}"
    # Entra advises 204: the members of a large group would be read and sent for nothing.
    if exchange.projection(GROUP).is_whole:
        return Answer(HTTPStatus.NO_CONTENT, version=version_of(done.row.changed_at))
    return _group_answer(exchange, done.row)


def _delete_group(exchange: Exchange, identifier: str) -> Answer:
    exchange.entry.begin("Delete a group", identifier)
    done = _change(exchange, identifier, groups.delete_group)
    exchange.entry.meaning = f"Delete group {done.row.name}"
    return Answer(HTTPStatus.NO_CONTENT)


# ── Discovery ───────────────────────────────────────────────────────────────────────────────────


def _config(exchange: Exchange) -> Answer:
    exchange.entry.meaning = "Read what is supported"
    discovery.forbid_filter(exchange.parameters)
    return Answer(text=json.dumps(discovery.service_provider_config()))


def _resource_types(exchange: Exchange, name: str) -> Answer:
    exchange.entry.meaning = "Read the resource types"
    discovery.forbid_filter(exchange.parameters)
    return Answer(text=json.dumps(discovery.resource_types(name)))


def _schemas(exchange: Exchange, urn: str) -> Answer:
    exchange.entry.meaning = "Read the schemas"
    discovery.forbid_filter(exchange.parameters)
    return Answer(text=json.dumps(discovery.schemas(urn)))


_search_all_by_body = _by_body(_search_all)
_SEARCHES: dict[str, Handler] = {"users": _by_body(_list_users), "groups": _by_body(_list_groups)}
_DEFINITIONS: dict[str, Handler] = {"resourcetypes": _resource_types, "schemas": _schemas}
_COLLECTIONS: dict[str, dict[str, Handler]] = {
    "users": {"GET": _list_users, "POST": _create_user},
    "groups": {"GET": _list_groups, "POST": _create_group},
}
_MEMBERS: dict[str, dict[str, Handler]] = {
    "users": {
        "GET": _get_user,
        "PUT": _replace_user,
        "PATCH": _patch_user,
        "DELETE": _delete_user,
    },
    "groups": {
        "GET": _get_group,
        "PUT": _replace_group,
        "PATCH": _patch_group,
        "DELETE": _delete_group,
    },
}
