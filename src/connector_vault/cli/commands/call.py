"""`call TOOL`: do something with a connected account."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from connector_vault.cli.asking import piped
from connector_vault.cli.handed import opened_files
from connector_vault.cli.paper import Answer, working, written
from connector_vault.cli.place import Place, find

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_vault.catalog import Catalog
    from connector_vault.cli.arguments import Schema
    from connector_vault.connector import File
    from connector_vault.egress import Progress
    from connector_vault.gateway import Gateway, Result
    from connector_vault.model import Owner
    from connector_vault.vault import Vault

__all__ = ["call"]

_MAX_ARGUMENTS = 2 * 1024 * 1024
"""Bytes read from stdin. The gateway takes half of that, and says so."""


def call(
    place: Place,
    tool: Annotated[
        str, typer.Argument(metavar="TOOL", help="PROVIDER.TOOL, as `tools` lists them.")
    ],
    arg: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="An argument; text, or JSON where no text fits."),
    ] = None,
    json_args: Annotated[
        str | None, typer.Option(metavar="JSON", help="All arguments as one object; -: stdin.")
    ] = None,
    file: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=PATH", help="A file for an argument that takes one."),
    ] = None,
    connection: Annotated[
        str | None, typer.Option(metavar="ID", help="Which account, if there are several.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="For the whole call.")
    ] = None,
) -> Answer:
    """Call a tool, and print what it gives as JSON.

    With --json the result stands under "value", beside the connection and the time it took.
    """
    from connector_vault.cli.arguments import read_arguments, read_object

    given = read_object(piped(_MAX_ARGUMENTS) if json_args == "-" else json_args or "{}")
    schema = _schema(place.catalog(), tool)
    # What does not fit is told before a vault is opened, where it can be known.
    known = None if schema is None else read_arguments(arg or [], schema, given)

    async def work(
        vault: "Vault", owner: "Owner", files: "Mapping[str, File]", progress: "Progress"
    ) -> "Result":
        from connector_vault.gateway import Gateway

        account = (await find(vault, owner, connection)).id if connection is not None else None
        async with Gateway(vault) as gateway:
            arguments = known
            if arguments is None:
                schema = await _asked(gateway, owner, tool)
                arguments = read_arguments(arg or [], schema, given)
            whole = {**arguments, **files}
            return await gateway.call(
                owner, tool, whole, connection=account, timeout=timeout, progress=progress
            )

    with opened_files(file or []) as files, working(f"Calling {tool} …") as show:

        def progress(sent: int, size: int) -> None:
            show(f"Calling {tool} … {sent / 1e6:.1f} of {size / 1e6:.1f} MB sent")

        result = place.run(lambda vault, owner: work(vault, owner, files, progress))
    document = {
        "tool": result.tool,
        "connection": result.connection,
        "isolation": asdict(result.isolation),
        "seconds": round(result.seconds, 3),
        "value": result.value,
    }
    return Answer(document, (written(result.value),))


def _schema(catalog: "Catalog", name: str) -> "Schema | None":
    """Give the input schema of a tool; None if only a worker knows it.

    The gateway says what is wrong with an unknown one.
    """
    from connector_vault.signature import signature_of

    provider, _, tool = name.partition(".")
    for one in catalog.load(provider).tools:
        if one.name == tool:
            named = isinstance(one.function, str)
            return None if named else signature_of(one.load()).input_schema()
    return {}


async def _asked(gateway: "Gateway", owner: "Owner", name: str) -> "Schema":
    """Have the worker of a third party's tool say what it takes."""
    for offer in await gateway.tools(owner):
        if offer.name == name:
            return offer.input_schema
    return {}
