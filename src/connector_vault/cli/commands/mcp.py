"""`mcp`: the connected tools, for an MCP client."""

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from connector_vault.cli.exits import OK
from connector_vault.cli.paper import hint
from connector_vault.cli.place import Place
from connector_vault.errors import Misconfigured

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from connector_vault.model import Owner
    from connector_vault.vault import Vault

__all__ = ["mcp"]


def mcp(
    place: Place,
    provider: Annotated[
        list[str] | None, typer.Option(help="Serve only this one's tools; may be repeated.")
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Serve only tools that change nothing.")
    ] = False,
) -> int:
    """Serve the tools of what is connected to an MCP client, over stdin and stdout.

    The client starts this by itself: put the command into its settings. What is connected or
    disconnected meanwhile is seen at once.

    Ends with 0 when the client leaves. With --json only what keeps it from beginning is JSON.
    """
    # A descriptor that is closed now is the next file's that is opened: a database must not get it.
    if sys.stdin is None or sys.stdout is None:
        raise _unheard("one of them is closed")
    for name in provider or ():
        place.catalog().load(name)

    async def work(vault: "Vault", owner: "Owner") -> None:
        from asyncio import CancelledError
        from contextlib import suppress

        from connector_vault.cli.signals import end_with_signals
        from connector_vault.gateway import Gateway

        end_with_signals()
        hint(f"Serving the tools of {owner} over stdio, until the client leaves.")
        with suppress(CancelledError):
            async with Gateway(vault) as gateway:
                with _told_of_wires():
                    await _serve()(
                        vault, gateway, owner, providers=provider or (), only_reads=read_only
                    )

    # What could not be written is told below, and not once more as each buffer is cleared away.
    sys.unraisablehook = _tell_what_is_no_wire
    place.run(work, stay=True)
    return OK


def _tell_what_is_no_wire(said: "sys.UnraisableHookArgs") -> None:
    if not isinstance(said.exc_value, OSError):
        sys.__unraisablehook__(said)


@contextmanager
def _told_of_wires() -> "Generator[None]":
    """Tell a failure of stdin or stdout as what it is: nothing else here is the system's."""
    try:
        yield
    except ExceptionGroup as group:
        broken, others = group.split(OSError)
        if broken is None or others is not None:
            raise
        raise _unheard(_reason(broken)) from group


def _reason(error: "OSError | ExceptionGroup[OSError]") -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return _reason(error.exceptions[0])


def _unheard(reason: str) -> Misconfigured:
    msg = f"stdin and stdout do not lead to an MCP client ({reason}): let the client start this"
    return Misconfigured(msg)


def _serve() -> "Callable[..., Awaitable[None]]":
    # In a checkout it lies beside src/, where no type checker finds it under this name.
    from importlib import import_module

    serve: Callable[..., Awaitable[None]] = import_module(
        "connector_vault.mcp_servers.gateway"
    ).serve
    return serve
