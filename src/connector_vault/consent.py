"""Connecting an account: from the address a person is sent to, to a sealed row."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from secrets import token_urlsafe
from urllib.parse import urlsplit

from connector_vault import grants, oauth
from connector_vault.begun import Begun, id_of, opened, sealed
from connector_vault.connector import Connector, Reply, Request
from connector_vault.dressing import proof_of
from connector_vault.ending import end_token
from connector_vault.errors import (
    BadArguments,
    ConnectorVaultError,
    KeysUnavailable,
    Misconfigured,
    NotAllowed,
    OutcomeUnknown,
    RateLimited,
    Reconnect,
    Refused,
    TimedOut,
    Unreachable,
)
from connector_vault.http import origin_of, origins_of
from connector_vault.intake import Intake, check_mendable, identify, take_in
from connector_vault.model import Account, Client, Owner, Pending, Secret, Tokens
from connector_vault.room import Room, moment
from connector_vault.stores import AddConsent, Claim, Row

__all__ = ["begin", "finish"]

_LIFE = 10 * 60 * 1000
"""Milliseconds a person has to consent. GitHub's codes live as long."""

_SCOPE = re.compile(r"[!#-+\--\[\]-~]{1,255}")
"""RFC 6749 §3.3, less the comma, which some providers put between scopes."""

_TIMEOUT = 30.0
"""Seconds for everything that follows a callback."""


_BEFORE_THE_CODE = (
    KeysUnavailable,
    Misconfigured,
    NotAllowed,
    RateLimited,
    TimedOut,
    Unreachable,
)
"""What goes wrong before a provider has looked at a code."""

_NO_ANSWER = (OutcomeUnknown, RateLimited, Reconnect, TimedOut, Unreachable)
"""What goes wrong after a code was spent: only another consent helps."""


async def begin(
    room: Room,
    provider: str,
    owner: Owner,
    *,
    redirect_uri: str,
    scopes: Iterable[str] | None,
    client: str,
    reconnect: str | None,
) -> Pending:
    """Begin a consent: what `Vault.connect` does."""
    _check_redirect(redirect_uri)
    connector = room.catalog.load(provider)
    if isinstance(scopes, str):
        raise BadArguments("scopes are a list of texts, not one text")
    asked = oauth.oauth_of(connector).scopes if scopes is None else tuple(scopes)
    if not all(_SCOPE.fullmatch(scope) for scope in asked):
        raise BadArguments("a scope is visible ASCII without spaces, quotes and commas")
    known = room.clients.named(provider, client, owner.tenant)
    if reconnect is not None:
        check_mendable(await room.row(reconnect, owner), provider)
    state, verifier = token_urlsafe(32), token_urlsafe(64)
    begun = Begun(
        provider=provider,
        client_id=known.id,
        redirect_uri=redirect_uri,
        scopes=" ".join(asked),
        verifier=Secret(verifier),
        reconnect=reconnect or "",
        endpoint=connector.endpoint.hex(),
    )
    expires_at = room.clock() + _LIFE
    consent = await sealed(room.keyring, owner, id_of(state), expires_at, begun)
    line = room.audit.about(owner, "consent", "begun", provider=provider, scopes=begun.scopes)
    await room.store.commit(AddConsent(consent, room.clock()), line)
    url = oauth.authorize(
        connector, known, redirect_uri=redirect_uri, scopes=asked, state=state, verifier=verifier
    )
    return Pending(url=room.http.address(url), state=state, expires_at=moment(expires_at))


async def finish(room: Room, url: str, owner: Owner) -> tuple[Row, ...]:
    """Finish a consent: what `Vault.finish` does."""
    answer = oauth.callback(url)
    taken = await room.store.take(Claim(id_of(answer.state), owner, room.clock()))
    if not taken:
        words = "this callback is unknown, already used, too old or somebody else's"
        raise NotAllowed(f"{words}: start again with `connect`")
    (consent,) = taken
    deadline = asyncio.get_running_loop().time() + _TIMEOUT
    try:
        begun = await opened(room.keyring, consent)
        connector = room.catalog.load(begun.provider)
        _check_origin(connector, begun, answer, url)
        code = await _code(room, connector, answer, owner)
        reply, granted = await _exchange(room, connector, begun, owner, code, deadline)
    except _BEFORE_THE_CODE:
        # The code was not looked at, and is still good: the right callback may come yet.
        await room.store.commit(AddConsent(consent, room.clock()))
        raise
    found = [grants.Found(tokens) for tokens in granted]
    if oauth.oauth_of(connector).complete is not None:
        found = await _complete(room, connector, begun, owner, reply, granted, deadline)
    return await _take_all(room, connector, begun, owner, found, deadline)


def _check_origin(connector: Connector, begun: Begun, answer: oauth.Callback, url: str) -> None:
    oauth.check_issuer(connector, answer)
    if begun.endpoint != connector.endpoint.hex():
        words = f"the addresses of {connector.title} were changed meanwhile"
        raise NotAllowed(f"{words}: start again with `connect`")
    if (urlsplit(url).path or "/") != (urlsplit(begun.redirect_uri).path or "/"):
        raise NotAllowed("this callback came to another address: start again with `connect`")


