"""A database on a server: whether it can be reached, worked with and relied on."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from connector_vault.cli.checks.contents import (
    MOST_NAMED,
    judge_audit,
    judge_connections,
    judge_waiting,
    judge_world,
)
from connector_vault.cli.checks.session import opened
from connector_vault.cli.checks.storekey import check_store_key
from connector_vault.cli.checks.verdicts import Check, ok, problem, warn

if TYPE_CHECKING:
    from asyncpg import Connection, Record

    from connector_vault.keys import KeyHolder
    from connector_vault.settings import Settings
    from connector_vault.stores.postgres.address import Address

__all__ = ["check_server"]

_FAR = 2_000
"""Milliseconds by which two clocks may differ before somebody should know."""

_SERVER = """
    select current_setting('server_version'), pg_is_in_recovery(), pg_backend_pid(),
        floor(extract(epoch from clock_timestamp()) * 1000)::bigint,
        current_setting('fsync'), current_setting('full_page_writes'),
        current_setting('synchronous_standby_names'), (select count(*) from pg_stat_replication),
        current_setting('max_connections')::bigint, (select count(*) from pg_stat_activity
            where backend_type = 'client backend'),
        inet_server_addr() is null, coalesce((select ssl from pg_stat_ssl
            where pid = pg_backend_pid()), false)
"""
_WORLD = "select value from vault.meta where name = 'world'"
_TRIGGERS = """
    select count(*) from pg_trigger
    where tgrelid = to_regclass($1) and tgname like 'audit_is_not_%' and tgenabled in ('O', 'A')
"""
_LINES = "select greatest(reltuples, 0)::bigint from pg_class where oid = to_regclass($1)"
"""To count the lines would take long."""

_COUNTS = "select state, count(*) from vault.connection group by state"
_WAITING = """
    select id, provider from vault.connection where state = $1 order by changed_at desc limit $2
"""


def check_server(settings: "Settings", holders: "Sequence[KeyHolder]") -> Iterator[Check]:
    """Look at the server, and at what is in our schema of it."""
    from connector_vault.stores.postgres.address import address_of

    address = address_of(settings.database)
    checks, fit = asyncio.run(_looked(address, settings))
    yield from checks
    if fit:
        yield from check_store_key(settings, holders)


async def _looked(address: "Address", settings: "Settings") -> tuple[list[Check], bool]:
    """Give what was found, and whether there is something of ours to be looked into."""
    from connector_vault.stores.postgres.schema import NEWEST, look

    async with opened(address) as session:
        before = time.monotonic()
        (about,) = await session.fetch(_SERVER)
        seconds = time.monotonic() - before
        checks = _server(address, about, seconds, session.get_server_pid())
        found = await look(session, address.schema)
        checks.append(_schema(found.schema, found.version, NEWEST))
        if found.version:
            checks += await _contents(session, found.schema, settings)
        return checks, found.version > 0


def _server(address: "Address", about: "Record", seconds: float, pid: int) -> list[Check]:
    version, standby, backend, now, fsync, pages, synchronous, standbys, *rest = about
    most, used, local, encrypted = rest
    took = f"PostgreSQL {version!s}, answers in {seconds * 1000:.1f} ms"
    if standby:
        mend = "name the primary, or all hosts: postgresql://A,B/NAME"
        reached = problem("database", f"{took}, and is a standby: it cannot be written to", mend)
    else:
        reached = ok("database", took)
    return [
        reached,
        _durability(
            whole=fsync == "on" and pages == "on",
            synchronous=bool(synchronous),
            standbys=int(standbys or 0),
        ),
        _clock(int(now or 0) - time.time_ns() // 1_000_000),
        _pooling(pooled=address.pooled, proxied=backend != pid),
        _connections(address.sessions + 1, int(used or 0), int(most or 0)),
        _encryption(private=bool(local or encrypted), encrypted=bool(encrypted)),
    ]


def _durability(*, whole: bool, synchronous: bool, standbys: int) -> Check:
    if not whole:
        words = "the server does not wait for its disk: a power cut loses tokens, or everything"
        return problem("durability", words, "turn fsync and full_page_writes on")
    if standbys and not synchronous:
        words = f"{standbys} standbys, none synchronous: a failover may lose the newest tokens"
        return warn("durability", words, "set synchronous_standby_names")
    kind = f", and on one of {standbys} standbys" if standbys else ""
    return ok("durability", f"each commit is on the disk before it counts{kind}")


def _clock(ahead: int) -> Check:
    words = f"the database's is {abs(ahead) / 1000:.1f} s {'ahead' if ahead > 0 else 'behind'}"
    if abs(ahead) > _FAR:
        return warn("clocks", f"{words}: the vault goes by it", "set this host's clock")
    return ok("clocks", words)


def _pooling(*, pooled: bool, proxied: bool) -> Check:
    if pooled:
        return ok("pooling", "transaction: another process's end is not noticed at once")
    if proxied:
        words = "a proxy stands between us and the server"
        mend = "unless it pools sessions, put pooling=transaction into the database's address"
        return warn("pooling", words, mend)
    return ok("pooling", "session: each connection is ours alone")


def _connections(ours: int, used: int, most: int) -> Check:
    words = f"{used} of {most} in use, and each process of ours takes up to {ours}"
    if used + ours > most:
        mend = "raise max_connections, or put connections= into the database's address"
        return warn("database connections", words, mend)
    return ok("database connections", words)


def _encryption(*, private: bool, encrypted: bool) -> Check:
    if not private:
        words = "no: whoever is on the way reads along"
        return warn("encrypted", words, "put sslmode=verify-full into the database's address")
    return ok("encrypted", "yes" if encrypted else "it does not leave this machine")


def _schema(name: str, found: int, newest: int) -> Check:
    if not found:
        return warn("schema", f"there is none in {name} yet", "run: connector-vault init")
    if found > newest:
        words = f"{found}, and this version knows {newest}"
        return problem("schema", words, "install a newer connector-vault")
    if found < newest:
        words = f"{found}, and this version needs {newest}"
        return problem("schema", words, "run: connector-vault db upgrade")
    return ok("schema", f"{found}, the newest, in {name}")


async def _contents(session: "Connection", schema: str, settings: "Settings") -> list[Check]:
    from connector_vault.stores.postgres.wording import in_schema, quoted

    async def ask(question: str, *values: str | int) -> "Sequence[Record]":
        return await session.fetch(in_schema(question, schema), *values)

    audit = f"{quoted(schema)}.audit"
    ((triggers,),) = await ask(_TRIGGERS, audit)
    lines = [int(count or 0) for (count,) in await ask(_LINES, audit)]
    counts = {str(state): int(count or 0) for state, count in await ask(_COUNTS)}
    worlds = [value for (value,) in await ask(_WORLD) if isinstance(value, bytes)]
    waiting = {
        state: {str(id_): str(provider) for id_, provider in await ask(_WAITING, state, MOST_NAMED)}
        for state in ("reconnect", "revoking")
    }
    return [
        judge_world(worlds[0] if worlds else b"unknown", settings),
        judge_audit(f"about {sum(lines)} lines", whole=triggers == 3),
        judge_connections(counts),
        *(judge_waiting(state, found) for state, found in waiting.items()),
    ]
