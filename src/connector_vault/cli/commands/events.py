"""`events`: what became of connections, and what becomes of them."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from connector_vault.cli.exits import OK
from connector_vault.cli.paper import Answer, Table, hint, say
from connector_vault.cli.place import Place
from connector_vault.cli.words import from_now
from connector_vault.documents import event_document, stamp
from connector_vault.errors import BadArguments

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from connector_vault.model import Owner, Tenant
    from connector_vault.news import Event
    from connector_vault.vault import Vault

__all__ = ["events"]

_COLUMNS = ("CURSOR", "EVENT", "CONNECTION", "PROVIDER", "OWNER", "WHEN", "DETAIL")


def events(
    place: Place,
    after: Annotated[
        int, typer.Option(min=0, metavar="CURSOR", help="Only those after this one.")
    ] = 0,
    everybody: Annotated[
        bool, typer.Option("--everybody", help="Those of all connections of the tenant.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what happens, until Ctrl-C.")
    ] = False,
) -> Answer | int:
    """List what became of connections, the oldest first. Events are kept for 90 days.

    With --follow --json each event is a document of its own. Ends with 0 on Ctrl-C.
    """
    if everybody and place.user is not None:
        raise BadArguments("--everybody and --user are two answers to one question: choose one")

    def read(vault: "Vault", owner: "Owner", *, follow: bool) -> "AsyncIterator[Event]":
        from connector_vault import events as room

        whose = _whose(owner, everybody=everybody)
        return room.read(vault.room, after=after, owner=whose, follow=follow)

    async def listed(vault: "Vault", owner: "Owner") -> "list[Event]":
        return [one async for one in read(vault, owner, follow=False)]

    async def followed(vault: "Vault", owner: "Owner") -> None:
        from connector_vault.cli.signals import end_with_signals

        end_with_signals()
        hint("Following. Ctrl-C ends it.")
        with suppress(asyncio.CancelledError):
            async for one in read(vault, owner, follow=True):
                say(_told(one), as_json=place.as_json)

    if follow:
        place.run(followed)
        return OK
    found, now = place.run(listed), datetime.now(UTC)
    if not found:
        hint("Nothing happened.")
    table = Table(_COLUMNS, [_row(one, from_now(one.at, now)) for one in found])
    return Answer({"events": [event_document(one) for one in found]}, (table,))


def _whose(owner: "Owner", *, everybody: bool) -> "Owner | Tenant":
    from connector_vault.model import Tenant

    return Tenant(name=owner.tenant) if everybody else owner


def _told(one: "Event") -> Answer:
    table = Table((), [_row(one, stamp(one.at) or "")])
    return Answer(event_document(one), (table,))


def _row(one: "Event", when: str) -> tuple[str, ...]:
    detail = ", ".join(f"{name}: {value}" for name, value in one.detail.items()) or "-"
    return (
        *(str(one.cursor), one.name, one.connection, one.provider, str(one.owner)),
        *(when, detail),
    )
