"""What a seed decides: who takes part, who goes first, and what fails when."""

from dataclasses import dataclass
from random import Random

__all__ = ["COLD", "HOT", "POLICIES", "WARM", "Fate", "Setting", "draw"]

POLICIES = ("kill", "plain", "grace", "still")
"""What a provider does with a refresh token that comes twice: it ends the grant; it refuses; it
answers the last one again; or it never gives a new one, and every one is good."""

FAULTS = {
    "kill": 3,
    "kill warm": 2,
    "kill hot": 3,
    "pause": 2,
    "pause warm": 2,
    "pause hot": 2,
    "request lost": 3,
    "reply lost": 4,
    "line broken": 3,
    "slow": 2,
    "no line": 1,
    "trouble before": 1,
    "trouble after": 2,
    "too many": 1,
    "commit fails": 3,
    "commit unheard": 4,
    "database away": 3,
    "sync fails": 2,
    "disk full": 1,
    "keys away": 1,
}
"""How often each is drawn. Warm: in a process that has a lease. Hot: in one that sent a token."""

REACH = {
    "kill": 90,
    "kill warm": 8,
    "kill hot": 25,
    "clock set": 90,
    "pause": 90,
    "pause warm": 8,
    "pause hot": 25,
    "request lost": 3,
    "reply lost": 3,
    "line broken": 3,
    "slow": 3,
    "no line": 3,
    "trouble before": 4,
    "trouble after": 3,
    "too many": 3,
    "commit fails": 10,
    "commit unheard": 10,
    "database away": 60,
    "sync fails": 6,
    "disk full": 6,
    "keys away": 3,
}
"""Among how many chances the one is drawn at which it strikes."""

COLD, WARM, HOT = "cold", "warm", "hot"

TEMPOS = {"lockstep": (1.0, 0.0), "brisk": (0.8, 0.0), "slow": (0.7, 0.12)}
"""How likely a step takes no time, and how likely seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a schedule begins with."""

    policy: str
    hosts: int
    """With two, each has a journal of its own, and neither can tell whether the other's live."""
    targets: tuple[tuple[int, ...], ...]
    """For each process its callers, and for each of them the generation it wants to see."""
    enders: int
    """How many disconnect meanwhile."""
    once: bool
    """Whoever disconnects asks once, and leaves the rest to maintenance."""
    consent: bool
    """Its owner consents anew meanwhile."""
    expired: bool
    identity: bool
    """The provider tells whose a token is."""
    deaf: bool
    """The provider says "revoked" of every token (RFC 7009 §2.2), and cannot be asked."""
    live: bool
    """Only a live access token can be revoked there."""
    tempo: str
    order: str
    """How the next process is chosen: uniform, sticky or ranked."""
    cold: bool
    """Nobody has the keys yet."""
    nameless: str
    """The process whose disk takes no journal. Empty: none."""
    faults: tuple[str, ...]


def draw(seed, **wanted):
    """Draw a setting, and what goes with it."""
    rng = Random(seed)
    lasting = rng.random()
    ending = rng.random() < 0.25
    said = {
        "policy": rng.choice(POLICIES[:3]) if rng.random() < 0.93 else "still",
        "hosts": 2 if lasting < 0.2 else 1,
        "targets": _targets(rng),
        "enders": rng.choice((1, 1, 1, 2)) if ending else 0,
        "once": rng.random() < 0.5,
        "consent": rng.random() < (0.05 if ending else 0.12),
        "expired": rng.random() < 0.3,
        "identity": rng.random() < 0.3,
        "deaf": rng.random() < 0.4,
        "live": rng.random() < 0.2,
        "tempo": rng.choice(("lockstep", "brisk", "brisk", "slow")),
        "order": rng.choice(("uniform", "sticky", "ranked")),
        "cold": rng.random() < 0.1,
        "nameless": "A" if rng.random() < 0.05 else "",
        "faults": _faults(rng),
    }
    said |= wanted
    if said["consent"]:
        said["identity"] = False
    return Setting(**said)


def _targets(rng):
    processes = rng.choice((1, 2, 2, 2, 3))
    return tuple(
        tuple(rng.choice((2, 2, 3)) for _ in range(rng.choice((1, 1, 1, 2))))
        for _ in range(processes)
    )


def _faults(rng):
    count = rng.choice((0, 1, 1, 1, 2, 2, 2, 3, 3, 4))
    return tuple(rng.choices(tuple(FAULTS), tuple(FAULTS.values()), k=count))


class Fate:
    """The chances of one schedule, in the order in which they are asked for."""

    def __init__(self, seed, setting):
        self.rng = Random(seed + 1_000_003)
        self.setting = setting
        self._armed = {}
        for fault in setting.faults:
            self._armed.setdefault(fault, []).append(self._arm(fault))
        self._calm, self._dear = TEMPOS[setting.tempo]
        self._last = None

    def strikes(self, kind, heat):
        """Tell whether this is where a fault strikes. `heat`: how near tokens are at being lost."""
        anywhere, here = self._strike(kind), self._strike(f"{kind} {heat}")
        return anywhere or here

    def _strike(self, fault):
        left = self._armed.get(fault)
        if not left:
            return False
        # Several of one kind strike one after another.
        left[0] -= 1
        if left[0] == 0:
            del left[0]
            return True
        return False

    def delay(self):
        """Give the seconds a step takes."""
        chance = self.rng.random()
        if chance < self._calm:
            return 0.0
        if chance < 1 - self._dear:
            return self.rng.random() * 0.05
        return self.rng.random() * 3

    def choose(self, ready):
        """Give the lane that goes on."""
        if len(ready) == 1:
            return ready[0]
        match self.setting.order:
            case "sticky" if self._last in ready and self.rng.random() < 0.8:
                return self._last
            case "ranked":
                chosen = max(ready, key=lambda lane: lane.rank)
                if self.rng.random() < 0.04:
                    chosen.rank = self.rng.random() * 0.1
                return chosen
        self._last = self.rng.choice(ready)
        return self._last

    def between(self, least, most):
        """Give a number."""
        return least + (most - least) * self.rng.random()

    def coin(self, chance=0.5):
        """Tell yes or no."""
        return self.rng.random() < chance

    def _arm(self, fault):
        return self.rng.randint(1, REACH[fault])
