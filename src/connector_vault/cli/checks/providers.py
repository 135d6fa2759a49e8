"""Connectors, their OAuth clients, and the emulator."""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from connector_vault.catalog import open_catalog
from connector_vault.cli.checks.verdicts import Check, ok, problem, warn
from connector_vault.cli.connectors import Installed, installed
from connector_vault.errors import ConnectorVaultError, Misconfigured

if TYPE_CHECKING:
    from connector_vault.settings import Settings

__all__ = ["check_emulator", "check_providers"]

_PATIENCE = 3.0
"""Seconds the emulator, on this machine, has to answer."""


def check_providers(settings: "Settings | None") -> Iterator[Check]:
    """Look at every connector, and at the clients they need."""
    found = list(installed(open_catalog(settings.services if settings else "")))
    for one in found:
        yield _connector(one)
        if settings and one.connector is not None and one.connector.oauth is not None:
            yield _client(one, settings)
    names = {one.name for one in found}
    for client in settings.clients if settings else ():
        if client.provider not in names:
            words = f"no connector is named {client.provider}"
            yield warn(f"client {client.provider}", words, "mend the setting's name")


def check_emulator(settings: "Settings") -> Iterator[Check]:
    """Ask the emulator for a sign of life, where one is set."""
    if settings.emulator is None:
        return
    try:
        status = asyncio.run(_asked(settings.emulator))
    except Misconfigured as error:
        yield problem("emulator", str(error), "mend CONNECTOR_VAULT_EMULATOR")
    except ConnectorVaultError:
        words = f"{settings.emulator} does not answer"
        yield problem("emulator", words, "start it: connector-vault emulate")
    else:
        if status == 200:
            yield ok("emulator", f"{settings.emulator} answers")
        else:
            words = f"{settings.emulator} answers, but not as an emulator"
            yield problem("emulator", words, "mend CONNECTOR_VAULT_EMULATOR")


def _connector(one: Installed) -> Check:
    name = f"service {one.name}" if one.service else f"connector {one.name}"
    if one.connector is None:
        mend = "mend its file" if one.service else "update or uninstall the package it comes from"
        return problem(name, one.error, mend)
    return ok(name, f"{one.connector.title}, {len(one.connector.tools)} tools")


def _client(one: Installed, settings: "Settings") -> Check:
    name, prefix = f"client {one.name}", f"CONNECTOR_VAULT_{one.family.upper()}_CLIENT"
    names = (one.name, one.family)
    found = [client for client in settings.clients if client.provider in names]
    if not found:
        words = f"none: `connect {one.name}` will not work"
        if settings.clients:
            # Whoever has registered one app need not register all.
            return ok(name, words)
        return warn(name, words, f"register one there, and set {prefix}_ID and {prefix}_SECRET")
    bare = [client.name for client in found if not client.secret]
    if bare:
        words = f"{', '.join(bare)}: no secret, which only a public client can do without"
        return warn(name, words, f"set {prefix}_SECRET_FILE")
    return ok(name, f"{', '.join(client.name for client in found)}, with a secret")


async def _asked(emulator: str) -> int:
    from connector_vault.connector import Request
    from connector_vault.http import open_http

    # The emulator's own door stands where a provider's host would stand.
    door = "https://_emulator"
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    async with open_http(emulator) as http:
        return (
            await http.send(Request("GET", f"{door}/"), origins={door}, deadline=deadline)
        ).status
