"""Taking over tokens that another system obtained, and the right to refresh them."""

import asyncio
import re
from collections.abc import Iterator

from connector_vault import oauth
from connector_vault.connector import Connector
from connector_vault.dressing import proof_of
from connector_vault.envelope import length_prefixed
from connector_vault.errors import (
    BadArguments,
    RateLimited,
    Reconnect,
    Refused,
    TimedOut,
    Unreachable,
)
from connector_vault.intake import Intake, identify, same_account, take_in
from connector_vault.model import Account, Client, Owner, Secret, State, Tokens
from connector_vault.refresh import Refresher
from connector_vault.room import Room, check_usable, owner_of
from connector_vault.stores import Owned, Row

__all__ = ["adopt", "is_nameless", "name"]

_SECRET = re.compile(r"[\x21-\x7e]{1,16384}")
"""What fits into a header."""

_TIMEOUT = 20.0
"""Seconds for asking a provider whose token it is."""


async def adopt(
    room: Room, refresher: Refresher, provider: str, owner: Owner, tokens: Tokens, client: str
) -> Row:
    """Take over tokens: what `Vault.adopt` does."""
    connector = room.catalog.load(provider)
    oauth.oauth_of(connector)
    _check(tokens)
    known = room.clients.named(provider, client, owner.tenant)
    origin = await _origin(room, tokens)
    # The same tokens once more are spent by now: to refresh them again could end the grant.
    row = await _adopted(room, provider, owner, origin)
    if row is None:
        account = await _account(room, connector, known, tokens)
        intake = Intake(
            owner=owner,
            provider=provider,
            kind="oauth",
            client=known,
            tokens=tokens,
            account=account or Account(id=""),
            origin=origin,
        )
        there = await same_account(room, intake)
        if there is not None and there.state == State.ACTIVE.value:
            return there
        row, _ = await take_in(room, intake)
    kept, _ = await room.keyring.open(row)
    if kept.refresh is None or kept.refresh != tokens.refresh:
        return row
    return await _take_over(room, refresher, row)


async def _take_over(room: Room, refresher: Refresher, row: Row) -> Row:
    try:
        # At once: from then on the other system's refresh token is spent, ours is the only one.
        row = await refresher.renew(row)
    except (RateLimited, TimedOut, Unreachable):
        # It is kept, and tried again in the background.
        return row
    return await name(room, row) if is_nameless(row) else row


async def _adopted(room: Room, provider: str, owner: Owner, origin: str) -> Row | None:
    async for row in room.store.rows(Owned(owner=owner, provider=provider)):
        if row.origin == origin and row.state != State.REVOKED.value:
            check_usable(row)
            return row
    return None


async def _origin(room: Room, tokens: Tokens) -> str:
    # Keyed, so that whoever reads the database cannot try tokens against it.
    key = await room.keyring.store_key()
    secret = tokens.refresh or tokens.access
    mark = key.mac(length_prefixed(b"connector_vault/adopted", secret.reveal().encode()))
    return f"adopted:{mark[:16].hex()}"


async def _account(
    room: Room, connector: Connector, client: Client, tokens: Tokens
) -> Account | None:
    deadline = asyncio.get_running_loop().time() + _TIMEOUT
    try:
        return await identify(room, connector, tokens, deadline, proof_of(connector, client))
    except Reconnect as error:
        if tokens.refresh is not None:
            return None
        words = f"{connector.title} does not accept this token, and there is no refresh token"
        raise Refused(error.reason, words) from error


def is_nameless(row: Row) -> bool:
    """Tell whether nobody knows yet whose a connection is."""
    return row.origin.startswith("adopted") and not row.account


async def name(room: Room, row: Row) -> Row:
    """Find out whose a connection is that was adopted with an access token that had ended.

    Raises:
        NotAllowed: another connection of its owner holds this account already.
        Refused, RateLimited, Unreachable, TimedOut: its provider did not say.
    """
    tokens, _ = await room.keyring.open(row)
    client = room.clients.holding(row.provider, row.client_id, row.tenant)
    account = await _account(room, room.catalog.load(row.provider), client, tokens)
    if account is None or not account.id:
        return row
    intake = Intake(
        owner=owner_of(row),
        provider=row.provider,
        kind="oauth",
        client=client,
        tokens=tokens,
        account=account,
        origin=row.origin,
    )
    named, _ = await take_in(room, intake, over=row)
    return named


def _check(tokens: Tokens) -> None:
    if not all(_SECRET.fullmatch(secret.reveal()) for secret in _secrets(tokens)):
        raise BadArguments("a token is 1 to 16384 visible characters, without spaces or newlines")


def _secrets(tokens: Tokens) -> Iterator[Secret]:
    yield tokens.access
    if tokens.refresh is not None:
        yield tokens.refresh
