"""The life of a credential: connect, hand out, refresh, disconnect."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from connector_vault import adoption, consent, events, pasting, revocation, rotation
from connector_vault.announcing import OnEvent
from connector_vault.deliveries import Deliveries
from connector_vault.errors import BadArguments
from connector_vault.handout import Handout
from connector_vault.maintenance import Maintenance, Progress
from connector_vault.model import (
    AccessToken,
    Client,
    Connection,
    Owner,
    Pending,
    Receipt,
    Secret,
    Tenant,
    Tokens,
)
from connector_vault.news import Event, Webhook
from connector_vault.opening import open_room
from connector_vault.refresh import Refresher
from connector_vault.reports import KeyStatus, Report
from connector_vault.room import Room, connection_of, now_ms
from connector_vault.services import Service
from connector_vault.stores import START, Owned
from connector_vault.undertaking import Shared

__all__ = ["Vault"]

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
        self._handout = Handout(room, refresher)
        self._deliveries = Deliveries(room, room.webhooks)
        self._maintenance = Maintenance(room, refresher, self._deliveries.deliver)
        self.rotation = self._maintenance.rotation
        self.renewal = self._maintenance.renewal
        self.restoration = self._maintenance.restoration
        self._endings: Shared[str, Receipt] = Shared(room.work)

    @staticmethod
    @asynccontextmanager
    async def open(
        database: str | None = None,
        *,
        keys: str | Sequence[str] | None = None,
        keys_database: str | None = None,
        clients: Iterable[Client] = (),
        emulator: str | None = None,
        journal: str | None = None,
        anchor: str | None = None,
        on_event: OnEvent | None = None,
        webhooks: Iterable[Webhook] = (),
        services: Iterable[Service] = (),
        background: bool = True,
        clock: Callable[[], int] = now_ms,
    ) -> AsyncGenerator["Vault"]:
        """Open the vault. What is not given here comes from the settings.

        `database`: `sqlite:///PATH` or `postgresql://…`. `keys`: the key holder (`local:PATH`), and
        others that only open what they once wrapped; made only with a new database.
        `keys_database`: where data keys lie, if apart. `emulator`: a loopback URL that stands for
        every provider. `journal`: a folder that outlives this process, for replies until they are
        stored. `anchor`: a file that who can write the database cannot, to notice its older
        states. `on_event`: a function, plain or async, called with each event this process commits.
        `webhooks`, `services`, `clients`: beside those of the settings. `background`: whether this
        process does what `maintain` does while it is open. `clock`: milliseconds since 1970 UTC.

        Raises:
            Misconfigured: a place cannot be used, or keys and database do not belong together.
            Corrupt: the database is damaged.
            StoreUnavailable, KeysUnavailable: it is away.
        """
        async with (
            open_room(
                database,
                keys=keys,
                keys_database=keys_database,
                clients=clients,
                emulator=emulator,
                journal=journal,
                anchor=anchor,
                on_event=on_event,
                webhooks=webhooks,
                services=services,
                clock=clock,
            ) as room,
            AsyncExitStack() as closing,
        ):
            vault = Vault(room, Refresher(room), closing)
            await vault._deliveries.enrol()
            if background:
                room.work.begin(vault._maintenance.keep())
                room.work.begin(vault._deliveries.keep())
            yield vault

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
        rows = await self.room.work.see_through(finishing)
        return tuple([await self.get(row.id, owner=owner) for row in rows])

    async def add(self, name: str, owner: Owner, *, secret: Secret, label: str = "") -> Connection:
        """Keep a pasted token of a provider, or the API key of any other service.

        A token of a provider we have a connector for is tried at once.

        Raises:
            BadArguments: the name or the secret cannot be one.
            Refused, Unreachable, TimedOut: the provider does not take the token; it is not kept.
        """
        row = await pasting.paste(self.room, name, owner, secret, label)
        return await self.get(row.id, owner=owner)

    async def adopt(
        self, provider: str, owner: Owner, *, tokens: Tokens, client: str = "default"
    ) -> Connection:
        """Take over tokens that another system obtained under the same OAuth client.

        They are refreshed at once, so that the other system's copy is spent: stop it first, or the
        provider may take two refreshers for a thief and end the grant. An account that is connected
        and works stays as it is, and so does what was adopted before.

        Raises:
            BadArguments: the tokens cannot be any.
            Misconfigured: the client is not registered here, or the provider has no OAuth.
            Refused: the provider does not accept a token that comes without a refresh token.
            Reconnect: the grant is dead, or was refreshed elsewhere meanwhile. The connection is
                kept, and its owner can mend it.
            Unreachable, RateLimited, TimedOut: the provider does not say whose the token is, and
                nothing is kept. If it fails later, the connection is given all the same, of
                generation 1, and `maintain` takes it over.
        """
        row = await self.room.work.see_through(
            adoption.adopt(self.room, self._refresher, provider, owner, tokens, client)
        )
        return await self.get(row.id, owner=owner)

    async def token(
        self, connection: str, *, owner: Owner, purpose: str, newer_than: int | None = None
    ) -> AccessToken:
        """Hand out a token, with at least 60 s to its stated end. The audit keeps the purpose.

        One that lives for two minutes or less is used for half of its life, and one that cannot be
        refreshed to its very end.

        `newer_than`: the generation a provider has just answered 401 to. It is refreshed only if
        nobody has.

        Raises:
            NotConnected: this owner has no such connection, or it was disconnected.
            Reconnect: the grant is dead; the owner has to consent again.
            Unreachable, RateLimited, Misconfigured: it is due, and cannot be refreshed now.
        """
        if not 0 < len(purpose) <= _MAX_PURPOSE or not purpose.isprintable():
            raise BadArguments("say for what purpose, in 1 to 200 printable characters")
        row, token = await self._handout.give(connection, owner, newer_than)
        self.room.audit.note(row, "token", purpose=purpose)
        return token

    async def current(
        self, connection: str, *, owner: Owner, newer_than: int | None = None
    ) -> AccessToken:
        """Give a token to the gateway, whose own audit says what it is for."""
        _, token = await self._handout.give(connection, owner, newer_than)
        return token

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

    async def events(
        self, *, after: int = 0, owner: Owner | Tenant | None = None, follow: bool = False
    ) -> AsyncIterator[Event]:
        """Give what became of connections, in order: all events after the one with this cursor.

        They are kept for 90 days. `after`: 0 stands before the first. `owner`: None gives
        everybody's. `follow`: go on with what happens in any process, until the vault closes.

        Raises:
            BadArguments: no event has this cursor, or those after it are not kept any more.
        """
        async for event in events.read(self.room, after=after, owner=owner, follow=follow):
            yield event

    async def disconnect(self, connection: str, *, owner: Owner) -> Receipt:
        """End a connection: stop it, revoke it at the provider, destroy its key.

        Asking again gives the same receipt, or tries again what was not confirmed.

        Raises:
            NotConnected: this owner has no such connection.
        """
        row = await self.room.row(connection, owner)
        # Whoever asks meanwhile is told what comes of this, and the provider is told once.
        end = partial(revocation.disconnect, self.room, self._refresher, row)
        return await asyncio.shield(self._endings.begin(row.id, end))

    async def maintain(self, *, once: bool = True, progress: Progress | None = None) -> Report:
        """Do what is due: land, refresh, revoke, rewrap, announce deaths, deliver, purge.

        Safe in any number of processes at once. `once`: give a report and end; else go on until the
        vault is closed. `progress` is called with what was done so far.

        Raises:
            StoreUnavailable, KeysUnavailable: not now; what was done is done.
        """
        return await (self._maintenance.round(progress) if once else self._maintenance.keep())

    async def rotate(
        self, *, rate: float | None = None, progress: rotation.Progress | None = None
    ) -> KeyStatus:
        """Make a new version of the key that wraps data keys, and wrap them all under it.

        Reads go on meanwhile. It may be stopped at any moment: `maintain` goes on. `rate`: keys a
        second. `vault.rotation` also retires old versions, and says how far things are.

        Raises:
            KeysUnavailable, StoreUnavailable: not now; what was done is done.
            KeysDenied: this vault may not, and the message says who does it how.
        """
        return await self.rotation.rotate(rate=rate, progress=progress)
