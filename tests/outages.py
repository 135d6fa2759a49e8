"""A whole vault on a real key holder that fails, and what its callers see of that."""

import asyncio
import base64
import traceback
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from connector_vault import Secret
from connector_vault.envelope import wrap_context
from connector_vault.errors import KeysUnavailable
from connector_vault.keys import Wrapped
from tests.deeds import ADA, patiently, row_of
from tests.openbao_relay import Blocked

CROWD = 8
"""Connections whose keys nobody has fetched: more than the calls that go out at once."""

TICK = 0.02
"""Seconds in which whoever looks at the loop has looked at it."""

HERE = str(Path(__file__).parent)


class Clock:
    """The time of the data keys that are kept."""

    time = 0.0

    def __call__(self):
        return self.time


class Outage:
    """A vault that has just been opened, and what befalls its key holder.

    One connection is warm: its data key was fetched when the clock was at `since`. The others are
    cold, as in a process that has not used them yet.
    """

    def __init__(self, vault, part, fault, clock):
        self.vault, self.part, self.fault, self.clock = vault, part, fault, clock
        self.secrets, self.errors = set(), []
        self._handed_out = {}
        self.times_asked = 0
        self._keys = vault.room.keyring.keys
        part.holder = self._keys.holders.current
        self._unwrap, part.holder.unwrap = part.holder.unwrap, self._counted

    async def furnish(self, connect):
        """Connect an account, keep API keys beside it, and fetch the data key of the first."""
        self.warm = await patiently(partial(connect, self.vault))
        self.cold = [await patiently(partial(self._add, number)) for number in range(CROWD)]
        await self._learn([await row_of(self.vault, one) for one in (self.warm, *self.cold)])
        await self.mended()
        self.part.patience(self.fault.limit)

    async def _add(self, number):
        secret = Secret(f"sk-canary-{number:04}-of-an-api-key")
        return await self.vault.add("other", ADA, secret=secret)

    async def _learn(self, rows):
        """Learn what is handed out and what nobody is shown, and let no data key be kept."""
        for row in rows:
            tokens, _ = await self.vault.room.keyring.open(row)
            self._handed_out[row.id] = tokens.access
            both = (tokens.access, tokens.refresh)
            self.secrets.update(one.reveal() for one in both if one is not None)
            self._keys.forget(row.dek_id)
        for key in await patiently(partial(self._opened, rows)):
            self.secrets.update(spellings(bytes(key)))
        self._note_secrets()

    async def _opened(self, rows):
        """Have the holder open data keys: what the vault keeps of them does not show them."""
        store, items = self.vault.room.store, []
        for row in rows:
            context = wrap_context(store.id, row.tenant, row.id, row.dek_id)
            items.append(Wrapped((await store.key(row.dek_id)).wrapped, context))
        return await self.part.holder.unwrap(items)

    async def _counted(self, items):
        self.times_asked += 1
        return await self._unwrap(items)

    @contextmanager
    def begun(self):
        """Let the fault last for a while."""
        with self.fault.begun(self.part):
            yield
        self._note_secrets()

    @property
    def is_asked(self):
        """Whether the holder is being asked for a key."""
        return bool(self._keys._coming._tasks)

    def at(self, seconds):
        """Let it be so many seconds after the warm key was fetched."""
        self.clock.time = self.since + seconds

    async def token(self, connection):
        """Ask for a token, and look that it is the right one."""
        token = await self.vault.token(connection.id, owner=ADA, purpose="test")
        assert token.secret == self._handed_out[connection.id]

    async def served(self, connection):
        """Ask each second, as a busy machine may need longer than a short limit."""
        async with asyncio.timeout(20):
            while True:
                self.clock.time += 1
                try:
                    return await self.token(connection)
                except KeysUnavailable as error:
                    self.errors.append(error)

    async def mended(self):
        """Have the warm data key fetched again."""
        await self.served(self.warm)
        await self.settled()
        self.since = self.clock.time

    async def refused(self, *connections):
        """Ask for tokens at once, and give the kinds of errors that come of it."""
        asked = (self.token(one) for one in connections)
        answers = await asyncio.gather(*asked, return_exceptions=True)
        self.errors += answers
        return {type(answer) for answer in answers}

    async def settled(self):
        """Wait until nobody asks the holder any more."""
        while self.is_asked:
            await asyncio.wait(self._keys._coming._tasks.values())

    def shown(self, logged):
        """Give the secrets that an error or a log shows."""
        told = logged + "".join(map(whole_text, self.errors))
        return [secret for secret in self.secrets if secret in told]

    def _note_secrets(self):
        self.secrets.update(self.part.secrets())


def spellings(key):
    """Give all the ways in which a text may show some bytes."""
    shifted = [base64.b64encode(bytes(shift) + key).decode()[4:-4] for shift in (0, 1, 2)]
    return [repr(key)[2:-1], key.hex(), str(list(key))[1:-1], *shifted]


async def held_up(work):
    """Give the seconds for which some work kept the event loop from everything else, at most."""
    loop = Blocked()
    async with loop:
        # Whoever looks at the loop has looked before, and once more after the work.
        await asyncio.sleep(TICK)
        await work
        await asyncio.sleep(TICK)
    return loop.longest


def whole_text(error):
    """Give all that may be printed of an error: what led to it, and what our code knew then."""
    whole = told = traceback.TracebackException.from_exception(error, capture_locals=True)
    while told:
        ours = [frame for frame in told.stack if not frame.filename.startswith(HERE)]
        told.stack = traceback.StackSummary.from_list(ours)
        told = told.__cause__ or told.__context__
    return "".join([str(error), repr(error), repr(error.args), *whole.format()])
