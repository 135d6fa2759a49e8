"""Properties of pages: what is read from them, plainly.

https://developers.notion.com/reference/page-property-values
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from connector_vault.connector import Json, read

from .texts import Piece, plain

__all__ = ["Property", "title_of", "told"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """A property of a page.

    `value` is text for title, rich_text, select, status, url, email, phone_number and times; a
    number; true or false for a checkbox; names for multi_select and files; ids for relation and
    people; start, end and time_zone for a date; for a formula or rollup what it comes to.
    `has_more`: Notion shows only the first 25 of a relation.
    """

    id: str
    type: str
    value: Json = None
    has_more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raw:
    id: str = ""
    type: str = "unknown"
    has_more: bool = False


def told(properties: Mapping[str, Mapping[str, Json]]) -> dict[str, Property]:
    """Read all properties of a page."""
    return {name: _property(said) for name, said in properties.items()}


def title_of(properties: Mapping[str, Property]) -> str:
    """Give a page's title: each has one property of that type, whatever its name."""
    titles = [one.value for one in properties.values() if one.type == "title"]
    return next((title for title in titles if isinstance(title, str)), "")


def _property(said: Mapping[str, Json]) -> Property:
    raw = read(_Raw, dict(said))
    value = _value(raw.type, said.get(raw.type))
    return Property(id=raw.id, type=raw.type, value=value, has_more=raw.has_more)


def _value(kind: str, said: Json) -> Json:
    return _READERS[kind](said) if kind in _READERS else said


def _text(said: Json) -> Json:
    return plain(read(tuple[Piece, ...], said))


def _worked_out(said: Json) -> Json:
    fields = _fields(said)
    kind = str(fields.get("type", ""))
    found = fields.get(kind)
    if kind == "array" and isinstance(found, list):
        parts: list[Json] = [*found]
        return [_value(str(_fields(one).get("type")), _inner(one)) for one in parts]
    return found


def _inner(said: Json) -> Json:
    fields = _fields(said)
    return fields.get(str(fields.get("type")))


def _numbered(said: Json) -> Json:
    fields = _fields(said)
    known = [fields.get("prefix"), fields.get("number")]
    return "-".join(str(one) for one in known if one is not None)


def _name(said: Json) -> Json:
    return _fields(said).get("name")


def _names(said: Json) -> Json:
    return [_name(one) for one in read(tuple[Json, ...], said)]


def _id(said: Json) -> Json:
    return _fields(said).get("id")


def _ids(said: Json) -> Json:
    return [_id(one) for one in read(tuple[Json, ...], said)]


def _fields(said: Json) -> dict[str, Json]:
    return {**said} if isinstance(said, dict) else {}


_READERS: dict[str, Callable[[Json], Json]] = {
    "created_by": _id,
    "files": _names,
    "formula": _worked_out,
    "last_edited_by": _id,
    "multi_select": _names,
    "people": _ids,
    "relation": _ids,
    "rich_text": _text,
    "rollup": _worked_out,
    "select": _name,
    "status": _name,
    "title": _text,
    "unique_id": _numbered,
}
"""Every other type is a value as it stands: a number, a date, an address."""
