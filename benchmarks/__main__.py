"""Run benchmarks: `python -m benchmarks`, or those named: `python -m benchmarks warm`.

`peers` is run only if it is named, because it installs what others made.
"""

import asyncio
import os
import platform
import sys
from importlib import import_module

USUAL = (
    "warm",
    "holders",
    "write",
    "connect",
    "refresh",
    "upkeep",
    "rotation",
    "call",
    "isolation",
    "mcp_stdio",
)
ALL = (*USUAL, "peers")

USAGE = f"""usage: python -m benchmarks [NAME ...]

names: {", ".join(ALL)}
Without one: all but peers, which installs what others published into build/peers.
Longer: python -m benchmarks.upkeep --minutes 6 --connections 10000
        python -m benchmarks.rotation --keys 1000000"""


async def main(names: list[str]) -> int:
    """Print the machine, then each table as it is done."""
    if unknown := [name for name in names if name not in ALL]:
        helped = unknown[0] in ("-h", "--help")
        print(USAGE if helped else f"no benchmark is named {unknown[0]}\n{USAGE}")
        return 0 if helped else 2
    for name in names or USUAL:
        module = import_module(f"benchmarks.{name}")
        load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
        if name == (names or USUAL)[0]:
            print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load}")
        print("\n" + await module.measure(), flush=True)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"\nload at the end {load}")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
