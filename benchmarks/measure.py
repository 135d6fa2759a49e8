"""Measure things in turns, so that what else the machine does meets all of them alike."""

import time
from collections.abc import Awaitable, Callable, Mapping
from statistics import median, quantiles

__all__ = ["Times", "in_turns", "table"]

Times = Mapping[str, list[float]]
"""Seconds of each run, by name."""


async def in_turns(
    contestants: Mapping[str, Callable[[], Awaitable[object]]],
    *,
    turns: int,
    each: int,
    between: Callable[[], Awaitable[object]] | None = None,
) -> Times:
    """Run each contestant `each` times, one after another, and that `turns` times over."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(turns):
        for name, contestant in contestants.items():
            for _ in range(each):
                begun = time.perf_counter()
                await contestant()
                times[name].append(time.perf_counter() - begun)
            if between:
                await between()
    return times


def table(title: str, times: Times, *, floor: str, unit: float = 1e-6, target: str = "") -> str:
    """Write medians with their spread, and how many times the floor each is."""
    lowest = median(times[floor])
    sign = {1e-6: "µs", 1e-3: "ms"}[unit]
    lines = [f"{title}{f'   (owed: {target})' if target else ''}"]
    for name, found in times.items():
        tenths = quantiles(found, n=10)
        spread = f"[{tenths[0] / unit:.1f}..{tenths[-1] / unit:.1f}]"
        middle = median(found)
        lines.append(f"  {name:52}{middle / unit:9.1f} {sign} {spread:>18}{middle / lowest:7.2f} x")
    return "\n".join(lines)
