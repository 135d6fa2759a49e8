"""Properties of pages: what may be written into them, and how they are shown.

https://developers.notion.com/reference/page-property-values
"""

from collections.abc import Callable, Mapping

from connector_vault.connector import Json

from .answers import stamp, wrong
from .asked import is_list, is_object, uuid_of
from .records import Page
from .richtext import rich, shown

__all__ = ["TITLE", "checked", "derived", "titled"]

TITLE: Mapping[str, Mapping[str, Json]] = {"title": {"id": "title", "type": "title"}}
"""The one column of a page that is no row."""

Columns = Mapping[str, Mapping[str, Json]]

_EMPTY: dict[str, Json] = {
    "rich_text": [],
    "title": [],
    "multi_select": [],
    "people": [],
    "relation": [],
    "files": [],
    "checkbox": False,
}
"""Every other type begins as null."""


def titled(title: str) -> dict[str, Json]:
    """Give the properties of a plain page."""
    return {"title": {"id": "title", "type": "title", "title": rich(title)}}


def checked(said: Json, columns: Columns, where: str = "body.properties") -> dict[str, Json]:
    """Check property values that were sent, and give them as they are shown, by name."""
    if not is_object(said):
        raise wrong(f"{where} should be an object.")
    values: dict[str, Json] = {}
    for wanted, value in said.items():
        name = _named(wanted, columns)
        column = columns[name]
        kind = str(column["type"])
        if not is_object(value) or kind not in value:
            raise wrong(f"{wanted} is expected to be {kind}.")
        values[name] = _shape(column, _value(kind, value[kind], column, wanted))
    return values


def derived(page: Page, columns: Columns | None) -> dict[str, Json]:
    """Give all properties of a page: those that were set, the empty ones, and what Notion knows."""
    if columns is None:
        return page.properties
    told: dict[str, Json] = {"unique_id": {"prefix": None, "number": page.number}}
    told |= {"created_time": stamp(page.created), "last_edited_time": stamp(page.edited)}
    told["created_by"] = {"object": "user", "id": page.author}
    return {
        name: page.properties.get(name)
        or _shape(column, told.get(str(column["type"]), _EMPTY.get(str(column["type"]))))
        for name, column in columns.items()
    }


def _named(wanted: str, columns: Columns) -> str:
    for name, column in columns.items():
        if wanted in (name, column["id"]):
            return name
    raise wrong(f"{wanted} is not a property that exists.")


def _shape(column: Mapping[str, Json], value: Json) -> Json:
    kind = str(column["type"])
    more = {"has_more": False} if kind == "relation" else {}
    return {"id": column["id"], "type": kind, kind: value, **more}


def _value(kind: str, said: Json, column: Mapping[str, Json], where: str) -> Json:
    if kind in ("title", "rich_text"):
        return shown(said, f"body.properties.{where}.{kind}")
    if kind in ("select", "status"):
        return None if said is None else _option(kind, said, column, where)
    if kind == "multi_select":
        return [_option(kind, one, column, where) for one in _several(said, where)]
    if kind in ("people", "relation"):
        return [{"id": uuid_of(_field(one, "id"), where)} for one in _several(said, where)]
    if kind == "files":
        return _several(said, where)
    if kind not in _FITS:
        raise wrong(f"{where} is of type {kind}, which cannot be set.")
    if not _FITS[kind](said):
        raise wrong(f"body failed validation: {where}.{kind} does not fit.")
    return {"end": None, "time_zone": None, **said} if kind == "date" and said else said


def _option(kind: str, said: Json, column: Mapping[str, Json], where: str) -> Json:
    name = _field(said, "name")
    options: list[Json] = column[kind]["options"]
    for option in options:
        if option["name"] == name:
            return option
    if kind == "status" or not isinstance(name, str) or "," in name:
        raise wrong(f"Invalid {kind} option for {where}.")
    # An option that does not exist is made, except for a status.
    made = {"id": f"{len(options):04x}", "name": name, "color": "default", "description": None}
    options.append(made)
    return made


def _several(said: Json, where: str) -> list[Json]:
    if not is_list(said) or len(said) > 100:
        raise wrong(f"body failed validation: {where} should be an array of at most 100.")
    return said


def _field(said: Json, name: str) -> Json:
    return said.get(name) if is_object(said) else None


def _is_text(said: Json) -> bool:
    return said is None or (isinstance(said, str) and 0 < len(said) <= 2000)


def _is_number(said: Json) -> bool:
    return said is None or (isinstance(said, int | float) and not isinstance(said, bool))


def _is_date(said: Json) -> bool:
    return said is None or isinstance(_field(said, "start"), str)


_FITS: dict[str, Callable[[Json], bool]] = {
    "number": _is_number,
    "checkbox": lambda said: isinstance(said, bool),
    "url": _is_text,
    "email": _is_text,
    "phone_number": _is_text,
    "date": _is_date,
}
