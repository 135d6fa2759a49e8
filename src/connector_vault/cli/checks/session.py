"""Asking a PostgreSQL server, and changing nothing in it."""

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from asyncpg import Connection

    from connector_vault.stores.postgres.address import Address

__all__ = ["first", "opened"]

_DEADLINE = 10.0
"""Seconds for all questions."""


def first(url: str, question: str) -> tuple[object, ...]:
    """Give the first row of an answer, or nothing."""
    from connector_vault.stores.postgres.address import address_of

    return asyncio.run(_first(address_of(url), question))


async def _first(address: "Address", question: str) -> tuple[object, ...]:
    from connector_vault.stores.postgres.schema import look
    from connector_vault.stores.postgres.wording import in_schema

    async with opened(address) as session:
        found = await look(session, address.schema)
        if not found.version:
            return ()
        rows = await session.fetch(in_schema(question, found.schema))
        return tuple(rows[0]) if rows else ()


@asynccontextmanager
async def opened(address: "Address") -> "AsyncGenerator[Connection]":
    """Open a session that ends with what is asked in it."""
    from connector_vault.stores.postgres.connecting import connect
    from connector_vault.stores.postgres.failures import translating

    session = await connect(address)
    try:
        with translating():
            async with asyncio.timeout(_DEADLINE):
                # Whatever is asked, nothing is changed.
                await session.execute("begin read only")
                yield session
    finally:
        session.terminate()
