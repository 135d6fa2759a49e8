"""What kills at any moment did, and whether each loss has its reason."""

import asyncio
import statistics
from collections import Counter

from tests.kills import STEPS
from tests.ledger import mark_of


def unanswered(marks):
    """Name the tokens that a process brought whose answer it did not keep."""
    told = {
        step: {(mark.process, mark.token) for mark in marks if mark.step == step} for step in STEPS
    }
    return {token for _, token in told["sending"] - told["synced"]}


class Tally:
    """Counts."""

    def __init__(self):
        self.kills = 0
        self.steps = Counter()
        """How far refreshes had come that were under way when their process died."""
        self.ends = Counter()
        """What became of the connections of answers that were lost, by what the provider does."""
        self.windows = []
        """Nanoseconds from the last byte of an answer until it was on the disk."""
        self.unexplained = []
        self._explained = set()

    async def settle(self, ground, vault, marks):
        """Let a fresh process take over, and look what became of each connection."""
        self.kills += len({mark.process for mark in marks})
        self._count(marks)
        await ground.arrived({mark.token for mark in marks if mark.step == "sent"})
        kept = {mark.token for mark in marks if mark.step == "synced"}
        lost = {mark_of(token) for token in ground.ledger.rotations} - kept
        lost &= {mark.token for mark in marks}
        self._explained |= unanswered(marks)
        doubtful = {
            one.id: any(mark_of(token) in lost for token in ground.line(one))
            for one in ground.connections
        }
        await vault.maintain()
        found = await asyncio.gather(
            *(ground.outcome(vault, one) for one in ground.connections), return_exceptions=True
        )
        for one, outcome in zip(ground.connections, found, strict=True):
            await self._judge(ground, vault, one, outcome, doubtful[one.id])
        twice = {token for token, posts in ground.ledger.posts.items() if posts > 1}
        if twice - self._explained:
            self.unexplained.append(f"brought twice: {twice - self._explained}")
            self._explained |= twice
        await ground.look(vault)

    async def _judge(self, ground, vault, connection, outcome, doubtful):
        reuse = ground.ledger.reuse
        if isinstance(outcome, BaseException):
            self.unexplained.append(f"{connection.id} at {reuse}: {outcome!r}")
            return
        if doubtful:
            self.ends[reuse, outcome.end] += 1
        if outcome.end == "lost":
            if not doubtful or reuse == "grace":
                self.unexplained.append(f"{connection.id} at {reuse}: lost")
            await ground.mend(vault, connection)

    def _count(self, marks):
        last, times = {}, {}
        for mark in marks:
            if mark.step in ("leased", "prepared"):
                self.steps["before sending"] += mark.step == "leased"
                continue
            self.steps["before sending"] -= mark.step == "sending"
            for token in mark.token.split(","):
                last[mark.process, token] = mark.step
                times[mark.process, token, mark.step] = mark.at
        self.steps.update(step for step in last.values())
        for (process, token, step), at in times.items():
            if step == "synced":
                self.windows.append(at - times[process, token, "received"])

    def told(self):
        """Give the figures."""
        windows = sorted(self.windows)
        middle, high = statistics.median(windows), windows[int(len(windows) * 0.99)]
        steps = ", ".join(f"{step} {self.steps[step]}" for step in ("before sending", *STEPS[2:]))
        ends = ", ".join(f"{reuse} {end} {n}" for (reuse, end), n in sorted(self.ends.items()))
        return (
            f"{self.kills} kills; last steps: {steps}; answers lost, by policy: {ends or None}; "
            f"window of {len(windows)}: median {middle / 1000:.0f} us, p99 {high / 1000:.0f} us; "
            f"unexplained: {self.unexplained or None}"
        )
