"""`tools`: what an agent can do with what is connected."""

from typing import TYPE_CHECKING, Annotated

import typer

from connector_vault.cli.paper import Answer, Table, hint
from connector_vault.cli.place import Place
from connector_vault.cli.words import listed
from connector_vault.documents import Document

if TYPE_CHECKING:
    from connector_vault.catalog import Catalog
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

    catalog = place.catalog()
    found = [one for one in place.run(work) if provider in (None, _provider(one))]
    if not found:
        hint("There are no tools: `connector-vault connect PROVIDER` connects an account.")
    table = Table(_COLUMNS, [_row(catalog, one) for one in found])
    return Answer({"tools": [_document(catalog, one) for one in found]}, (table,))


def _row(catalog: "Catalog", offer: "Offer") -> tuple[str, ...]:
    accounts = listed(_account(catalog, offer, one) for one in offer.connections)
    return (offer.name, offer.effect, listed(sorted(offer.scopes), "-"), accounts)


def _account(catalog: "Catalog", offer: "Offer", connection: "Connection") -> str:
    lacking = _lacking(catalog, offer, connection)
    name = connection.label or connection.id
    return f"{name} (lacks {' '.join(lacking)})" if lacking else name


def _document(catalog: "Catalog", offer: "Offer") -> Document:
    return {
        "name": offer.name,
        "description": offer.description,
        "effect": offer.effect,
        "scopes": sorted(offer.scopes),
        "connections": [
            {"id": one.id, "label": one.label or None, "lacking": _lacking(catalog, offer, one)}
            for one in offer.connections
        ],
        "input_schema": offer.input_schema,
        "output_schema": offer.output_schema,
    }


def _lacking(catalog: "Catalog", offer: "Offer", connection: "Connection") -> list[str]:
    provider, _, name = offer.name.partition(".")
    connector = catalog.load(provider)
    tool = next(one for one in connector.tools if one.name == name)
    return sorted(connector.lacking(tool, connection.scopes))


def _provider(offer: "Offer") -> str:
    return offer.name.partition(".")[0]
