"""Changes as SQL: as few statements as will do, since each waits for the network."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from connector_vault.stores import Change
from connector_vault.stores.postgres.changes import Part, appended, parts_of
from connector_vault.stores.postgres.wording import Statement, numbered

__all__ = ["statements"]


def statements(changes: Sequence[Change], now: int) -> list[Statement]:
    """Give the statements that make changes together, in their order; what is appended comes last.

    A row that is required and not found is an error of its statement.
    """
    groups = list(_groups(part for change in changes for part in parts_of(change, now)))
    *others, last = groups or [[]]
    return [_together(group) for group in (*others, [*last, *appended(changes)]) if group]


def _groups(parts: Iterable[Part]) -> Iterator[list[Part]]:
    # Parts of one statement do not see what the others do: each has a table to itself.
    group: list[Part] = []
    for part in parts:
        if part.table in {other.table for other in group}:
            yield group
            group = []
        group.append(part)
    if group:
        yield group


class _Named(NamedTuple):
    name: str
    part: Part


def _together(parts: Sequence[Part]) -> Statement:
    named = [_Named(f"part_{number}", part) for number, part in enumerate(parts)]
    required = [one.name for one in named if one.part.required]
    found = " and ".join(f"(select count(*) from {name}) = 1" for name in required)  # noqa: S608  # our own names
    bodies = ", ".join(f"{one.name} as ({_body(one.part, found)})" for one in named)
    values = tuple(value for part in parts for value in part.values)
    return Statement(numbered(f"with {bodies} select {_verdict(required, found)}"), values)


def _body(part: Part, found: str) -> str:
    # An event gets its number once the row is locked, and not before: so those of one connection
    # are in the order of its changes.
    return f"{part.text} where {found}" if part.follows and found else part.text


def _verdict(required: Sequence[str], found: str) -> str:
    # Only an error takes a statement back. The server's log shows what this one says.
    if not required:
        return "1"
    words = "'nothing was changed, because a row was not as required: ' || count(*)"
    return f"case when {found} then 1 else (select ({words})::integer from {required[0]}) end"  # noqa: S608
