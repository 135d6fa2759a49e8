"""When something is due, pure: refreshes, further tries, announcements.

Times are milliseconds since 1970 UTC, and 0 is never. `chance` is 0 to 1, so that what began
together does not come back together.
"""

from dataclasses import dataclass

__all__ = [
    "LONGEST_ASKED",
    "NOTICE",
    "Plan",
    "background_pause",
    "is_hopeless",
    "pause",
    "plan",
    "soon",
]

_SECOND = 1000
_HOUR = 3600 * _SECOND
_DAY = 24 * _HOUR

_LEAD = 300 * _SECOND
"""How long before its end a token in use is replaced in the background, at least."""

_UNKNOWN_IDLE = 30 * _DAY
"""How long an unused refresh token is trusted to live where its provider does not say."""

NOTICE = 14 * _DAY
"""How long before its end a death is announced, at most. A person has to be found and asked."""

_LONGEST_PAUSE = 60.0
"""Seconds a caller is turned away after many failures. The next one tries again."""

LONGEST_ASKED = 24 * 3600.0
"""Seconds. A provider that wants a longer rest has made a mistake, or our clock has."""

_FIRST_RETRY = 10.0
"""Seconds until a refresh in the background is tried again. Each wait is twice as long."""

_LONGEST_RETRY = 3600.0

_MAX_DOUBLINGS = 16
"""Beyond all that a pause may be. Without it a month of failures is a number that is too large."""

_TRIES = 8
"""Times a provider is told that a connection ended, at least, before nobody expects an answer."""


def pause(failures: int, *, asked: float, chance: float) -> float:
    """Give the seconds until a provider that failed is asked again, by callers.

    `asked`: seconds it wants to be left alone. `chance`: 0 to 1, so that not all come at once. The
    first failure costs nothing: many are over at once.
    """
    own = min(_doubled(1.0, failures - 2), _LONGEST_PAUSE) if failures > 1 else 0.0
    return min(max(asked, own) * (1 + chance / 4), LONGEST_ASKED)


def background_pause(failures: int, *, chance: float) -> float:
    """Give the seconds until a provider that failed is asked again, by nobody in particular."""
    return min(_doubled(_FIRST_RETRY, failures - 1), _LONGEST_RETRY) * (1 + chance / 4)


def is_hopeless(tries: int, *, waited: int) -> bool:
    """Tell whether a provider that does not confirm an end has been told often and long enough."""
    return tries >= _TRIES and waited >= _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done for a token set, and when."""

    due_at: int
    """A refresh in the background."""
    dies_on: int
    """The end, if nothing is done."""
    warn_at: int
    """Saying so."""


def plan(
    *,
    now: int,
    expires_at: int,
    grant_ends_at: int,
    refreshable: bool,
    used_at: int,
    chance: float,
) -> Plan:
    """Plan the life of a token set. `grant_ends_at`: when its refresh token ends, unused.

    One in use is replaced shortly before its end; an idle one only as often as its refresh token
    demands, because each rotation is a risk. `chance`, 0 to 1, spreads those that began together.
    """
    if not refreshable:
        # Looked at once more at its end, so that a death is told when it happens.
        return Plan(due_at=expires_at, dies_on=expires_at, warn_at=_warning(now, expires_at, 0.3))
    ends = grant_ends_at or now + _UNKNOWN_IDLE
    due_at = now + int((ends - now) * (0.6 + 0.2 * chance))
    life = expires_at - now
    if life > 0 and now - used_at <= max(life, _HOUR):
        due_at = min(due_at, soon(now, expires_at, chance))
    # After the time at which what can be renewed has been renewed: only what failed is announced.
    warn_at = _warning(now, grant_ends_at, 0.15)
    return Plan(due_at=due_at, dies_on=grant_ends_at, warn_at=warn_at)


def soon(now: int, expires_at: int, chance: float) -> int:
    """Give when a token in use is replaced: five minutes before its end, or a tenth of its life."""
    lead = min(_LEAD, (expires_at - now) // 10)
    return expires_at - int(lead * (1 + chance))


def _doubled(seconds: float, times: int) -> float:
    return seconds * 2.0 ** min(times, _MAX_DOUBLINGS)


def _warning(now: int, dies_on: int, share: float) -> int:
    return dies_on and dies_on - min(NOTICE, int((dies_on - now) * share))
