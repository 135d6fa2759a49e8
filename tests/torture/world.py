"""One schedule: its processes, its provider, what a seed makes of them, and what was seen."""

import asyncio
import re
from collections import Counter
from contextvars import ContextVar, copy_context

from connector_vault.errors import StoreUnavailable
from tests.torture.fate import HOT, Fate
from tests.torture.loop import Loop
from tests.torture.process import Process
from tests.torture.provider import Network, Provider, connector_of

__all__ = ["ENDING", "EPOCH", "STORING", "World"]

EPOCH = 1_800_000_000_000
"""Milliseconds since 1970 at which every schedule begins."""

_PLACE = re.compile(r"[0-9a-f]{16}\.\d+-")
"""What an id says of this machine and this run."""


STORING: ContextVar[str] = ContextVar("STORING")
"""The refresh token that a task brings into the row."""

CAP = 600_000
"""Milliseconds. Beyond it the protocol promises nothing of whom nobody can see."""

ENDING: ContextVar[bool] = ContextVar("ENDING")
"""Set in what a disconnect does."""


class World:
    """Everything there is in one schedule."""

    def __init__(self, ground, seed, setting, *, trace=None):
        self.setting, self.trace = setting, trace
        self.database, self.folders, self.keys = ground.database, ground.folders, ground.keys
        self.owner = ground.owner
        self.connection = ground.connections.get((setting.policy, setting.expired))
        self.fate = Fate(seed, setting)
        self.loop = Loop(self.fate.choose)
        self.context = copy_context()
        self.connector = connector_of(setting)
        self.provider = Provider(self, setting)
        self.network = Network(self)
        self.processes = []
        self.step = 0
        self.calm = False
        """Whether nothing fails any more."""
        self.reached = Counter()
        self.failures = []
        """What must not happen, and did."""
        self.safe = set()
        """Refresh tokens that were received and are on a disk, or should be by all that is said."""
        self.overtaken = {}
        """Attempts that others took for over after a time, with the step at which they did."""
        self.away_until = 0.0
        self.set_by = 0
        """Milliseconds by which somebody has set the clock forward."""
        self.posts = {}
        self.consents = []
        self.kept = set()
        """Refresh tokens of consents that were taken in."""
        self.actors = []
        self.all_done = asyncio.Event()
        self.state = "active"
        """What the row said after the last commit."""
        self.ended_at = -1
        """The step at which the row first said `revoking`."""
        self.stored = set()
        """Refresh tokens that refreshes brought into the row."""
        self.receipt = None
        self.dead_at = -1
        """The step at which the row was last seen to say `reconnect`."""

    def clock(self):
        """Give the time all agree on, in milliseconds since 1970."""
        return EPOCH + self.set_by + int(self.loop.time() * 1000)

    def say(self, who, what):
        if self.trace is not None:
            what = _PLACE.sub("", what)
            self.trace.append(f"{self.loop.time():9.3f}  {who:10} {what}")

    def note(self, what):
        self.reached[what] += 1

    def fail(self, kind, what):
        self.failures.append((kind, what))
        self.say("FAILURE", f"{kind}: {what}")

    def strikes(self, kind, process):
        """Tell whether a fault strikes here."""
        if self.calm:
            return False
        struck = self.fate.strikes(kind, process.heat)
        if struck:
            self.note(kind)
            self.say(process.name, f"*** {kind}")
        return struck

    def new_process(self, name, host=0, *, nameless=False):
        process = Process(self, name, host, nameless=nameless)
        self.processes.append(process)
        return process

    def come_to(self, process, what, *, wait=True):
        """Let a process come to a point, which may be its last."""
        self.step += 1
        if self.trace is not None:
            self.say(process.name, what)
        if self.strikes("kill", process):
            self.note(f"kill: {what.split(' ')[0]}")
            process.die()
        elif wait and self.strikes("pause", process):
            self._stop(process)
        elif self.strikes("clock set", process):
            self.set_by += self.fate.rng.choice((-3_600_000, -40_000, 40_000, 3_600_000))

    def check_database(self, process):
        """Let nobody pass while it is away."""
        if self.strikes("database away", process):
            self.away_until = self.loop.time() + self.fate.rng.choice((0.3, 3, 8, 40, 90))
        if self.loop.time() < self.away_until:
            raise StoreUnavailable("the database is away")

    def note_begun(self, row, *, spend):
        """Look whether an attempt may begin in the state of its row."""
        ending = ENDING.get(None) and row.state == "revoking"
        if spend and row.state != "active" and not ending:
            self.fail("BEGUN", f"a refresh begins on what is {row.state}")

    def note_committed(self):
        """Look what a commit made of the row."""
        before, (state, _) = self.state, self.row()
        self.state = state
        if state == "reconnect" and state != before:
            self._look_at_verdict()
        if token := STORING.get(None):
            self.stored.add(token)
        if state == "revoking" and self.ended_at < 0:
            self.ended_at = self.step
        if state in ("active", "reconnect") and self.ended_at >= 0:
            self.fail("RISEN", f"{state} after a disconnect")

    def _look_at_verdict(self):
        self.note("verdicts")
        grant = max(self.provider.grants.values(), key=lambda one: one.number)
        if grant.alive and self.is_owed(grant) and not self.reached["cap passed"]:
            self.fail("WRONG", f"reconnect, though {grant.newest} is good and was received")

    @property
    def asked_to_end(self):
        return self.ended_at >= 0

    def note_posted(self, flight):
        """Look whether a refresh token may be sent."""
        token = flight.token
        if token is None:
            return
        if 0 <= self.ended_at < flight.looked and not ENDING.get(None):
            self.fail("BEGUN", f"{token} is sent after a disconnect began")
        earlier = self.posts.setdefault(token, [])
        for one in earlier:
            if why := self._forbids(one):
                self.note("overtaken") if self._excused(flight, one) else self.fail("TWICE", why)
        earlier.append(flight)
        self.note("posts" if len(earlier) == 1 else "posts again")
        flight.sender.heat = HOT

    def _forbids(self, one):
        if one.sender.alive and not one.over:
            return f"{one.token} is being refreshed by {one.sender.name}"
        if one.under_way:
            return f"{one.token} of {one.sender.name} is still under way"
        won = one.won and self.setting.policy != "still"
        if won and (one.sender.alive or one.given in one.sender.kept):
            return f"{one.sender.name} has the answer to {one.token}"
        return ""

    def _excused(self, flight, one):
        # Whoever was overtaken after the cap may still send what it had made sure of before.
        at = self.overtaken.get(flight.attempt)
        return one.attempt in self.overtaken if at is None else 0 < flight.checked <= at

    def note_read(self, flight):
        if flight.won and flight.token:
            flight.sender.received.add(flight.given)

    def note_killed(self, grant):
        self.note("grants killed")
        if self.is_owed(grant) and not self.reached["overtaken"]:
            self.fail("KILLED", f"{grant.newest} was safe when its grant was killed")

    def note_safe(self, process, tokens):
        """Note what is on a process's disk, or should be by all that is said."""
        self.safe.update(tokens)
        process.kept.update(tokens)

    def note_overtaken(self, attempt, ran_out_at):
        """Note that an attempt was taken for over, because so long a time had passed."""
        name = attempt.rpartition("/")[0]
        if self.clock() < ran_out_at + CAP:
            return
        for process in self.processes:
            own = process.journal._own
            names = {process.refresher.leases._nameless, own and own.process}
            blind = process.alive or process.shared or name.startswith("none")
            if name in names and blind:
                self.note("cap passed")
                self.overtaken[attempt] = self.step

    def take_receipt(self, receipt):
        """Look whether what a receipt says is so."""
        self.receipt = receipt
        ended = receipt.outcome in ("revoked", "already gone") and receipt.finished_at is not None
        if not ended or self.consents or self.reached["cap passed"]:
            return
        for grant in self.provider.grants.values():
            if grant.alive and self.is_owed(grant):
                self.fail("ALIVE", f"{grant.newest} is in a process, and lives behind a receipt")

    def is_owed(self, grant):
        """Tell whether the newest token of a grant must not be lost any more."""
        newest = grant.newest
        return newest in self.safe or any(
            process.alive and newest in process.received for process in self.processes
        )

    def row(self):
        """Read the row, past everybody."""
        question = "select state, generation from connection where id = ?"
        found = self.database.execute(question, (self.connection,)).fetchone()
        if found[0] == "reconnect":
            self.dead_at = self.step
        return found

    def look_who_is_done(self):
        """Wake whoever waits for all to be done."""
        if all(actor.done for actor in self.actors):
            self.all_done.set()

    def _stop(self, process):
        fate = self.fate
        seconds = fate.between(5, 60) if fate.coin(0.8) else 120
        if (self.setting.hosts > 1 or self.setting.nameless) and fate.coin():
            seconds = fate.between(600, 900)
        process.lane.asleep = True
        self.say(process.name, f"is stopped for {seconds:.1f} s")
        self.loop.call_later(seconds, self._wake, process, context=self.context)

    def _wake(self, process):
        process.lane.asleep = False
        process.say("goes on")
