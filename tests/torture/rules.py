"""The rules that keep a refresh from losing a connection, and how each is switched off."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from unittest.mock import patch

from connector_vault import lifecycle, refresh, verdict
from connector_vault.connector import Reply
from connector_vault.errors import OutcomeUnknown, StoreUnavailable
from connector_vault.journal import Journal
from connector_vault.landing import Landings
from connector_vault.lease import Leases
from connector_vault.lifecycle import Happening, Landing, Life, Step, Turn
from connector_vault.model import State
from connector_vault.refresh import Refresher
from connector_vault.stores import values
from tests.torture.database import SimStore
from tests.torture.process import SimHttp

__all__ = ["RULES", "Rule"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, and what it is like without it."""

    says: str
    off: Callable[[], AbstractContextManager[object]]
    where: Mapping[str, object] = field(default_factory=dict)
    """The settings in which it is missed soonest."""


def _without(target, name, new):
    return lambda: patch.object(target, name, new)


def _all_of(*offs):
    @contextmanager
    def off():
        with ExitStack() as stack:
            for one in offs:
                stack.enter_context(one())
            yield

    return off


async def _nothing(*_, **__):
    return None


@contextmanager
def _commit_if_still_ours():
    # Found here and not above: the simulation has its own around the real one.
    real = Landings._commit

    async def commit(self, received, row, *rest):
        if row is not None and row.attempt != received.attempt:
            return row
        return await real(self, received, row, *rest)

    with patch.object(Landings, "_commit", commit):
        yield


def _steps(changes):
    return lambda: patch.object(lifecycle, "_STEPS", {**lifecycle._STEPS, **changes})


def _values_without_condition(**columns):
    return {} if set(columns) == {"attempt", "generation", "state"} else values(**columns)


_GIVE = verdict.Verdicts.give


async def _stay_with_the_verdict(self, held, reason):
    await _GIVE(self, held, reason)
    raise refresh.Reconnect(reason, held.row.id)


async def _may_take_in_doubt(self, found):
    now = self._room.clock()
    said = lifecycle.turn(lease_until=found.lease_until, intent=found.intent, now=now, longest=60.0)
    return said is not Turn.WAIT


async def _lose_at_once(self, held, **known):
    doubt = values(intent="", doubt=held.row.attempt, lease_until=0)
    await self._give_back(held, {**doubt, **known})


def _over_once_it_ran_out(life, *, lease_until, now):
    return now >= lease_until + lifecycle.CAP * 1000 if life is Life.UNKNOWN else True


def _over_without_cap(life, **_):
    return life not in (Life.ALIVE, Life.LEFT)


_FIND = Journal.find


def _find_nothing_left(self, process):
    life = _FIND(self, process)
    return Life.DEAD if life is Life.LEFT else life


async def _always(*_, **__):
    return True


_MAY_SEND = lifecycle.may_send


def _whatever_the_state(held, now, *, seconds_held):
    return _MAY_SEND(held[:2], now[:2], seconds_held=seconds_held)


_LEASE = SimStore.lease


async def _lease_what_was_read(self, row, **how):
    # On whatever there is now, and believing what was read before.
    question = "select generation, state, intent from connection where id = ?"
    now = self._reader.execute(question, (row.id,)).fetchone()
    moved = row._replace(generation=now[0], state=now[1], intent=now[2])
    taken = await _LEASE(self, moved, **how)
    return taken and row._replace(attempt=taken.attempt, intent=taken.intent)


async def _lease_for_all(self, row, **how):
    self._reader.execute("update connection set lease_until = 0, intent = ''")
    return await _LEASE(self, row._replace(intent=""), **how)


async def _take_whoever_has_it(*_):
    return True


_FREE = ContextVar("_FREE", default=False)
"""Whether a task takes no notice of leases."""
_ACQUIRE, _MAY_TAKE = Leases.acquire, Leases._may_take


async def _acquire_without_lease(self, row, *, spend):
    before = _FREE.set(not spend)
    try:
        return await _ACQUIRE(self, row, spend=spend)
    finally:
        _FREE.reset(before)


async def _may_take_if_free(self, found):
    return _FREE.get() or await _MAY_TAKE(self, found)


async def _lease_if_not_free(self, row, *, attempt, **how):
    if _FREE.get():
        return row._replace(attempt=attempt)
    return await _LEASE(self, row, attempt=attempt, **how)


_ASK = Refresher._ask


async def _ask_as_it_stands(self, held, ready, steps):
    fresh = await _ASK(self, held, ready, steps)
    said = fresh.refresh != ready.tokens.refresh
    return fresh if said else refresh.replace(fresh, refresh=None)


async def _give_back_once(self, held, known, *told):
    try:
        await self._tell(held, known, *told)
    except StoreUnavailable:
        return
    self._over(held)


_SEND = SimHttp.send


async def _lost_is_refused(self, request, **how):
    try:
        return await _SEND(self, request, **how)
    except OutcomeUnknown:
        return Reply(400, b'{"error": "invalid_grant"}')


_LANDING = lifecycle.landing


def _drop_what_is_late(**how):
    said = _LANDING(**how)
    return Landing.DROP if said is Landing.REVOKE else said


_COMMIT = SimStore.commit


async def _shred_whatever(self, *changes):
    kept = [
        type(one)(one.id, {"state": one.where["state"]}, one.set)
        if getattr(one, "set", {}).get("state") == "revoked"
        else one
        for one in changes
    ]
    await _COMMIT(self, *kept)


