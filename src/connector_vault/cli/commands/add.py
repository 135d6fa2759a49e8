"""`add NAME`: keep a pasted token or an API key, of any service."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector_vault.cli.asking import ask_secret
from connector_vault.cli.configuring import Described, settle
from connector_vault.cli.paper import Answer
from connector_vault.cli.place import Place, is_missing
from connector_vault.documents import connection_document

if TYPE_CHECKING:
    from connector_vault.model import Connection, Owner, Secret
    from connector_vault.services import Service
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
    auth: Annotated[
        str | None, typer.Option(help="For a service without a connector: api-key or oauth2.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Where its API is: api.example.com/v1.")] = None,
    allow: Annotated[
        list[str] | None,
        typer.Option(help="What may be asked of it: 'GET /models'; may be repeated."),
    ] = None,
    header: Annotated[
        str | None, typer.Option(help="The header that carries the credential.")
    ] = None,
    scheme: Annotated[
        str | None, typer.Option(help="What stands before it there: Bearer, or nothing.")
    ] = None,
    authorize_url: Annotated[
        str | None, typer.Option(help="OAuth 2.0: where people agree.")
    ] = None,
    token_url: Annotated[
        str | None, typer.Option(help="OAuth 2.0: where tokens come from.")
    ] = None,
    revoke_url: Annotated[str | None, typer.Option(help="OAuth 2.0: where tokens end.")] = None,
    scope: Annotated[
        list[str] | None, typer.Option(help="OAuth 2.0: what is asked for; may be repeated.")
    ] = None,
    described: Annotated[
        Path | None, typer.Option("--from", help="A TOML file that says all this of the service.")
    ] = None,
) -> Answer:
    """Keep a pasted token or an API key.

    It is asked for unseen, or read from a pipe or a file. It is never an argument: arguments
    stand in the shell's history and in the list of processes.

    A token for a provider that has a connector is tried at once, and not kept if it is no good.

    With --auth and --host, or --from, a service that has no connector gets one tool, `request`,
    that asks what --allow says and nothing else.
    """
    service = Described(
        name=name,
        file=described,
        auth=auth,
        host=host,
        allow=tuple(allow or ()),
        header=header,
        scheme=scheme,
        authorize_url=authorize_url,
        token_url=token_url,
        revoke_url=revoke_url,
        scopes=tuple(scope or ()),
    ).service()
    if service is not None and service.auth == "oauth2":
        return _configured(place, service)
    secret = ask_secret(name, secret_file, piped_in=stdin)
    if service is None:
        return _kept(place, name, secret, label)
    _check_new(place, service)
    settle(place.catalog(), service)
    return _kept(place, name, secret, label)


def _kept(place: Place, name: str, secret: "Secret", label: str) -> Answer:
    async def work(vault: "Vault", owner: "Owner") -> "Connection":
        return await vault.add(name, owner, secret=secret, label=label)

    place.announce()
    kept = place.run(work, make=True)
    if kept.kind == "api-key":
        words = f"Kept {name} as {kept.id} ({kept.label})."
    else:
        words = f"Kept {kept.label or name} as {kept.id}."
    return Answer({"connection": connection_document(kept)}, (words,))


def _check_new(place: Place, service: "Service") -> None:
    """Let nothing be said of a name whose keys were kept for no address, or another.

    Raises:
        BadArguments: there are such keys.
    """
    from connector_vault.errors import BadArguments

    if place.catalog().shelf.path(service.name).exists() or is_missing(place.settings()):
        return

    async def work(vault: "Vault", owner: "Owner") -> "list[str]":
        from connector_vault.model import Tenant

        everybody = vault.connections(owner=Tenant(name=owner.tenant), provider=service.name)
        return [one.id async for one in everybody if one.live]

    if kept := place.run(work):
        words = f"{', '.join(kept[:3])} was kept before anything was said of {service.name}"
        raise BadArguments(f"{words}, and would not open any more: disconnect it first")


def _configured(place: Place, service: "Service") -> Answer:
    name = service.name
    _check_new(place, service)
    path = settle(place.catalog(), service)
    known = any(one.provider == name for one in place.settings().clients)
    setting = f"CONNECTOR_VAULT_{name.upper()}_CLIENT_ID"
    words = [f"{name} is configured in {path}."]
    if not known:
        words.append(f"Register an OAuth client there, and set {setting} and ..._CLIENT_SECRET.")
    words.append(f"Then connect an account: `connector-vault connect {name}`")
    return Answer({"service": {"name": name, "file": str(path), "client": known}}, tuple(words))
