"""`disconnect ID`: end a connection, here and at its provider."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from connector_vault.cli.asking import ask_yes
from connector_vault.cli.exits import FAILED, OK
from connector_vault.cli.paper import Answer, waiting
from connector_vault.cli.place import Place, find
from connector_vault.cli.words import receipt_words
from connector_vault.documents import receipt_document
from connector_vault.errors import ConnectorVaultError

if TYPE_CHECKING:
    from connector_vault.model import Connection, Owner, Receipt
    from connector_vault.vault import Vault

__all__ = ["disconnect"]


def disconnect(
    place: Place,
    connection: Annotated[
        str, typer.Argument(metavar="ID", help="A connection's id, or its beginning.")
    ],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> Answer:
    """End a connection, here and at its provider.

    It is stopped, its grant or token is revoked at the provider, and its key is destroyed.

    Asks first if you are at a terminal. Ends with 1 while the provider has not confirmed: nothing
    uses the token any more, and running it again asks the provider again.
    """

    async def look(vault: "Vault", owner: "Owner") -> "Connection":
        return await find(vault, owner, connection)

    async def work(vault: "Vault", owner: "Owner") -> "Receipt":
        return await vault.disconnect(found.id, owner=owner)

    found = place.run(look)
    if not yes and sys.stdin.isatty():
        _ask(found)
    with waiting("Disconnecting …"):
        receipt = place.run(work)
    code = OK if receipt.confirmed else FAILED
    words = receipt_words(receipt, found.provider)
    return Answer({"receipt": receipt_document(receipt)}, tuple(words), code)


def _ask(found: "Connection") -> None:
    who = f"{found.label or found.id} at {found.provider}"
    if not ask_yes(f"Disconnect {who}? This cannot be taken back."):
        raise ConnectorVaultError("nothing was changed, because you did not say yes")
