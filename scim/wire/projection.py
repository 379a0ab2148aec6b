"""`attributes` and `excludedAttributes` (RFC 7644, 3.9)."""

from dataclasses import dataclass

from scim.wire.schemas import Json, Located, ResourceSchema

NAMES_LIMIT = 100
ALWAYS = ("schemas", "id")


@dataclass(frozen=True, slots=True)
class Projection:
    """Which attributes an answer carries; without either list, all of them."""

    only: tuple[Located, ...] | None = None
    without: tuple[Located, ...] = ()

    @property
    def is_whole(self) -> bool:
        return self.only is None and not self.without

    def wants(self, name: str) -> bool:
        """Tell whether an attribute is needed at all, before it is read."""
        if self.only is not None:
            return any(one.attribute and one.attribute.name == name for one in self.only)
        return not any(
            one.attribute and one.attribute.name == name and not one.part for one in self.without
        )

    def apply(self, document: Json) -> Json:
        if self.only is not None:
            return _keep(document, self.only)
        return _drop(document, self.without) if self.without else document


WHOLE = Projection()


def read_projection(
    schema: ResourceSchema, attributes: str | None, excluded: str | None
) -> Projection:
    """Read the two parameters; names that we do not have are ignored."""
    if attributes:
        return Projection(only=_located(schema, attributes))
    if excluded:
        return Projection(without=_located(schema, excluded))
    return WHOLE


def _located(schema: ResourceSchema, names: str) -> tuple[Located, ...]:
    listed = [name.strip() for name in names.split(",")][:NAMES_LIMIT]
    found = (schema.locate(name) for name in listed if name)
    return tuple(one for one in found if one is not None)


def _keep(document: Json, wanted: tuple[Located, ...]) -> Json:
    kept: Json = {name: document[name] for name in ALWAYS if name in document}
    for one in wanted:
        source = document.get(one.extension, {}) if one.extension else document
        if one.attribute is None:
            if one.extension and source:
                kept[one.extension] = source
            elif not one.extension:
                kept.update(document)
            continue
        name = one.attribute.name
        if name not in source:
            continue
        home = kept.setdefault(one.extension, {}) if one.extension else kept
        if one.part is None:
            home[name] = source[name]
        else:
            _keep_part(home, name, source[name], one.part.name)
    return kept


def _keep_part(home: Json, name: str, value: object, part: str) -> None:
    if isinstance(value, list):
        before = home.get(name) or [{} for _ in value]
        home[name] = [
            {**kept, **({part: entry[part]} if part in entry else {})}
            for kept, entry in zip(before, value, strict=True)
        ]
    elif isinstance(value, dict) and part in value:
        home[name] = {**home.get(name, {}), part: value[part]}


def _drop(document: Json, unwanted: tuple[Located, ...]) -> Json:
    rest = dict(document)
    for one in unwanted:
        if one.attribute is None:
            if one.extension:
                rest.pop(one.extension, None)
            continue
        home = rest
        if one.extension:
            home = rest[one.extension] = dict(rest.get(one.extension, {}))
        name = one.attribute.name
        if name in ALWAYS or name not in home:
            continue
        if one.part is None:
            del home[name]
        elif isinstance(home[name], list):
            home[name] = [_less(entry, one.part.name) for entry in home[name]]
        else:
            home[name] = _less(home[name], one.part.name)
    return {name: value for name, value in rest.items() if value not in ({}, [])}


def _less(entry: Json, part: str) -> Json:
    return {name: value for name, value in entry.items() if name != part}
