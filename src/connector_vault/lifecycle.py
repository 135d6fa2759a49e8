"""The life of a connection, pure: what may happen to it, and who may do what.

Every rule that keeps a refresh from losing a connection is decided here, from values alone. Times
are milliseconds since 1970 UTC, and 0 is never.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal

from connector_vault.model import State

__all__ = [
    "CAP",
    "COMMIT",
    "FRESH",
    "LIFE",
    "MASS_WINDOW",
    "SEND",
    "SETTLE",
    "EventName",
    "Happening",
    "Landing",
    "Life",
    "Need",
    "Step",
    "Turn",
    "after",
    "is_mass_death",
    "is_over",
    "landing",
    "may_send",
    "need",
    "turn",
]

SEND = 20.0
"""Seconds for the one request made under a lease. Providers answer within two."""

COMMIT = 5.0
"""Seconds for storing what was received, before its caller is told that the database is away."""

SETTLE = 5.0
"""Seconds after which a request that was given up can no longer be under way."""

LIFE = SEND + COMMIT + SETTLE + 5.0
"""Seconds of a lease: once it has run out, its holder's request can no longer be under way."""

CAP = 600.0
"""Seconds after its lease ran out, from which an attempt counts as over though nobody can tell."""

FRESH = 60.0
"""Seconds a token handed out is still valid, by what its provider stated."""

_SECOND = 1000

_MASS = 10
"""Deaths at one OAuth client within `MASS_WINDOW`. Grants end one by one: so many at once are a
provider's or an operator's mistake."""

MASS_WINDOW = 600.0
"""Seconds."""


class Happening(Enum):
    """What may happen to a connection."""

    CONSENTED = "its owner consented"
    REFRESHED = "its provider gave new tokens"
    DIED = "its provider refused the grant for good"
    ASKED = "its owner wants it ended"
    ENDED = "it was ended, and its key destroyed"


EventName = Literal[
    "connected",
    "refreshed",
    "reconnect_needed",
    "recovered",
    "dying_soon",
    "misconfigured",
    "disconnecting",
    "disconnected",
]


@dataclass(frozen=True, slots=True)
class Step:
    """Where a happening leads, and what is told of it."""

    state: State
    event: EventName


_STEPS: Mapping[tuple[State, Happening], Step] = {
    (State.ACTIVE, Happening.CONSENTED): Step(State.ACTIVE, "connected"),
    (State.RECONNECT, Happening.CONSENTED): Step(State.ACTIVE, "recovered"),
    (State.ACTIVE, Happening.REFRESHED): Step(State.ACTIVE, "refreshed"),
    # The tokens prove that the grant lives, whoever called it dead meanwhile.
    (State.RECONNECT, Happening.REFRESHED): Step(State.ACTIVE, "recovered"),
    # A disconnect is never undone: these are the tokens that have to be revoked.
    (State.REVOKING, Happening.REFRESHED): Step(State.REVOKING, "refreshed"),
    (State.ACTIVE, Happening.DIED): Step(State.RECONNECT, "reconnect_needed"),
    (State.ACTIVE, Happening.ASKED): Step(State.REVOKING, "disconnecting"),
    (State.RECONNECT, Happening.ASKED): Step(State.REVOKING, "disconnecting"),
    (State.REVOKING, Happening.ENDED): Step(State.REVOKED, "disconnected"),
}


def after(state: State, happening: Happening) -> Step | None:
    """Give where a happening leads from a state. None: it has no place there."""
    return _STEPS.get((state, happening))


class Need(Enum):
    """Whether a token has to be replaced before it is handed out."""

    NONE = "it is good"
    SOON = "it is good, and somebody should replace it meanwhile"
    NOW = "it has ended, or nearly, or was refused"


def need(
    *, generation: int, expires_at: int, due_at: int, now: int, newer_than: int | None
) -> Need:
    """Tell whether a token has to be replaced. `newer_than`: the generation that was refused."""
    if newer_than is not None and generation <= newer_than:
        return Need.NOW
    if 0 < expires_at < now + FRESH * _SECOND:
        return Need.NOW
    return Need.SOON if 0 < due_at <= now else Need.NONE


class Turn(Enum):
    """Whether a lease may be taken."""

    TAKE = "nobody holds it"
    WAIT = "somebody holds it"
    DOUBT = "it ran out on somebody who may have spent the refresh token, or may be about to"


def turn(*, lease_until: int, intent: str, now: int, longest: float) -> Turn:
    """Tell whether the lease of a row may be taken. `longest`: seconds that no lease lives longer.

    One that ends later than that was written by a clock that has been set back since.
    """
    if now < lease_until <= now + longest * _SECOND:
        return Turn.WAIT
    return Turn.DOUBT if intent else Turn.TAKE


class Life(Enum):
    """What is known of a process that began an attempt."""

    ALIVE = "it, or somebody who lands what it left, holds its lock"
    LEFT = "it ended, and left replies that are to be landed"
    DEAD = "it ended, and left nothing"
    UNKNOWN = "nobody can tell"


def is_over(life: Life, *, lease_until: int, now: int) -> bool:
    """Tell whether an attempt whose lease ran out can do nothing any more.

    Where nobody can tell, a long time has to do: a process that slept through it may then cost a
    connection at a provider that ends a grant whose refresh token comes twice.
    """
    match life:
        case Life.ALIVE | Life.LEFT:
            return False
        case Life.DEAD:
            return True
        case Life.UNKNOWN:
            return now >= lease_until + CAP * _SECOND


def may_send(held: tuple[str, int, str], now: tuple[str, int, str], *, seconds_held: float) -> bool:
    """Tell whether a refresh token may still be spent: attempt, generation and state are unmoved.

    And the lease has to outlive the request, or another attempt would not wait for its end.
    """
    return held == now and seconds_held <= LIFE - SEND - SETTLE


class Landing(Enum):
    """What becomes of a token set that was received."""

    COMMIT = "it is stored"
    DROP = "a newer one of its grant is stored"
    REVOKE = "nobody will use it: it is ended at the provider"


def landing(*, grant_id: str, generation: int, row: tuple[str, int, State] | None) -> Landing:
    """Tell what becomes of a token set, from its row's grant, generation and state.

    By generation alone: that the lease moved, or that the row says `reconnect`, takes nothing away
    from tokens that a provider gave. `row` None: the connection is gone.
    """
    if row is None:
        return Landing.REVOKE
    now_grant, now_generation, state = row
    if now_grant != grant_id or state is State.REVOKED:
        return Landing.REVOKE
    return Landing.COMMIT if now_generation == generation else Landing.DROP


def is_mass_death(deaths: int) -> bool:
    """Tell whether so many grants of one client died at once that none is to be believed."""
    return deaths >= _MASS
