"""Which rows a filter lets through, and in what order.

https://developers.notion.com/reference/filter-data-source-entries
"""

from collections.abc import Callable, Mapping
from typing import Any

from connector_vault.connector import Json

from .answers import stamp, wrong
from .asked import is_list, is_object
from .records import Page
from .richtext import plain

__all__ = ["key_of", "passes"]

Values = Mapping[str, Json]
"""A row's properties, by name."""

_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "equals": lambda value, wanted: value == wanted,
    "does_not_equal": lambda value, wanted: value != wanted,
    "contains": lambda value, wanted: wanted in value,
    "does_not_contain": lambda value, wanted: wanted not in value,
    "starts_with": lambda value, wanted: value.startswith(wanted),
    "ends_with": lambda value, wanted: value.endswith(wanted),
    "greater_than": lambda value, wanted: value is not None and value > wanted,
    "less_than": lambda value, wanted: value is not None and value < wanted,
    "greater_than_or_equal_to": lambda value, wanted: value is not None and value >= wanted,
    "less_than_or_equal_to": lambda value, wanted: value is not None and value <= wanted,
    "before": lambda value, wanted: bool(value) and value < wanted,
    "after": lambda value, wanted: bool(value) and value > wanted,
    "on_or_before": lambda value, wanted: bool(value) and value <= wanted,
    "on_or_after": lambda value, wanted: bool(value) and value >= wanted,
    "is_empty": lambda value, _: value in (None, "", []),
    "is_not_empty": lambda value, _: value not in (None, "", []),
}

_TIMES = ("created_time", "last_edited_time")


def passes(page: Page, values: Values, said: Json) -> bool:
    """Tell whether a row passes a filter; without one, all do."""
    if said is None:
        return True
    if not is_object(said):
        raise wrong("body failed validation: body.filter should be an object.")
    for name, all_of in (("and", all), ("or", any)):
        if name in said:
            inner = said[name]
            if not is_list(inner):
                raise wrong(f"body failed validation: body.filter.{name} should be an array.")
            return all_of(passes(page, values, one) for one in inner)
    return _tested(page, values, said)


def key_of(page: Page, values: Values, said: Json) -> str | float:
    """Give what a row is sorted by."""
    if not is_object(said):
        raise wrong("body failed validation: body.sorts should hold objects.")
    if said.get("timestamp") in _TIMES:
        return page.created if said["timestamp"] == "created_time" else page.edited
    name = str(said.get("property"))
    if name not in values:
        raise wrong(f"Could not find sort property with name or id: {name}")
    value = _plainly(values[name])
    return value if isinstance(value, int | float) else str(value or "")


def _tested(page: Page, values: Values, said: Mapping[str, Json]) -> bool:
    stamped = said.get("timestamp")
    if stamped in _TIMES:
        when = page.created if stamped == "created_time" else page.edited
        return _holds(stamp(when), said.get(str(stamped)))
    name = str(said.get("property"))
    if name not in values:
        raise wrong(f"Could not find property with name or id: {name}")
    kind = values[name]["type"]
    if kind not in said:
        raise wrong(f"body failed validation: the filter of {name} should be of type {kind}.")
    return _holds(_plainly(values[name]), said[kind])


def _holds(value: Json, said: Json) -> bool:
    if not is_object(said) or not said or not set(said) <= set(_TESTS):
        raise wrong("body failed validation: body.filter has no known condition.")
    return all(_TESTS[test](value, wanted) for test, wanted in said.items())


def _plainly(said: Mapping[str, Json]) -> Json:
    value = said[str(said["type"])]
    match said["type"]:
        case "title" | "rich_text":
            return plain(value)
        case "select" | "status":
            return value and value["name"]
        case "multi_select":
            return [one["name"] for one in value]
        case "people" | "relation":
            return [one["id"] for one in value]
        case "date":
            return value and value["start"]
        case _:
            return value
