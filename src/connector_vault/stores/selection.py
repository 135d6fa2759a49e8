"""Each query as SQL that every database reads, with `?` for its values."""

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

from connector_vault.model import Owner, Tenant
from connector_vault.stores import (
    START,
    Access,
    Aged,
    Doomed,
    Dying,
    Event,
    Happened,
    Issued,
    One,
    Owned,
    Presented,
    Query,
    Row,
    Sharing,
    Tallies,
    Tally,
    Unshredded,
    Value,
    Wrapped,
    WrappedKey,
)

__all__ = ["place_of", "selection", "start_of"]

Found = Row | Access | Event | WrappedKey | Tally
T = TypeVar("T", bound=Found)

_TABLES: Mapping[object, tuple[str, str]] = {
    Row: ("{}connection", "created_at, id"),
    Access: ("{}access", "created_at, id"),
    Event: ("{}event", "seq"),
    WrappedKey: ("{}dek", "dek_id"),
    Tally: (
        "(select holder, version, count(*) as keys from {}dek group by holder, version) as tally",
        "holder, version",
    ),
}
"""Where the rows of a kind are, and in which order they come."""

_BY_AGE = "created_at, dek_id"
"""How an index has them: whoever is young is not looked at."""

Condition = tuple[str, tuple[Value, ...]]


def selection(
    query: Query[T], after: tuple[Value, ...], limit: int, *, tables: str = ""
) -> Condition:
    """Give the statement, and its values, for so many rows after a place.

    `tables`: what stands before a table's name, such as a schema.
    """
    where, values = _condition(query)
    table, order = _TABLES[query.gives]
    if isinstance(query, Aged):
        order = _BY_AGE
    fields = query.gives._fields
    statement = _statement(fields, table.format(tables), where, order, len(after))
    return statement, (*values, *after, limit)


def start_of(query: object) -> tuple[Value, ...]:
    """Give the place of the last row that is not wanted."""
    match query:
        case Owned(after=after):
            return after
        case Happened(after=seq):
            return (seq,)
        case Aged():
            return (-1, b"")
        case Wrapped(after=dek_id):
            return (dek_id,)
        case Tallies():
            return ("", 0)
        case _:
            return START


def place_of(row: Found, query: object) -> tuple[Value, ...]:
    """Give the place of a row among the others that answer a query."""
    match row:
        case Event():
            return (row.seq,)
        case WrappedKey() if isinstance(query, Aged):
            return row.created_at, row.dek_id
        case WrappedKey():
            return (row.dek_id,)
        case Tally():
            return row.holder, row.version
        case _:
            return row.created_at, row.id


@lru_cache
def _statement(fields: tuple[str, ...], table: str, where: str, order: str, places: int) -> str:
    columns = ", ".join(f'"{name}"' for name in fields)
    marks = ", ".join("?" * places)
    return (
        f"select {columns} from {table} where {where} "  # noqa: S608  # our own names
        f"and ({order}) > ({marks}) order by {order} limit ?"
    )


def _condition(query: object) -> Condition:
    match query:
        case One(connection=connection, owner=owner):
            where, values = _whose(owner)
            return f"id = ? and {where}", (connection, *values)
        case Owned():
            return _owned(query)
        case Happened(owner=Owner() | Tenant() as owner):
            return _whose(owner)
        case Unshredded():
            return "state = 'revoked' and dek_id <> ?", (b"",)
        case _:
            return _marked(query)


def _marked(query: object) -> Condition:
    match query:
        case Sharing(grant_key=grant_key):
            return "grant_key = ?", (grant_key,)
        case Dying(now=now):
            return "state = 'active' and warn_at > 0 and warn_at <= ?", (now,)
        case Doomed(provider=provider, client_id=client_id, since=since):
            where = "state = 'reconnect' and provider = ? and client_id = ? and changed_at >= ?"
            return where, (provider, client_id, since)
        case Presented(digest=digest):
            return "digest = ?", (digest,)
        case Issued(tenant=str(tenant)):
            return "tenant = ?", (tenant,)
        case _:
            return _of_keys(query)


def _of_keys(query: object) -> Condition:
    match query:
        case Wrapped(holder=holder, version=version):
            return "holder = ? and version = ?", (holder, version)
        case Aged(before=before):
            return "created_at < ? and tenant <> ''", (before,)
        case _:
            return "true", ()


def _owned(query: Owned) -> Condition:
    where, values = _whose(query.owner)
    where, values = f"{where} and substr(id, 1, length(?)) = ?", (*values, *[query.id_prefix] * 2)
    if query.provider is None:
        return where, values
    return f"{where} and provider = ?", (*values, query.provider)


def _whose(owner: Owner | Tenant) -> Condition:
    if isinstance(owner, Tenant):
        return "tenant = ?", (owner.name,)
    return 'tenant = ? and "user" = ?', (owner.tenant, owner.user or "")
