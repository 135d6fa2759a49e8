"""`add NAME`: keep a pasted token or an API key."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector_vault.cli.asking import ask_secret
from connector_vault.cli.paper import Answer
from connector_vault.cli.place import Place
from connector_vault.documents import connection_document

if TYPE_CHECKING:
    from connector_vault.model import Connection, Owner
    from connector_vault.vault import Vault

__all__ = ["add"]


def add(
    place: Place,
    name: Annotated[str, typer.Argument(metavar="NAME", help="A provider, or any other service.")],
    label: Annotated[str, typer.Option(help="What to call it.")] = "",
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the secret from stdin.")] = False,
    secret_file: Annotated[
        Path | None, typer.Option(help="Read the secret from this file.")
    ] = None,
) -> Answer:
    """Keep a pasted token or an API key.

    It is asked for unseen, or read from a pipe or a file. It is never an argument: arguments
    stand in the shell's history and in the list of processes.

    A token for a provider that has a connector is tried at once, and not kept if it is no good.
    """
    secret = ask_secret(name, secret_file, piped_in=stdin)

    async def work(vault: "Vault", owner: "Owner") -> "Connection":
        return await vault.add(name, owner, secret=secret, label=label)

    place.announce()
    kept = place.run(work, make=True)
    if kept.kind == "api-key":
        words = f"Kept {name} as {kept.id} ({kept.label})."
    else:
        words = f"Kept {kept.label or name} as {kept.id}."
    return Answer({"connection": connection_document(kept)}, (words,))
