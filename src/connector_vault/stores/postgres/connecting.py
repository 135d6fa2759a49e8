"""One session with the server, made ready."""

import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from connector_vault.errors import Misconfigured, StoreUnavailable
from connector_vault.stores.postgres.address import Address
from connector_vault.stores.postgres.clock import NOW, Clock
from connector_vault.stores.postgres.failures import STANDBY, translating

if TYPE_CHECKING:
    from asyncio import BaseTransport

    from asyncpg import Connection

__all__ = ["Server", "connect"]

_DEADLINE = 5.0
"""Seconds to connect, and for the first answer."""

_MISSING = "PostgreSQL needs one more package: pip install 'connector-vault[postgres]'"

_MALFORMED = "the database's address is malformed: postgresql://USER@HOST/DATABASE?NAME=VALUE"

_KEPT: Mapping[str, str] = {
    "synchronous_commit": "on",
    "default_transaction_isolation": "read committed",
    "statement_timeout": "9s",
    "lock_timeout": "8s",
    "idle_in_transaction_session_timeout": "20s",
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "20s",
}
"""What a session is set to. A commit that waits for a lock ends at the server before we give up on
it, so that its outcome is known; and what a host held that has vanished is free within a minute."""

_STRONGER = "remote_apply"
"""A setting of `synchronous_commit` that stays as it is."""

_SETTLE = f"""
    select set_config(name, wanted.value, false)
    from (values {", ".join(map(str, _KEPT.items()))}) as wanted (name, value)
    join pg_settings using (name)
    where setting <> '{_STRONGER}'
"""  # noqa: S608  # our own names
"""Settings that this server does not know are left out."""

_GREETING = f"select {NOW}, pg_is_in_recovery()"

_SOCKET: Mapping[str, int] = {
    "TCP_KEEPIDLE": 15,
    "TCP_KEEPINTVL": 5,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 15_000,
}
"""A server that has vanished is noticed within half a minute, also by a session that only waits."""


class Server:
    """Where sessions come from."""

    def __init__(self, address: Address, clock: Clock) -> None:
        self._address = address
        self._clock = clock

    async def open(self) -> "Connection":
        """Open a session that is ready to work.

        Raises:
            Misconfigured: the server does not let us in, or asyncpg is not installed.
            StoreUnavailable: it does not answer, or may not be written to.
        """
        session = await connect(self._address)
        try:
            with translating():
                await self._prepare(session)
        except BaseException:
            session.terminate()
            raise
        return session

    async def _prepare(self, session: "Connection") -> None:
        await self.greet(session)
        if not self._address.pooled:
            await session.fetch(_SETTLE, timeout=_DEADLINE)

    async def greet(self, session: "Connection") -> None:
        """Ask the server for its time, and whether it may be written to."""
        before = self._clock.host()
        ((now, standby),) = await session.fetch(_GREETING, timeout=_DEADLINE)
        self._clock.learn(before, int(now or 0), self._clock.host())
        if standby:
            raise StoreUnavailable(STANDBY)


async def connect(address: Address) -> "Connection":
    """Open a session as it comes.

    Raises:
        Misconfigured: the server does not let us in, or asyncpg is not installed.
        StoreUnavailable: it does not answer.
    """
    try:
        import asyncpg
    except ModuleNotFoundError:
        raise Misconfigured(_MISSING) from None
    # A proxy's next session would not know the statements that this one prepared.
    kept = 0 if address.pooled else 100
    with translating():
        try:
            session = await asyncpg.connect(
                address.dsn, timeout=_DEADLINE, statement_cache_size=kept
            )
        except ValueError:
            # Its text repeats parts of the address, maybe those with a password.
            raise Misconfigured(_MALFORMED) from None
    _watch(session)
    return session


def _watch(session: "Connection") -> None:
    # asyncpg does not show its socket. Without this, our own deadlines end each wait.
    transport: BaseTransport | None = getattr(session, "_transport", None)
    plug: socket.socket | None = transport.get_extra_info("socket") if transport else None
    if plug is None or plug.family not in (socket.AF_INET, socket.AF_INET6):
        return
    with suppress(OSError):
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _SOCKET.items():
            if (option := getattr(socket, name, None)) is not None:
                plug.setsockopt(socket.IPPROTO_TCP, option, value)
