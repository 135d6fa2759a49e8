"""Find who answers a path."""

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

__all__ = ["Routes"]

T = TypeVar("T")
_ONE = "{}"
_REST = "{*}"


class Routes(Generic[T]):
    """A table from `"GET /repos/{}/contents/{/}"` to whatever answers it.

    `{}` stands for one segment, `{/}` for all that are left, at least one. A literal segment wins
    over a hole, whatever the order of the table.
    """

    def __init__(self, table: Mapping[str, T]) -> None:
        rows = [(*_split(route), value) for route, value in table.items()]
        self._rows = sorted(rows, key=lambda row: [_openness(segment) for segment in row[1]])

    def find(self, method: str, segments: Sequence[str]) -> tuple[T, tuple[str, ...]] | None:
        """Give what answers this path and what stands in its holes. None: nothing does."""
        for verb, pattern, value in self._rows:
            if verb == method and (found := _match(pattern, segments)) is not None:
                return value, found
        return None


def _split(route: str) -> tuple[str, list[str]]:
    method, _, path = route.partition(" /")
    return method, path.replace("{/}", _REST).split("/")


def _openness(segment: str) -> int:
    return {_ONE: 1, _REST: 2}.get(segment, 0)


def _match(pattern: Sequence[str], segments: Sequence[str]) -> tuple[str, ...] | None:
    if pattern[-1] == _REST:
        last = len(pattern) - 1
        segments = [*segments[:last], "/".join(segments[last:])]
    if len(pattern) != len(segments):
        return None
    found: list[str] = []
    for want, got in zip(pattern, segments, strict=True):
        if want in (_ONE, _REST) and got:
            found.append(got)
        elif want != got:
            return None
    return tuple(found)
