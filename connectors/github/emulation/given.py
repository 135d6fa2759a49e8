"""The fields of a request's body, each read as what it has to be."""

from collections.abc import Mapping
from typing import TypeGuard

from connector_vault.connector import Json

from .answers import Problem, invalid, problem
from .asked import Asked

__all__ = ["Given"]


class Given:
    """A JSON object somebody sent. A field of the wrong kind becomes a 422."""

    def __init__(self, asked: Asked, resource: str) -> None:
        self._body = asked.json()
        self._resource = resource

    def __contains__(self, name: str) -> bool:
        return name in self._body

    def need(self, name: str) -> str:
        """Give a text that must be there and not be blank."""
        text = self.text(name)
        if text is None or not text.strip():
            raise invalid(self._resource, name, "missing_field")
        return text

    def text(self, name: str) -> str | None:
        """Give a text. None: it was not sent, or is null."""
        value = self._body.get(name)
        if value is not None and not isinstance(value, str):
            raise _wrong(name, value, "string")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """Give a yes or no."""
        value = self._body.get(name, default)
        if not isinstance(value, bool):
            raise _wrong(name, value, "boolean")
        return value

    def names(self, name: str) -> tuple[str, ...] | None:
        """Give a list of names, each sent as text or as {"name": …}. None: no list was sent."""
        value = self._body.get(name)
        if value is None:
            return None
        if not _is_list(value):
            raise _wrong(name, value, "array")
        return tuple(_name(name, item) for item in value)

    def object(self, name: str) -> Mapping[str, Json]:
        """Give an object; an empty one if it was not sent."""
        value = self._body.get(name)
        if value is not None and not isinstance(value, dict):
            raise _wrong(name, value, "object")
        return {**(value or {})}


def _name(field: str, item: Json) -> str:
    said = item["name"] if _is_object(item) and "name" in item else item
    if not isinstance(said, str):
        raise _wrong(f"{field}/items", item, "string")
    return said


def _is_list(value: Json) -> TypeGuard[list[Json]]:
    return isinstance(value, list)


def _is_object(value: Json) -> TypeGuard[dict[str, Json]]:
    return isinstance(value, dict)


def _wrong(name: str, value: Json, kind: str) -> Problem:
    said = str(value)[:40]
    return problem(422, f"Invalid request.\n\nFor 'properties/{name}', {said} is not a {kind}.")
