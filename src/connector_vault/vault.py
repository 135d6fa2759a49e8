"""The life of a credential: connect, hand out, refresh, disconnect."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

from connector_vault import consent, revocation
from connector_vault.audit import Audit
from connector_vault.clients import Clients
from connector_vault.errors import BadArguments
from connector_vault.http import open_http
from connector_vault.keyring import open_keyring
from connector_vault.keys import open_keys
from connector_vault.model import (
    AccessToken,
    Client,
    Connection,
    Owner,
    Pending,
    Receipt,
    Secret,
    Tenant,
)
from connector_vault.pasting import paste
from connector_vault.refresh import Refresher
from connector_vault.room import Room, check_usable, connection_of, instant, now_ms
from connector_vault.settings import load_settings
from connector_vault.stores import START, Openable, Owned, World, is_new, open_store
from connector_vault.undertaking import Undertakings, unhurried

__all__ = ["Vault"]

_FRESH = 60_000
"""Milliseconds a token handed out is still valid, by what its provider stated."""

_MAX_PURPOSE = 200
"""Characters."""


class Vault:
    """Keeps connections, and hands out their tokens. Made by `Vault.open`."""

    def __init__(
        self, room: Room, refresher: Refresher, closing: AsyncExitStack | None = None
    ) -> None:
        self.room = room
        self.closing = closing or AsyncExitStack()
        """What is done first when the vault is closed."""
        self._refresher = refresher
        self._endings: dict[str, asyncio.Task[Receipt]] = {}

    @staticmethod
    @asynccontextmanager
    async def open(
        database: str | None = None,
        *,
        keys: str | None = None,
        clients: Iterable[Client] = (),
        emulator: str | None = None,
        clock: Callable[[], int] = now_ms,
    ) -> AsyncGenerator["Vault"]:
        """Open the vault. What is not given here comes from the settings.

        `database`: `sqlite:///PATH`. `keys`: `local:PATH`, made only together with a new database.
        `emulator`: a loopback URL that stands for every provider. `clock`: milliseconds since 1970
        UTC, for tests in which time passes.

        Raises:
            Misconfigured: a place cannot be used, or keys and database do not belong together.
            Corrupt: the database is damaged.
            StoreUnavailable, KeysUnavailable: it is away.
        """
        said = load_settings()
        database, emulator = database or said.database, emulator or said.emulator
        holder = open_keys(keys or said.keys, create=is_new(database))
        async with unhurried() as stack:
            world: World = "emulated" if emulator else "real"
            store = await stack.enter_async_context(open_store(database, world=world, clock=clock))
            http = await stack.enter_async_context(open_http(emulator))
            audit = Audit(store, clock)
            stack.push_async_callback(audit.close)
            work = Undertakings()
            stack.push_async_callback(work.close)
            room = Room(
                store=store,
                keyring=await open_keyring(store, holder, work),
                http=http,
                audit=audit,
                clients=Clients((*clients, *said.clients)),
                clock=clock,
                work=work,
            )
            closing = await stack.enter_async_context(AsyncExitStack())
            yield Vault(room, Refresher(room), closing)

    async def connect(
        self,
        provider: str,
        owner: Owner,
        *,
        redirect_uri: str,
        scopes: Iterable[str] | None = None,
        client: str = "default",
        reconnect: str | None = None,
    ) -> Pending:
        """Begin a consent. Send its owner to the `url` it gives, and the callback to `finish`.

        `scopes`: None asks for those the connector suggests. `reconnect`: the id of a connection
        to mend; only the same account will do.

        Raises:
            BadArguments: no such connector, or a redirect URI or scope that cannot be one.
            NotConnected: no such connection to mend.
            Misconfigured: no OAuth client is registered for it.
        """
        return await consent.begin(
            self.room,
            provider,
            owner,
            redirect_uri=redirect_uri,
            scopes=scopes,
            client=client,
            reconnect=reconnect,
        )

    async def finish(self, callback_url: str, *, owner: Owner) -> tuple[Connection, ...]:
        """Finish a consent with the whole URL that the person came back on.

        Connecting an account again gives the connection it has, with the new grant.

        Raises:
            NotAllowed: the state is unknown, used, too old or another owner's; nothing is lost.
            Refused: the person or the provider said no.
            Unreachable, TimedOut: the provider was not reached; the same URL may be tried again.
        """
        finishing = consent.finish(self.room, callback_url, owner)
        # Seen through: a code is spent once, and a browser may hang up at any time.
        row = await self.room.work.see_through(finishing)
        return (await self.get(row.id, owner=owner),)

    async def add(self, name: str, owner: Owner, *, secret: Secret, label: str = "") -> Connection:
        """Keep a pasted token of a provider, or the API key of any other service.

        A token of a provider we have a connector for is tried at once.

        Raises:
            BadArguments: the name or the secret cannot be one.
            Refused, Unreachable, TimedOut: the provider does not take the token; it is not kept.
        """
        row = await paste(self.room, name, owner, secret, label)
        return await self.get(row.id, owner=owner)

    async def token(
        self, connection: str, *, owner: Owner, purpose: str, newer_than: int | None = None
    ) -> AccessToken:
        """Hand out a token, with at least 60 s to its stated end. The audit keeps the purpose.

        Only a token that cannot be refreshed is handed out to its very end.

        `newer_than`: the generation a provider has just answered 401 to. It is refreshed only if
        nobody has.

        Raises:
            NotConnected: this owner has no such connection, or it was disconnected.
            Reconnect: the grant is dead; the owner has to consent again.
            Unreachable, RateLimited, Misconfigured: it is due, and cannot be refreshed now.
        """
        if not 0 < len(purpose) <= _MAX_PURPOSE or not purpose.isprintable():
            raise BadArguments("say for what purpose, in 1 to 200 printable characters")
        row = await self._fresh(connection, owner, newer_than)
        token = await self._open(row)
        self.room.audit.note(row, "token", purpose=purpose)
        return token

    async def current(
        self, connection: str, *, owner: Owner, newer_than: int | None = None
    ) -> AccessToken:
        """Give a token to the gateway, whose own audit says what it is for."""
        return await self._open(await self._fresh(connection, owner, newer_than))

    async def get(self, connection: str, *, owner: Owner | Tenant) -> Connection:
        """Give one connection.

        Raises:
            NotConnected: this owner, or anybody in this tenant, has no such connection.
        """
        return connection_of(await self.room.row(connection, owner))

    async def connections(
        self, *, owner: Owner | Tenant, provider: str | None = None, after: str | None = None
    ) -> AsyncIterator[Connection]:
        """Give an owner's or a tenant's connections, the oldest first, the ended with their state.

        `after`: the id of one of them. Those up to it are left out.

        Raises:
            NotConnected: there is no connection `after`.
        """
        begin = START
        if after is not None:
            last = await self.room.row(after, owner)
            begin = (last.created_at, last.id)
        query = Owned(owner=owner, provider=provider, after=begin)
        async for row in self.room.store.rows(query):
            yield connection_of(row)

    async def disconnect(self, connection: str, *, owner: Owner) -> Receipt:
        """End a connection: stop it, revoke it at the provider, destroy its key.

        Asking again gives the same receipt, or tries again what was not confirmed.

        Raises:
            NotConnected: this owner has no such connection.
        """
        row = await self.room.row(connection, owner)
        ending = self._endings.get(row.id)
        if ending is None:
            # Whoever asks meanwhile is told what comes of this, and the provider is told once.
            ending = self.room.work.begin(revocation.disconnect(self.room, self._refresher, row))
            self._endings[row.id] = ending
            ending.add_done_callback(lambda _: self._endings.pop(row.id))
        return await asyncio.shield(ending)

    async def _fresh(self, connection: str, owner: Owner, newer_than: int | None) -> Openable:
        found = await self.room.credential(connection, owner)
        check_usable(found)
        if newer_than is not None and newer_than > found.generation:
            raise BadArguments(
                f"{found.id} has had {found.generation} token sets, not {newer_than}"
            )
        if not self._is_due(found, newer_than):
            return found
        row = await self.room.row(connection, owner)
        # Read again, because another process may have refreshed between the two reads.
        if self._is_due(row, newer_than) and not await self._is_last(row, newer_than):
            row = await self._refresher.renew(row)
        check_usable(row)
        return row

    def _is_due(self, row: Openable, newer_than: int | None) -> bool:
        return _is_refused(row, newer_than) or 0 < row.expires_at < self.room.clock() + _FRESH

    async def _is_last(self, row: Openable, newer_than: int | None) -> bool:
        # Its last minute is better than none, where there is no refresh token.
        if _is_refused(row, newer_than) or row.expires_at <= self.room.clock():
            return False
        tokens, _ = await self.room.keyring.open(row)
        return tokens.refresh is None

    async def _open(self, row: Openable) -> AccessToken:
        access, scopes = await self.room.keyring.access(row)
        return AccessToken(access, instant(row.expires_at), row.generation, scopes)


def _is_refused(row: Openable, newer_than: int | None) -> bool:
    return newer_than is not None and row.generation <= newer_than
