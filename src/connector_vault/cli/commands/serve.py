"""`serve`: the panel over HTTP."""

from typing import TYPE_CHECKING, Annotated

import typer

from connector_vault.cli.exits import OK
from connector_vault.cli.paper import Answer, hint, say
from connector_vault.cli.place import Place
from connector_vault.errors import BadArguments

if TYPE_CHECKING:
    from connector_vault.model import Owner
    from connector_vault.vault import Vault

__all__ = ["serve"]


def serve(
    place: Place,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Which port; 0: any that is free.")
    ] = 8700,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A name this is reached by; may be repeated."),
    ] = None,
) -> int:
    """Serve the panel over HTTP, until Ctrl-C: list connections, and disconnect them.

    Whoever asks shows an access key, which `keys create` makes. It is for every tenant whose key is
    shown. It answers to loopback names and to those of --allowed-host alone.

    Ends with 0 on Ctrl-C, as servers do.
    """
    from connector_vault.cli import serving

    names = allowed_host or []
    serving.check_names(names)
    if not serving.is_loopback(host):
        if not names:
            raise BadArguments(f"{host} is open to others: name it by --allowed-host NAME")
        hint("Keys travel as they are: put a proxy with TLS before this, and close the port.")

    async def work(vault: "Vault", _: "Owner") -> None:
        await _advise(vault)
        url = serving.url_of(host, door)
        hint(f"Serving the panel at {url}. Ctrl-C ends it.")
        if place.as_json:
            say(Answer({"url": url, "hosts": names}, ()), as_json=True)
        await serving.serve(vault, door, names)

    with serving.listen(host, port) as door:
        place.run(work, stay=True)
    return OK


async def _advise(vault: "Vault") -> None:
    from connector_vault import access

    if not [key async for key in access.issued(vault.room) if key.live]:
        hint("There is no access key that works: `connector-vault keys create` makes one.")