async def _code(room: Room, connector: Connector, answer: oauth.Callback, owner: Owner) -> Secret:
    if answer.code is not None:
        return answer.code
    line = room.audit.about(owner, "consent", answer.error, provider=connector.name)
    await room.store.commit(line)
    raise Refused(answer.error, f"{connector.title} was not allowed: start again to allow it")


async def _exchange(
    room: Room, connector: Connector, begun: Begun, owner: Owner, code: Secret, deadline: float
) -> tuple[Reply, tuple[Tokens, ...]]:
    client = room.clients.holding(begun.provider, begun.client_id, owner.tenant)
    request = oauth.exchange(
        connector, client, code=code, redirect_uri=begun.redirect_uri, verifier=begun.verifier
    )
    try:
        reply = await room.http.send(request, origins=origins_of(connector), deadline=deadline)
    except OutcomeUnknown as error:
        raise Refused("no_answer", _again(connector)) from error
    try:
        return reply, grants.read_grants(
            connector, reply, now=room.clock(), asked=frozenset(begun.scopes.split())
        )
    except Reconnect as error:
        words = f"{connector.title} does not take this code: start again with `connect`"
        raise Refused(error.reason, words) from error
    except Unreachable as error:
        # The code was sent and may be spent: another try with it can only fail.
        raise Refused("unusable_answer", _again(connector)) from error


async def _complete(
    room: Room,
    connector: Connector,
    begun: Begun,
    owner: Owner,
    reply: Reply,
    granted: Sequence[Tokens],
    deadline: float,
) -> list[grants.Found]:
    client = room.clients.holding(begun.provider, begun.client_id, owner.tenant)

    async def send(request: Request) -> Reply:
        return await room.http.send(request, origins=origins_of(connector), deadline=deadline)

    try:
        return await grants.complete(
            connector, client, reply, send, now=room.clock(), asked=frozenset(begun.scopes.split())
        )
    except BaseException as error:
        # A token that nobody keeps must not live on.
        for tokens in granted:
            with suppress(ConnectorVaultError):
                await end_token(room, connector, client, tokens)
        if isinstance(error, _NO_ANSWER):
            raise Refused("unusable_answer", _again(connector)) from error
        raise


def _again(connector: Connector) -> str:
    return f"{connector.title} gave no usable answer: start again with `connect`"


async def _take_all(
    room: Room,
    connector: Connector,
    begun: Begun,
    owner: Owner,
    found: Sequence[grants.Found],
    deadline: float,
) -> tuple[Row, ...]:
    client = room.clients.holding(begun.provider, begun.client_id, owner.tenant)
    kept: list[Row] = []
    try:
        over = await room.row(begun.reconnect, owner) if begun.reconnect else None
        accounts = [
            account or await _identify(room, connector, client, tokens, deadline)
            for tokens, account in found
        ]
        if len(found) > 1:
            _check_among(over, accounts)
        for (tokens, _), account in zip(found, accounts, strict=True):
            intake = Intake(
                owner=owner,
                provider=account.provider or begun.provider,
                kind="oauth",
                client=client,
                tokens=tokens,
                account=account,
                origin="consent",
            )
            # Of several, the one of its account mends the connection that was named.
            named = over if len(found) == 1 or _is_of(over, account) else None
            row, old = await take_in(room, intake, named)
            kept.append(row)
            if old is not None:
                await _end_replaced(room, connector, old, tokens)
    except BaseException:
        # A token that nobody keeps must not live on.
        used = [tokens.access for tokens, _ in found[: len(kept)]]
        for tokens, _ in found[len(kept) :]:
            # Several accounts may have one token.
            if tokens.access not in used:
                with suppress(ConnectorVaultError):
                    await end_token(room, connector, client, tokens)
        raise
    return tuple(kept)


def _check_among(over: Row | None, accounts: Iterable[Account]) -> None:
    if over is not None and not any(_is_of(over, one) for one in accounts):
        words = f"nothing was granted to the account of {over.id}: sign in as {over.label}"
        raise NotAllowed(words)


def _is_of(row: Row | None, account: Account) -> bool:
    return row is not None and row.account == account.id


async def _identify(
    room: Room, connector: Connector, client: Client, tokens: Tokens, deadline: float
) -> Account:
    try:
        return await identify(room, connector, tokens, deadline, proof_of(connector, client))
    except (RateLimited, Reconnect, TimedOut, Unreachable) as error:
        words = f"{connector.title} did not say whose account it is: start again with `connect`"
        raise Refused("account_unknown", words) from error


async def _end_replaced(room: Room, connector: Connector, old: Row, new: Tokens) -> None:
    if old.kind != "oauth":
        return
    with suppress(ConnectorVaultError):
        replaced, _ = await room.keyring.open(old)
        if replaced.access == new.access:
            return
        client = room.clients.holding(old.provider, old.client_id, old.tenant)
        await end_token(room, connector, client, replaced)


def _check_redirect(uri: str) -> None:
    try:
        origin_of(uri)
    except NotAllowed:
        words = "a redirect URI begins with https://, or with http:// on this machine"
        raise BadArguments(words) from None
