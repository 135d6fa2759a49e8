"""`list` and `show ID`: what is connected."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from connector_vault.cli.paper import Answer, Table, hint
from connector_vault.cli.place import Place, find
from connector_vault.cli.words import from_now, listed
from connector_vault.documents import connection_document

if TYPE_CHECKING:
    from connector_vault.model import Connection, Owner
    from connector_vault.vault import Vault

__all__ = ["list_connections", "show"]

_COLUMNS = ("ID", "PROVIDER", "ACCOUNT", "STATE", "TOKEN ENDS", "CONNECTED")

_SOON = timedelta(seconds=65)
"""A token that ends sooner would be refreshed, and looking must not do that."""


def list_connections(
    place: Place,
    provider: Annotated[str | None, typer.Option(help="Only this one's.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="The ended ones, too.")] = False,
) -> Answer:
    """List connections, the oldest first."""

    async def work(vault: "Vault", owner: "Owner") -> "list[Connection]":
        found = vault.connections(owner=owner, provider=provider)
        return [one async for one in found if everything or one.state.value != "revoked"]

    found = place.run(work)
    if not found:
        hint("Nothing is connected: `connector-vault connect PROVIDER` connects an account.")
    for one in found:
        if one.state.value == "reconnect":
            mend = f"connector-vault connect {one.provider} --reconnect {one.id}"
            hint(f"{one.id} no longer works ({one.reason}): {mend}")
    now = datetime.now(UTC)
    table = Table(_COLUMNS, [_row(one, now) for one in found])
    return Answer({"connections": [connection_document(one) for one in found]}, (table,))


def show(
    place: Place,
    connection: Annotated[
        str, typer.Argument(metavar="ID", help="A connection's id, or its beginning.")
    ],
) -> Answer:
    """Show all there is to know of one connection.

    Of its token only the last four characters are shown, and it is not refreshed.
    """

    async def work(vault: "Vault", owner: "Owner") -> "tuple[Connection, str | None, str]":
        found = await find(vault, owner, connection)
        why = _closed(found, datetime.now(UTC))
        if why:
            return found, None, why
        token = await vault.token(found.id, owner=owner, purpose="show")
        return found, token.secret.mask(), ""

    found, mask, why = place.run(work)
    document = connection_document(found)
    token = {"mask": mask, "note": why or None}
    rows = [*_fields(found, datetime.now(UTC)), ("token", mask or why)]
    return Answer({"connection": document, "token": token}, (Table((), rows),))


def _closed(found: "Connection", now: datetime) -> str:
    """Say why the token is not looked at. Empty: it is."""
    if not found.live:
        return f"not opened: the connection is {found.state.value}"
    if found.expires_at is not None and found.expires_at - now < _SOON:
        return "not opened: it has ended, or is about to; its next use refreshes it"
    return ""


def _row(one: "Connection", now: datetime) -> tuple[str, ...]:
    ends = from_now(one.expires_at, now) if one.live and one.expires_at else "-"
    account = one.label or one.account or "-"
    return (one.id, one.provider, account, one.state.value, ends, from_now(one.created_at, now))


def _fields(one: "Connection", now: datetime) -> list[tuple[str, str]]:
    return [
        ("id", one.id),
        ("owner", str(one.owner)),
        ("provider", one.provider),
        ("account", listed(part for part in (one.label, one.account) if part)),
        ("kind", one.kind),
        ("client", one.client or "-"),
        ("state", one.state.value),
        ("reason", one.reason or "-"),
        (
            "scopes",
            "the provider does not say" if one.scopes is None else listed(sorted(one.scopes)),
        ),
        ("token sets", str(one.generation)),
        ("token ends", from_now(one.expires_at, now)),
        ("grant ends", from_now(one.dies_on, now)),
        ("last proven alive", from_now(one.last_proven_alive, now)),
        ("connected", from_now(one.created_at, now)),
        ("changed", from_now(one.changed_at, now)),
    ]
