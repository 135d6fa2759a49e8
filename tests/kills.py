"""Processes that refresh until they are killed: `python -m tests.kills`.

It reads a list of victims a line, makes each by a fork, kills it at a moment of its own or lets it
kill itself at a step, and prints how each ended. Making one takes milliseconds: all that a victim
needs was imported before.
"""

import asyncio
import contextvars
import json
import os
import select
import signal
import sys
import time
import traceback
from contextlib import suppress

import anyio._backends._asyncio  # noqa: F401  # before the fork, here and below
import asyncpg  # noqa: F401

from connector_vault import Client, Owner, Secret, Vault, http, lifecycle, registry
from connector_vault.errors import ConnectorVaultError, Reconnect
from connector_vault.journal import Journal
from connector_vault.journal.own import OwnFile
from connector_vault.lease import Leases
from connector_vault.refresh import Refresher
from connector_vault.stores import Update
from connector_vault.stores.postgres import PostgresStore
from connector_vault.stores.sqlite import SqliteStore
from tests.ledger import mark_of

STEPS = (
    "leased",
    "prepared",
    "sending",
    "sent",
    "received",
    "written",
    "synced",
    "journalled",
    "committing",
    "committed",
    "wiped",
)
"""What a refresh goes through. A victim may die as soon as it has come to one of them."""

SHORT = {"SEND": 2.0, "COMMIT": 0.8, "SETTLE": 0.2, "LIFE": 3.2}
"""Seconds. Whoever follows a victim waits for its lease to run out: 35 are too many, 500 times; and
a busy machine may be late by one."""

LONG = {name: getattr(lifecycle, name) for name in SHORT}
"""Seconds, as everybody has them."""

APPS = 8
"""How many clients there are: the provider keeps ten tokens of one person at each."""

CLIENTS = [
    Client(provider="github", id=f"Iv1.app{n}", secret=Secret("s" * 9), name=f"app{n}")
    for n in range(APPS)
]

_LONGEST = 120.0
"""Seconds a victim lives if nobody kills it."""

_spent = contextvars.ContextVar("spent", default="-")


def hurry(seconds=SHORT):
    """Let leases and deadlines be short, in this process."""
    for name, value in seconds.items():
        setattr(lifecycle, name, value)


def victim(*connections, last=None, goal=None):
    """Say what a process refreshes, until how many token sets, and at which step it dies."""
    which = [(one.id, one.owner.user, one.generation) for one in connections]
    return {"connections": which, "last": last, "goal": goal}


class Marks:
    """What a victim wrote down about itself. The file outlives it."""

    def __init__(self, path, last):
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._last = last
        self._begun = False

    def note(self, step, which=None):
        """Say that a refresh came to a step, and die if it is the last."""
        line = f"{time.monotonic_ns()} {os.getpid()} {step} {which or _spent.get()}\n"
        os.write(self._file, line.encode())
        if not self._begun:
            # Whoever kills this process counts from its first lease.
            self._begun = True
            os.write(1, b".")
        if step == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


def watch(marks):
    """Have each step of a refresh noted. What is done stays as it is."""
    _follow(Leases, "_take", after=lambda held, *_: held and marks.note("leased"))
    _follow(Refresher, "_prepare", after=lambda *_: marks.note("prepared"))
    _follow(http.Http, "send", before=_sending(marks), after=_received(marks))
    _follow(http._Sent, "trace", after=_sent(marks))
    _follow(Journal, "append", after=lambda *_: marks.note("journalled"))
    for store in (SqliteStore, PostgresStore):
        _follow(store, "commit", before=_storing(marks, "committing"))
        _follow(store, "commit", after=lambda _, *given: _storing(marks, "committed")(*given))
    _watch_disk(marks)


def _follow(owner, name, before=lambda *_: None, after=lambda *_: None):
    done = getattr(owner, name)

    async def followed(self, *given, **named):
        before(*given)
        result = await done(self, *given, **named)
        after(result, *given)
        return result

    setattr(owner, name, followed)


