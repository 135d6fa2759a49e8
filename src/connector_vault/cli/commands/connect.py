"""`connect PROVIDER`: let somebody consent, in their browser."""

from typing import TYPE_CHECKING, Annotated

import typer

from connector_vault.cli.paper import Answer
from connector_vault.cli.place import Place
from connector_vault.documents import connection_document

if TYPE_CHECKING:
    from connector_vault.model import Connection

__all__ = ["connect"]

_MAX_TIMEOUT = 600
"""Seconds. A consent that was begun lives no longer."""


def connect(
    place: Place,
    provider: Annotated[str, typer.Argument(metavar="PROVIDER", help="As `providers` lists them.")],
    scope: Annotated[
        list[str] | None, typer.Option(help="Ask for this scope; may be repeated.")
    ] = None,
    client: Annotated[str, typer.Option(help="Which OAuth client.")] = "default",
    reconnect: Annotated[
        str | None, typer.Option(metavar="ID", help="Mend this connection, same account only.")
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the link and open nothing.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Listen on this loopback port; 0: any.")
    ] = 0,
    timeout: Annotated[
        int, typer.Option(min=1, max=_MAX_TIMEOUT, help="Seconds to wait for the person.")
    ] = 300,
    redirect_uri: Annotated[
        str | None, typer.Option(metavar="URL", help="What is registered at the provider.")
    ] = None,
    paste: Annotated[
        bool, typer.Option("--paste", help="Read the callback's address from stdin; for SSH.")
    ] = False,
) -> Answer:
    """Connect an account, in its owner's browser.

    The provider sends the browser back to http://127.0.0.1:PORT/callback/PROVIDER, where this
    command listens. With --paste it does not listen: copy the address the browser ends at, even
    if that page does not load, and paste it here.
    """
    from connector_vault.cli.consenting import Wish, in_browser, pasted

    wish = Wish(
        provider=provider,
        scopes=tuple(scope) if scope else None,
        client=client,
        reconnect=reconnect,
        redirect_uri=redirect_uri,
        port=port,
        timeout=timeout,
        browser=not no_browser,
    )
    found = pasted(place, wish) if paste else in_browser(place, wish)
    words = tuple(_told(one) for one in found)
    return Answer({"connections": [connection_document(one) for one in found]}, words)


def _told(one: "Connection") -> str:
    return f"Connected {one.label or one.account or 'an account'} at {one.provider} as {one.id}."
