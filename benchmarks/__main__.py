"""Run every benchmark: `python -m benchmarks`, or those named: `python -m benchmarks warm`."""

import asyncio
import os
import platform
import sys
from importlib import import_module

ALL = ("warm", "write", "connect", "refresh", "call", "isolation", "mcp_stdio")


async def main(names: list[str]) -> None:
    """Print the machine, then each table as it is done."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load}")
    for name in names:
        print("\n" + await import_module(f"benchmarks.{name}").measure(), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or list(ALL)))
