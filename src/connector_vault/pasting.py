"""Keeping a token or key that somebody pasted."""

import asyncio
import re
from dataclasses import replace

from connector_vault import registry
from connector_vault.errors import BadArguments, Reconnect, Refused
from connector_vault.intake import Intake, identify, take_in
from connector_vault.model import Account, Owner, Secret, Tokens
from connector_vault.room import Room
from connector_vault.stores import Row

__all__ = ["paste"]

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")

_SECRET = re.compile(r"[\x21-\x7e]{1,8192}")
"""Visible ASCII, because it has to fit into a header."""

_MAX_LABEL = 200
"""Characters."""

_TIMEOUT = 20.0
"""Seconds for asking a provider whose token it is."""


async def paste(room: Room, name: str, owner: Owner, secret: Secret, label: str) -> Row:
    """Keep a pasted secret: what `Vault.add` does."""
    if not _NAME.fullmatch(name):
        raise BadArguments("a name is lower-case letters, digits, - and _, beginning with a letter")
    if not _SECRET.fullmatch(secret.reveal()):
        raise BadArguments("a secret is 1 to 8192 visible characters, without spaces or newlines")
    if len(label) > _MAX_LABEL or not label.isprintable():
        raise BadArguments("a label is up to 200 printable characters")
    service = name not in registry.names()
    account = Account(id="", label="")
    if name in room.catalog.names():
        account = await _whose(room, name, secret)
    if service and not account.label:
        # Something to tell it by: the end of the key, and never more of it.
        account = replace(account, label=label or secret.mask())
    intake = Intake(
        owner=owner,
        provider=name,
        kind="api-key" if service else "token",
        client=None,
        tokens=Tokens(access=secret, scopes=account.scopes),
        account=account,
        origin="pasted",
    )
    row, _ = await take_in(room, intake)
    return row


async def _whose(room: Room, name: str, secret: Secret) -> Account:
    deadline = asyncio.get_running_loop().time() + _TIMEOUT
    connector = room.catalog.load(name)
    try:
        return await identify(room, connector, Tokens(access=secret), deadline)
    except Reconnect as error:
        words = f"{connector.title} does not accept this token: make a new one there"
        raise Refused(error.reason, words) from error
