"""`tools`: what an agent can do with what is connected."""

from typing import TYPE_CHECKING, Annotated

import typer

from connector_vault.cli.paper import Answer, Table, hint
from connector_vault.cli.place import Place
from connector_vault.cli.words import listed
from connector_vault.documents import Document

if TYPE_CHECKING:
    from connector_vault.connector import Tool
    from connector_vault.gateway import Offer
    from connector_vault.model import Connection, Owner
    from connector_vault.vault import Vault

__all__ = ["tools"]

_COLUMNS = ("TOOL", "EFFECT", "SCOPES", "ACCOUNTS")


def tools(
    place: Place,
    provider: Annotated[str | None, typer.Option(help="Only this one's.")] = None,
) -> Answer:
    """List the tools of what is connected.

    With --json also what each of them takes and gives, as JSON schemas.
    """
    from connector_vault.gateway import Gateway

    async def work(vault: "Vault", owner: "Owner") -> "list[Offer]":
        return await Gateway(vault).tools(owner)

    found = [one for one in place.run(work) if provider in (None, _provider(one))]
    if not found:
        hint("There are no tools: `connector-vault connect PROVIDER` connects an account.")
    table = Table(_COLUMNS, [_row(one) for one in found])
    return Answer({"tools": [_document(one) for one in found]}, (table,))


def _row(offer: "Offer") -> tuple[str, ...]:
    accounts = listed(_account(offer, one) for one in offer.connections)
    return (offer.name, offer.effect, listed(sorted(_tool(offer).scopes), "-"), accounts)


def _account(offer: "Offer", connection: "Connection") -> str:
    lacking = _lacking(offer, connection)
    name = connection.label or connection.id
    return f"{name} (lacks {' '.join(lacking)})" if lacking else name


def _document(offer: "Offer") -> Document:
    return {
        "name": offer.name,
        "description": offer.description,
        "effect": offer.effect,
        "scopes": sorted(_tool(offer).scopes),
        "connections": [
            {"id": one.id, "label": one.label or None, "lacking": _lacking(offer, one)}
            for one in offer.connections
        ],
        "input_schema": offer.input_schema,
        "output_schema": offer.output_schema,
    }


def _lacking(offer: "Offer", connection: "Connection") -> list[str]:
    from connector_vault import registry

    connector = registry.load(_provider(offer))
    return sorted(connector.lacking(_tool(offer), connection.scopes))


def _tool(offer: "Offer") -> "Tool":
    from connector_vault import registry

    provider, _, name = offer.name.partition(".")
    return next(one for one in registry.load(provider).tools if one.name == name)


def _provider(offer: "Offer") -> str:
    return offer.name.partition(".")[0]
