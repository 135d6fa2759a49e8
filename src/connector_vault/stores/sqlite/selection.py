"""Each query as SQL."""

from collections.abc import Mapping
from typing import TypeVar

from connector_vault.model import Owner, Tenant
from connector_vault.stores import (
    START,
    Access,
    Issued,
    One,
    Owned,
    Presented,
    Query,
    Row,
    Sharing,
    Value,
)

__all__ = ["selection", "start_of"]

T = TypeVar("T", bound=Row | Access)

_TABLES: Mapping[object, str] = {Row: "connection", Access: "access"}

Condition = tuple[str, tuple[Value, ...]]


def selection(query: Query[T], after: tuple[int, str], limit: int) -> Condition:
    """Give the statement, and its values, for so many rows after a time and an id."""
    where, values = _condition(query)
    columns = ", ".join(query.gives._fields)
    statement = (
        f"select {columns} from {_TABLES[query.gives]} where {where} "  # noqa: S608  # our own names
        f"and (created_at, id) > (?, ?) order by created_at, id limit {limit}"
    )
    return statement, (*values, *after)


def start_of(query: object) -> tuple[int, str]:
    """Give time and id of the last row that is not wanted."""
    return query.after if isinstance(query, Owned) else START


def _condition(query: object) -> Condition:
    match query:
        case One(connection=connection, owner=owner):
            where, values = _whose(owner)
            return f"id = ? and {where}", (connection, *values)
        case Owned():
            return _owned(query)
        case Sharing(grant_key=grant_key):
            return "grant_key = ?", (grant_key,)
        case Presented(digest=digest):
            return "digest = ?", (digest,)
        case Issued(tenant=str(tenant)):
            return "tenant = ?", (tenant,)
        case _:
            return "1", ()


def _owned(query: Owned) -> Condition:
    where, values = _whose(query.owner)
    where, values = f"{where} and substr(id, 1, length(?)) = ?", (*values, *[query.id_prefix] * 2)
    if query.provider is None:
        return where, values
    return f"{where} and provider = ?", (*values, query.provider)


def _whose(owner: Owner | Tenant) -> Condition:
    if isinstance(owner, Tenant):
        return "tenant = ?", (owner.name,)
    return "tenant = ? and user = ?", (owner.tenant, owner.user or "")
