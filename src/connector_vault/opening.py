"""Opening the parts of a vault, and closing them in the right order."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from connector_vault.anchor import Anchor, begin_anchor, open_anchor
from connector_vault.announcing import OnEvent, announced
from connector_vault.audit import Audit
from connector_vault.catalog import open_catalog
from connector_vault.clients import Clients
from connector_vault.datakeys import DataKeys
from connector_vault.envelope import DataKey
from connector_vault.highwater import HighWater
from connector_vault.http import open_http
from connector_vault.journal import open_journal
from connector_vault.keyring import open_keyring
from connector_vault.keys import open_keys
from connector_vault.keys.several import Holders
from connector_vault.model import Client
from connector_vault.news import Webhook
from connector_vault.room import Room
from connector_vault.services import Service
from connector_vault.settings import journal_folder, load_settings
from connector_vault.stores import World, is_new, open_store
from connector_vault.stores.versions import check_made
from connector_vault.undertaking import Undertakings, unhurried

__all__ = ["open_room"]


@asynccontextmanager
async def open_room(
    database: str | None,
    *,
    keys: str | Sequence[str] | None,
    keys_database: str | None = None,
    clients: Iterable[Client],
    emulator: str | None,
    journal: str | None,
    anchor: str | None = None,
    on_event: OnEvent | None,
    webhooks: Iterable[Webhook],
    services: Iterable[Service] = (),
    clock: Callable[[], int],
) -> AsyncGenerator[Room]:
    """Open the parts: what `Vault.open` does. What was begun comes to its end before they close."""
    said = load_settings()
    database, emulator = database or said.database, emulator or said.emulator
    apart = (said.keys_database if keys_database is None else keys_database) or None
    new = await is_new(database, apart)
    if new:
        # First: keys that are made for a database that cannot be used yet are in the way later.
        await check_made(database)
    wraps, *opens = [keys] if isinstance(keys, str) else keys or (said.keys, *said.other_keys)
    # A device that is asked may take its time.
    current = await asyncio.to_thread(open_keys, wraps, create=new)
    async with unhurried() as stack:
        others = [await asyncio.to_thread(open_keys, uri) for uri in opens]
        holders = Holders(current, others)
        stack.push_async_callback(holders.close)
        # Entered before the store: whoever is still at work finds that closed, and not keyless.
        last = await stack.enter_async_context(AsyncExitStack())
        world: World = "emulated" if emulator else "real"
        store = await stack.enter_async_context(
            open_store(database, world=world, clock=clock, keys=apart)
        )
        store = await stack.enter_async_context(announced(store, on_event))
        http = await stack.enter_async_context(open_http(emulator))
        folder = journal_folder(journal or said.journal, beside=store.home, store_id=store.id)
        papers = await stack.enter_async_context(open_journal(folder, shared=store.shared))
        audit = Audit(store, store.clock)
        stack.push_async_callback(audit.close)
        work = Undertakings()
        stack.push_async_callback(work.close)
        data_keys = DataKeys(store, holders, work)
        last.callback(data_keys.close)
        catalog = open_catalog(said.services, services)
        keyring = await open_keyring(store, data_keys, catalog.endpoint)
        named = said.anchor if anchor is None else anchor
        watch = _anchor(named, await keyring.store_key(), store.id, new=new) if named else None
        if watch is not None:
            last.push_async_callback(watch.close)
        yield Room(
            store=store,
            keyring=keyring,
            seen=HighWater(watch, await keyring.epoch()),
            http=http,
            audit=audit,
            clients=Clients((*clients, *said.clients), catalog.family),
            catalog=catalog,
            journal=papers,
            clock=store.clock,
            work=work,
            webhooks=(*webhooks, *said.webhooks),
        )


def _anchor(named: str, key: DataKey, store: bytes, *, new: bool) -> Anchor:
    path = Path(named).expanduser().absolute()
    if new and not path.exists():
        begin_anchor(path, store)
    return open_anchor(path, key, store)
