"""`keys create`, `keys list` and `keys revoke ID`: access keys, for `serve`."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from connector_vault.cli.paper import Answer, Table, hint
from connector_vault.cli.place import Place
from connector_vault.cli.words import from_now
from connector_vault.documents import key_document
from connector_vault.errors import BadArguments

if TYPE_CHECKING:
    from connector_vault.model import AccessKey, Owner, Secret
    from connector_vault.vault import Vault

__all__ = ["create_key", "list_keys", "revoke_key"]

_COLUMNS = ("ID", "NAME", "FOR", "STATE", "MADE")

_MAKE = "connector-vault keys create"


def create_key(
    place: Place,
    name: Annotated[str, typer.Option(help="What to call it: who will have it.")] = "",
    everybody: Annotated[
        bool, typer.Option("--everybody", help="For all connections of the tenant.")
    ] = False,
) -> Answer:
    """Make an access key, and print it: this once, and never again.

    A program that has it may list and disconnect, over HTTP, what its owner has connected. It gets
    no token, and can call no tool.
    """
    if everybody and place.user is not None:
        raise BadArguments("--everybody and --user are two answers to one question: choose one")

    async def work(vault: "Vault", owner: "Owner") -> "tuple[AccessKey, Secret]":
        from connector_vault import access
        from connector_vault.model import Tenant

        whose = Tenant(name=owner.tenant) if everybody else owner
        return await access.create(vault.room, whose, name)

    key, secret = place.run(work)
    hint(
        f"{key.id} opens the connections of {key.whose}. Its text is shown this once: keep it safe."
    )
    document = {"key": key_document(key), "secret": secret.reveal()}
    return Answer(document, (secret.reveal(),))


def list_keys(place: Place) -> Answer:
    """List a tenant's access keys, the oldest first, without their texts."""

    async def work(vault: "Vault", owner: "Owner") -> "list[AccessKey]":
        from connector_vault import access

        return [one async for one in access.issued(vault.room, owner.tenant)]

    found = place.run(work)
    if not found:
        hint(f"There are no access keys: `{_MAKE}` makes one.")
    now = datetime.now(UTC)
    table = Table(_COLUMNS, [_row(one, now) for one in found])
    return Answer({"keys": [key_document(one) for one in found]}, (table,))


def revoke_key(
    place: Place,
    key: Annotated[str, typer.Argument(metavar="ID", help="A key's id, as `keys list` shows it.")],
) -> Answer:
    """End an access key. From now on it opens nothing, in any process."""

    async def work(vault: "Vault", owner: "Owner") -> "AccessKey":
        from connector_vault import access

        return await access.revoke(vault.room, key, owner.tenant)

    revoked = place.run(work)
    words = f"Revoked {revoked.name or revoked.id}: it opens nothing any more."
    return Answer({"key": key_document(revoked)}, (words,))


def _row(one: "AccessKey", now: datetime) -> tuple[str, ...]:
    state = "active" if one.live else "revoked"
    return (one.id, one.name or "-", str(one.whose), state, from_now(one.created_at, now))
