"""How processes know of each other: locks that die with their sessions, and notices."""

import asyncio
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING

from connector_vault.errors import ConnectorVaultError
from connector_vault.stores.postgres.connecting import Server
from connector_vault.stores.postgres.failures import translating
from connector_vault.stores.postgres.locks import digest, lock_of
from connector_vault.stores.postgres.sessions import Sessions

if TYPE_CHECKING:
    from asyncpg import Connection

__all__ = ["Present"]

_DEADLINE = 5.0
"""Seconds to take a lock that nobody else should hold."""

_BEAT = 10.0
"""Seconds between two looks at whether the session lives."""

_SOON, _LATE = 0.05, 5.0
"""Seconds before the first try to have a session again, and at most before the next."""

_LOCK = "select pg_advisory_lock($1)"
_PROBE = "select pg_try_advisory_xact_lock_shared($1)"
"""Shared, so that two who ask at once do not take each other for the holder. It is free again as
soon as it is answered."""

_TELL = """
    select set_config('synchronous_commit', 'off', true), pg_notify($1, told)
    from unnest($2::text[]) as told
"""
"""Who waits looks again soon: a notice that is lost loses nothing, and waits for no disk."""


class Present:
    """The presence of a database with sessions. It needs one session of its own."""

    def __init__(self, sessions: Sessions, schema: str, server: Server | None) -> None:
        self._sessions = sessions
        self._schema = schema
        self._channel = f"connector_vault_{digest(schema).hex()}"
        self._server = server
        """None: behind a proxy that gives nobody a session."""
        self._session: Connection | None = None
        self._lost = asyncio.Event()
        self._appearing = asyncio.Lock()
        self._key: int | None = None
        """Of the lock that is held, or taken again as soon as that can be."""
        self._keeper: asyncio.Task[None] | None = None
        self._waiting: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._telling: set[str] = set()
        self._teller: asyncio.Task[None] | None = None

    async def appear(self, process: str) -> bool:
        """Hold the lock of this name from now on, and again whenever its session is lost."""
        if self._server is None:
            return False
        key = lock_of(self._schema, process)
        async with self._appearing:
            # Whoever asks again has it: a lock that this process holds cannot be taken again.
            if self._key != key:
                await self._begin(self._server, key)
                self._keeper = asyncio.create_task(self._keep(self._server, key))
                self._key = key
        return True

    async def alive(self, process: str) -> bool | None:
        if self._server is None:
            return None
        ((free,),) = await self._sessions.fetch(_PROBE, (lock_of(self._schema, process),))
        return not free

    async def wait(self, connection: str, seconds: float) -> None:
        heard = asyncio.Event()
        self._waiting[connection].add(heard)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await heard.wait()
        finally:
            self._waiting[connection].discard(heard)
            if not self._waiting[connection]:
                del self._waiting[connection]

    def tell(self, connection: str) -> None:
        self._telling.add(connection)
        if self._teller is None or self._teller.done():
            self._teller = asyncio.create_task(self._tell())

    async def close(self) -> None:
        """Give the lock up. What is still to be told is not told."""
        tasks = [task for task in (self._keeper, self._teller) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._session is not None:
            self._session.terminate()

    async def _tell(self) -> None:
        while self._telling:
            told, self._telling = [*self._telling], set()
            with suppress(ConnectorVaultError):
                await self._sessions.fetch(_TELL, (self._channel, told))

    async def _keep(self, server: Server, key: int) -> None:
        while True:
            await self._watch(server)
            pause = _SOON
            while self._lost.is_set():
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LATE)
                with suppress(ConnectorVaultError):
                    await self._begin(server, key)
            self._wake_all()

    async def _begin(self, server: Server, key: int) -> None:
        session = await server.open()
        try:
            with translating():
                await self._listen(session, key)
        except BaseException:
            session.terminate()
            raise
        self._session = session
        self._lost.clear()

    async def _listen(self, session: "Connection", key: int) -> None:
        session.add_termination_listener(self._ended)
        async with asyncio.timeout(_DEADLINE):
            await session.add_listener(self._channel, self._hear)
            await session.fetch(_LOCK, key)

    async def _watch(self, server: Server) -> None:
        """Return once the session is lost."""
        while self._session is not None and not self._session.is_closed():
            try:
                async with asyncio.timeout(_BEAT):
                    await self._lost.wait()
            except TimeoutError:
                await _beat(server, self._session)
        self._lost.set()

    def _ended(self, session: "Connection") -> None:
        if session is self._session:
            self._lost.set()

    def _hear(self, _session: "Connection", _process: int, _channel: str, told: object) -> None:
        self._wake(str(told))

    def _wake(self, connection: str) -> None:
        for heard in self._waiting.get(connection, ()):
            heard.set()

    def _wake_all(self) -> None:
        # Whatever was told meanwhile was not heard.
        for connection in self._waiting:
            self._wake(connection)


async def _beat(server: Server, session: "Connection") -> None:
    try:
        await server.greet(session)
    except Exception:  # noqa: BLE001  # whatever it is, another session takes its place
        session.terminate()
