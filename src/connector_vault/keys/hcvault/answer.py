"""What the server answers, read into types at once."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

__all__ = ["Answer", "answer_of", "number"]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. It may hold keys and tokens: it is read at once, never kept, and not shown."""

    status: int
    _said: Mapping[str, object]

    def __repr__(self) -> str:
        return f"Answer({self.status})"

    @property
    def errors(self) -> str:
        """The server's own words for what went wrong: to look for known ones, never to repeat."""
        errors = self._said.get("errors")
        return " ".join(map(str, errors)) if _is_list(errors) else ""

    @property
    def data(self) -> Mapping[str, object]:
        """What was asked for. Empty: nothing."""
        return _mapping(self._said.get("data"))

    @property
    def auth(self) -> Mapping[str, object]:
        """What a login gives. Empty: this was none."""
        return _mapping(self._said.get("auth"))

    @property
    def results(self) -> Sequence[Mapping[str, object]]:
        """The results of a batch. Empty: it was refused as a whole."""
        results = self.data.get("batch_results")
        return [_mapping(one) for one in results] if _is_list(results) else []


def answer_of(status: int, body: bytes | bytearray) -> Answer:
    """Read an answer. What is no JSON object is as good as an empty one."""
    said: object = None
    try:
        said = json.loads(body) if body else None
    except (ValueError, RecursionError):
        # Not told on: the error would bring the whole body with it.
        said = None
    return Answer(status, _mapping(said))


def number(said: Mapping[str, object], name: str) -> int:
    """Give a whole number of an answer. 0: there is none."""
    value = said.get(name)
    return value if isinstance(value, int) else 0


def _mapping(value: object) -> Mapping[str, object]:
    return value if _is_mapping(value) else {}


def _is_mapping(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, dict)


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, list)