RULES = {
    "journal": Rule(
        "a reply is on the disk before anything else is done with it",
        _without(Landings, "_write_down", _nothing),
        {"faults": ("kill hot",)},
    ),
    "generation": Rule(
        "a success is stored by generation alone, whoever has the lease",
        _commit_if_still_ours,
        {"hosts": 2, "policy": "plain", "faults": ("pause hot", "kill hot")},
    ),
    "recovery": Rule(
        "a success is stored though the row says reconnect meanwhile",
        _steps({(State.RECONNECT, Happening.REFRESHED): None}),
        {"hosts": 2, "policy": "plain", "faults": ("pause hot", "kill hot")},
    ),
    "verdict": Rule(
        "only the current attempt, on an unmoved generation, may say reconnect",
        _without(verdict, "values", _values_without_condition),
        {"hosts": 2, "policy": "plain", "faults": ("pause hot", "pause warm")},
    ),
    "winner": Rule(
        "who is refused and finds a newer generation uses the winner's token",
        _without(verdict.Verdicts, "give", _stay_with_the_verdict),
        {"hosts": 2, "policy": "plain", "faults": ("pause hot", "pause warm")},
    ),
    "doubt": Rule(
        "a lease that ran out with an intent is taken only once its attempt is over",
        _without(Leases, "_may_take", _may_take_in_doubt),
        {"faults": ("kill hot", "pause hot")},
    ),
    "settle": Rule(
        "after a lost reply nobody sends until the request can no longer be under way",
        _without(Leases, "lose", _lose_at_once),
    ),
    "liveness": Rule(
        "whose process lives is not over, however long its lease has run out",
        _without(lifecycle, "is_over", _over_once_it_ran_out),
        {"hosts": 1, "faults": ("pause warm", "pause hot")},
    ),
    "cap": Rule(
        "of whom nobody knows whether it lives is over only after a long time",
        _without(lifecycle, "is_over", _over_without_cap),
        {"hosts": 2, "faults": ("pause hot", "kill hot")},
    ),
    "replay": Rule(
        "what a dead process left is landed before its refresh token is spent again",
        _without(Journal, "find", _find_nothing_left),
        {"hosts": 1, "policy": "kill", "faults": ("kill hot",), "enders": 0, "consent": False},
    ),
    "look": Rule(
        "just before sending, attempt, generation and state are looked at again",
        _without(Leases, "may_send", _always),
        {"hosts": 2, "faults": ("pause warm",)},
    ),
    "death": Rule(
        "after a death nobody sends until what the dead sent last can no longer be under way",
        _without(Leases, "_has_settled", lambda *_: True),
        {
            "policy": "kill",
            "hosts": 1,
            "faults": ("pause warm", "kill hot"),
            "enders": 0,
            "consent": False,
        },
    ),
    "state": Rule(
        "just before sending, the state is looked at",
        _without(lifecycle, "may_send", _whatever_the_state),
        {"enders": 1},
    ),
    "re-read": Rule(
        "taking the lease reads the row again",
        _without(SimStore, "lease", _lease_what_was_read),
    ),
    "lease": Rule(
        "one attempt at a time",
        _all_of(
            _without(SimStore, "lease", _lease_for_all),
            _without(Leases, "_may_take", _take_whoever_has_it),
        ),
    ),
    "revoker": Rule(
        "whoever revokes takes the lease",
        _all_of(
            _without(Leases, "acquire", _acquire_without_lease),
            _without(Leases, "_may_take", _may_take_if_free),
            _without(SimStore, "lease", _lease_if_not_free),
        ),
        {"enders": 1},
    ),
    "late": Rule(
        "a token that comes too late is revoked",
        _without(lifecycle, "landing", _drop_what_is_late),
        {"consent": True},
    ),
    "kept state": Rule(
        "a success does not undo a disconnect",
        _steps({(State.REVOKING, Happening.REFRESHED): Step(State.ACTIVE, "refreshed")}),
        {"enders": 1, "once": True, "faults": ("kill", "kill")},
    ),
    "shred": Rule(
        "what is shredded is the generation that was revoked",
        _without(SimStore, "commit", _shred_whatever),
        {
            "hosts": 2,
            "enders": 1,
            "deaf": True,
            "policy": "plain",
            "tempo": "slow",
            "faults": ("pause hot",),
            "once": False,
            "targets": ((2,), (2,)),
        },
    ),
    "old token": Rule(
        "a reply without a refresh token keeps the old one",
        _without(Refresher, "_ask", _ask_as_it_stands),
        {"policy": "still"},
    ),
    "lost": Rule(
        "a reply that never came is no verdict",
        _without(SimHttp, "send", _lost_is_refused),
    ),
    "patience": Rule(
        "that an attempt is over is told until the database has heard it",
        _without(Leases, "_give_back", _give_back_once),
        {"faults": ("database away", "database away")},
    ),
    "own replay": Rule(
        "what this process received itself is stored before its refresh token is spent again",
        _without(Landings, "holds", lambda *_: False),
        {"faults": ("database away", "commit fails")},
    ),
    "keeper": Rule(
        "what could not be stored is tried again until it is",
        _without(Landings, "_keep_trying", lambda _: None),
        {"faults": ("database away", "database away")},
    ),
}
