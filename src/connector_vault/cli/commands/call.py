"""`call TOOL`: do something with a connected account."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from connector_vault.cli.asking import piped
from connector_vault.cli.paper import Answer, waiting, written
from connector_vault.cli.place import Place, find

if TYPE_CHECKING:
    from connector_vault.gateway import Result
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
    arguments = read_arguments(arg or [], _schema(tool), given)

    async def work(vault: "Vault", owner: "Owner") -> "Result":
        from connector_vault.gateway import Gateway

        account = (await find(vault, owner, connection)).id if connection is not None else None
        async with Gateway(vault) as gateway:
            return await gateway.call(owner, tool, arguments, connection=account, timeout=timeout)

    with waiting(f"Calling {tool} …"):
        result = place.run(work)
    document = {
        "tool": result.tool,
        "connection": result.connection,
        "isolation": asdict(result.isolation),
        "seconds": round(result.seconds, 3),
        "value": result.value,
    }
    return Answer(document, (written(result.value),))


def _schema(name: str) -> dict[str, object]:
    """Give the input schema of a tool. The gateway says what is wrong with an unknown one."""
    from connector_vault import registry
    from connector_vault.signature import signature_of

    provider, _, tool = name.partition(".")
    for one in registry.load(provider).tools:
        if one.name == tool:
            # What is only named is not imported here: the worker says what does not fit.
            named = isinstance(one.function, str)
            return {} if named else signature_of(one.load()).input_schema()
    return {}
