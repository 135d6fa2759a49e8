"""The one data key that every store has: whether it is there, and the key holder opens it."""

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from connector_vault.cli.checks.contents import BACKUP
from connector_vault.cli.checks.files import opened
from connector_vault.cli.checks.verdicts import Check, ok, problem, warn
from connector_vault.errors import Corrupt

if TYPE_CHECKING:
    from connector_vault.keys import KeyHolder
    from connector_vault.settings import Settings

__all__ = ["check_store_key"]

_NAME = "store key"
_ID = bytes(16)
_STORE = "select value from vault.meta where name = 'store_id'"
_KEY = f"select holder, wrapped from vault.dek where dek_id = x'{_ID.hex()}'"  # noqa: S608  # our own id


def check_store_key(settings: "Settings", holders: "Sequence[KeyHolder]") -> Iterator[Check]:
    """Look at it, in the database or in the one with the data keys."""
    if not holders:
        yield warn(_NAME, "not tried: the key holder does not work")
        return
    keys = settings.keys_database or settings.database
    try:
        store, key = _first(settings.database, _STORE), _first(keys, _KEY)
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorname", type(error).__name__)
        yield problem(_NAME, f"it cannot be read ({code})", BACKUP)
        return
    yield _judged({holder.id: holder for holder in holders}, store, key)


def _judged(
    holders: "Mapping[str, KeyHolder]", store: tuple[object, ...], key: tuple[object, ...]
) -> Check:
    match store, key:
        case (bytes(id_),), (str(sealed_under), bytes(wrapped)):
            holder = holders.get(sealed_under)
            if holder is None:
                words = (
                    f"the database was sealed under {sealed_under}, and {', '.join(holders)} works"
                )
                return problem(_NAME, words, "name that holder, too, in CONNECTOR_VAULT_KEYS")
            if not asyncio.run(_opens(holder, id_, wrapped)):
                words = f"{sealed_under} does not open it: it is another key of that name, or old"
                mend = f"name the key it was sealed under, in its newest state; else {BACKUP}"
                return problem(_NAME, f"{words}, or the database was altered", mend)
            return ok(_NAME, "the key holder opens it")
        case _:
            return problem(_NAME, "it is gone from the database", BACKUP)


async def _opens(holder: "KeyHolder", store: bytes, wrapped: bytes) -> bool:
    from connector_vault.envelope import wipe, wrap_context
    from connector_vault.keys import Wrapped

    context = wrap_context(store, "", "", _ID)
    (raw,) = await holder.unwrap([Wrapped(wrapped, context)])
    if isinstance(raw, Corrupt):
        return False
    wipe(raw)
    return True


def _first(url: str, question: str) -> tuple[object, ...]:
    """Give the first row of an answer, or nothing."""
    if url.startswith("sqlite:"):
        from connector_vault.stores.sqlite import path_of

        with opened(path_of(url)) as connection:
            return tuple(connection.execute(question.replace("vault.", "")).fetchone() or ())
    from connector_vault.cli.checks.session import first

    return first(url, question.replace("x'", "'\\x"))
