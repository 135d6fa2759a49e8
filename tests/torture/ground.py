"""What schedules share: a database, folders, keys, and the real code made deterministic."""

import logging
import os
import random
import shutil
import tempfile
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import tenacity

from connector_vault import Owner, Secret, lease, lifecycle, registry
from connector_vault.intake import Intake, take_in
from connector_vault.journal import folder as journal_folder
from connector_vault.journal.files import held
from connector_vault.landing import Landings
from connector_vault.model import Account, Tokens
from tests.torture.database import CHECKED, LOOKED, new_database
from tests.torture.disk import CARRIED
from tests.torture.fate import POLICIES, draw
from tests.torture.loop import LANE
from tests.torture.process import Process
from tests.torture.provider import client_of
from tests.torture.world import EPOCH, STORING, World

__all__ = ["Ground", "ground"]

_NO_FAULTS = {"faults": (), "cold": True, "tempo": "lockstep"}


class Ground:
    """What is slow to make, and made once."""

    owner = Owner(tenant="acme", user="ada")

    def __init__(self, folder, ids):
        self._ids = ids
        self.world = None
        self.database = new_database()
        self.folders = (folder / "a", folder / "b")
        for path in self.folders:
            _settle(path)
        self.keys = ()
        self.connections = {}
        for policy in POLICIES:
            for expired in (False, True):
                self._connect(policy, expired)

    def begin(self, seed, setting, trace=None):
        """Begin a schedule on it."""
        random.seed(seed)
        self._ids.seed(seed)
        self.database.execute("begin")
        self.world = World(self, seed, setting, trace=trace)
        others = "delete from connection where id <> ?"
        self.database.execute(others, (self.world.connection,))
        return self.world

    def end(self):
        """Leave nothing of a schedule. Gives the names of the files that were left."""
        world, self.world = self.world, None
        for process in world.processes:
            process.journal.leave()
        if self.database.in_transaction:
            self.database.execute("rollback")
        left = [path for folder in self.folders for path in folder.glob("*.journal")]
        for path in left:
            path.unlink()
        return [path.name for path in left]

    def _connect(self, policy, expired):
        setting = draw(0, policy=policy, expired=expired, **_NO_FAULTS)
        world = self.world = World(self, 0, setting)
        process = Process(world, "first", 0)
        row, _ = world.loop.run(self._take_in(process, expired), steps=10_000, until=100)
        self.connections[policy, expired] = row.id
        self.keys += tuple(kept.key for kept in process.room.keyring.keys._kept.values())
        process.journal.leave()

    async def _take_in(self, process, expired):
        LANE.set(process.lane)
        said = process.world.provider.consent()
        lifetime = -10 if expired else said["expires_in"]
        tokens = Tokens(
            access=Secret(said["access_token"]),
            refresh=Secret(said["refresh_token"]),
            expires_at=EPOCH + lifetime * 1000,
        )
        policy = process.world.setting.policy
        await process.room.keyring.journal_key(EPOCH)
        return await take_in(
            process.room,
            Intake(
                owner=self.owner,
                provider=policy,
                kind="oauth",
                client=client_of(policy),
                tokens=tokens,
                account=Account(id=""),
                origin="consent",
            ),
        )


def _settle(path):
    journal_folder._make_folder(path)
    with held(os.open(path, os.O_RDONLY | os.O_DIRECTORY)) as folder:
        journal_folder._settle_place(folder)


@contextmanager
def ground():
    """Make the ground, and everything that decides by chance or by the clock obey a seed."""
    state, logs = random.getstate(), logging.root.manager.disable
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix="torture-", dir=memory))
    here = SimpleNamespace(made=None, ids=random.Random(0))
    logging.disable(logging.CRITICAL)
    try:
        with ExitStack() as stack:
            for target, name, new in _obedient(here):
                stack.enter_context(patch.object(target, name, new))
            here.made = Ground.__new__(Ground)
            here.made.__init__(folder, here.ids)
            stack.enter_context(closing(here.made.database))
            yield here.made
    finally:
        logging.disable(logs)
        random.setstate(state)
        shutil.rmtree(folder)


def _obedient(here):
    def world():
        return here.made.world

    def monotonic():
        return world().loop.time()

    async def write_down(self, flight):
        CARRIED.set(_text(flight.received.tokens.refresh))
        await _WRITE_DOWN(self, flight)

    async def receive(self, received, *rest):
        await _RECEIVE(self, received, *rest)
        if not world().reached["disk failed"]:
            # From here on the code itself takes it for safe.
            world().note_safe(LANE.get().process, [_text(received.tokens.refresh)])

    async def may_send(self, held):
        may = await _MAY_SEND(self, held)
        CHECKED.set(LOOKED.get())
        return may

    async def commit(self, received, *rest):
        STORING.set(_text(received.tokens.refresh))
        try:
            return await _COMMIT(self, received, *rest)
        finally:
            STORING.set("")

    return [
        (registry, "load", lambda _: here.made.world.connector),
        (registry, "names", lambda: POLICIES),
        (lifecycle, "SETTLE", 5.0),
        (lease, "_FIRST_LOOK", 0.05),
        (lease, "_LONGEST_LOOK", 2.0),
        # Beneath every id and nonce.
        (random, "_urandom", here.ids.randbytes),
        (tenacity, "time", SimpleNamespace(monotonic=monotonic)),
        (lease.Leases, "may_send", may_send),
        (Landings, "_write_down", write_down),
        (Landings, "receive", receive),
        (Landings, "_commit", commit),
    ]


_MAY_SEND = lease.Leases.may_send
_WRITE_DOWN, _RECEIVE, _COMMIT = Landings._write_down, Landings.receive, Landings._commit


def _text(secret):
    return secret.reveal() if secret else ""