def _sending(marks):
    def sending(request):
        if not _spends(request):
            return
        _spent.set(mark_of(request.form["refresh_token"]))
        marks.note("sending")

    return sending


def _received(marks):
    def received(_, request):
        if _spends(request):
            marks.note("received")

    return received


def _spends(request):
    return "refresh_token" in (request.form or {})


def _sent(marks):
    def sent(_, event, *_rest):
        if event.endswith("send_request_body.complete"):
            marks.note("sent")

    return sent


def _storing(marks, step):
    def storing(*changes):
        if any(isinstance(one, Update) and "sealed" in one.set for one in changes):
            marks.note(step)

    return storing


def _watch_disk(marks):
    """Note what the journal's thread does, which knows records and not whose they are."""
    owners = {}
    append, sync, write, done = Journal.append, OwnFile._sync, OwnFile.write, Journal.done

    async def appending(self, record):
        owners[record] = _spent.get()
        return await append(self, record)

    def syncing(self):
        marks.note("written", ",".join(owners.values()))
        return sync(self)

    def writing(self, entries):
        write(self, entries)
        for entry in entries:
            if entry.failure is None:
                marks.note("synced", owners.pop(entry.record))

    def wiping(self, number):
        done(self, number)
        marks.note("wiped")

    Journal.append, OwnFile._sync, OwnFile.write, Journal.done = appending, syncing, writing, wiping


async def refresh(place, url, connections, goal):
    """Refresh connections, all at once, until each has had so many token sets, or for ever."""
    database, keys, journal = place
    told = {"keys": keys, "journal": journal, "emulator": url, "clients": CLIENTS}
    async with Vault.open(database, **told, background=False) as vault:
        async with asyncio.timeout(_LONGEST):
            await asyncio.gather(*(_churn(vault, goal, *one) for one in connections))


async def _churn(vault, goal, connection, user, generation):
    owner = Owner(tenant="acme", user=user)
    told = {"owner": owner, "purpose": "test"}
    while goal is None or generation < goal:
        try:
            token = await vault.token(connection, **told, newer_than=generation)
        except Reconnect:
            # Another's answer was lost. This one has others to refresh, or waits to be killed.
            if goal is not None:
                return
            await asyncio.sleep(_LONGEST)
        except ConnectorVaultError:
            await asyncio.sleep(0.02)
        else:
            generation = token.generation


def _live(place, url, connections, marks, last, goal, seconds):
    hurry(seconds)
    watch(Marks(marks, last))
    asyncio.run(refresh(place, url, connections, goal))


def _fork(told):
    """Make a victim. Give its number, and a file that says when it has begun."""
    begun, says = os.pipe()
    number = os.fork()
    if number:
        os.close(says)
        return number, begun
    code = 1
    try:
        os.dup2(says, 1)
        _live(**told)
        code = 0
    except BaseException:  # noqa: BLE001  # a child of a fork must not return
        traceback.print_exc()
    finally:
        os._exit(code)


def kill(victims):
    """Make victims, kill each at its time, and give how they ended: -9, if all went well."""
    made = [(*_fork(told), after) for after, told in victims]
    waiting = {begun: (number, after) for number, begun, after in made}
    due = []
    while waiting or due:
        soon = max(0.0, min(due)[0] - time.monotonic()) if due else None
        for begun in select.select([*waiting], [], [], soon)[0]:
            number, after = waiting.pop(begun)
            os.close(begun)
            if after is not None:
                due.append((time.monotonic() + after, number))
        for moment, number in [one for one in due if one[0] <= time.monotonic()]:
            due.remove((moment, number))
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
    return [os.waitstatus_to_exitcode(os.waitpid(number, 0)[1]) for number, *_ in made]


def main():
    """Do what each line says, until there is no more."""
    registry.load("github")
    print("ready", flush=True)  # noqa: T201  # the test reads it, here and below
    for line in sys.stdin:
        print(json.dumps(kill(json.loads(line))), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
