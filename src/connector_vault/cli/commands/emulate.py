"""`emulate`: play the providers on this machine."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Annotated, Literal

import typer

from connector_vault.cli.exits import OK
from connector_vault.cli.paper import Answer, hint, say
from connector_vault.cli.place import Place

__all__ = ["emulate"]

Consent = Literal["auto", "ask"]

_CLIENT = ("Iv1.emulator", "emulator-secret")
"""What an emulator knows if it names no `CLIENT` of its own. It opens nothing that is real."""


def emulate(
    place: Place,
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAMES", help="Connectors. Default: all that can be played."),
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Loopback port; 0: any that is free.")
    ] = 4100,
    consent: Annotated[
        Consent, typer.Option(help="Agree at once, or show a page with buttons.")
    ] = "auto",
) -> int:
    """Play providers on this machine, until Ctrl-C.

    No account is needed, and none is touched. Time there passes as here, and all is forgotten at
    the end.

    Prints what to paste into another terminal. A vault made there belongs to the emulator, so a
    database of its own is named. Ends with 0 on Ctrl-C, as servers do.
    """

    def started(url: str) -> None:
        environment = _environment(names or [], url)
        lines = (f"# Playing at {url}. Paste this into another terminal:", *_exports(environment))
        document = {"url": url, "consent": consent, "environment": environment}
        say(Answer(document, lines), as_json=place.as_json)
        hint("Ctrl-C ends it.")

    _run(names or [], port, consent, started)
    return OK


def _run(names: list[str], port: int, consent: Consent, started: Callable[[str], None]) -> None:
    import asyncio

    from connector_vault import emulator
    from connector_vault.cli.signals import end_with_signals

    async def serve() -> None:
        end_with_signals()
        with suppress(asyncio.CancelledError):
            await emulator.serve(*names, port=port, consent=consent, started=started)

    asyncio.run(serve())


def _exports(environment: Mapping[str, str]) -> list[str]:
    import shlex

    return [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]


def _environment(names: list[str], url: str) -> dict[str, str]:
    from platformdirs import user_data_path

    home = user_data_path("connector-vault", appauthor=False) / "emulated"
    said = {
        "CONNECTOR_VAULT_EMULATOR": url,
        "CONNECTOR_VAULT_DATABASE": f"sqlite:///{home}/vault.db",
        "CONNECTOR_VAULT_KEYS": f"local:{home}/vault.key",
    }
    for name, (client, secret) in _clients(names).items():
        prefix = f"CONNECTOR_VAULT_{name.upper()}_CLIENT"
        said |= {f"{prefix}_ID": client, f"{prefix}_SECRET": secret}
    return said


def _clients(names: list[str]) -> dict[str, tuple[str, str]]:
    from connector_vault import registry

    parts = {_family(name): registry.played_by(name) for name in names or registry.names()}
    played = {name: part for name, part in parts.items() if part is not None}
    return {name: _client(getattr(part, "CLIENT", None)) for name, part in played.items()}


def _family(name: str) -> str:
    from connector_vault import registry

    # Connectors of one family have their clients in common.
    oauth = registry.load(name).oauth
    return (oauth and oauth.family) or name


def _client(told: object) -> tuple[str, str]:
    known, secret = getattr(told, "id", None), getattr(told, "secret", None)
    return (known, secret) if isinstance(known, str) and isinstance(secret, str) else _CLIENT
