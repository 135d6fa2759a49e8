"""The memory of another process, searched from outside: through /proc, as Linux has it."""

import os
from contextlib import suppress
from pathlib import Path

import pytest

NEEDED = "be root, or be allowed to trace your own children (kernel.yama.ptrace_scope, seccomp)"


class Memory:
    """What a process held in one moment: in all that it may write to. It has to stand still."""

    def __init__(self, process):
        self._pieces = list(_pieces(process))

    def copies(self, key):
        """Count the copies of a key, also of one that was freed.

        malloc writes over the first 16 bytes of what is freed, Python over the first 8. So the rest
        is searched for.
        """
        return self.count(bytes(key)[16:])

    def count(self, needle):
        return sum(piece.count(needle) for piece in self._pieces)


def check_searchable():
    """Skip the test, and say why, where the memory of another process cannot be searched."""
    if not Path("/proc/self/mem").exists():
        pytest.skip("looks into /proc, as Linux has it")


def check_permitted(process):
    """Skip the test, and say what to do, where one may not look into a process of one's own."""
    try:
        with Path(f"/proc/{process}/mem").open("rb"):
            return
    except PermissionError:
        words = f"the memory of another process may not be read here: {NEEDED}"
    if os.environ.get("CONNECTOR_VAULT_REQUIRE_ALL") == "1":
        pytest.fail(words)
    pytest.skip(words)


def _pieces(process):
    proc = Path(f"/proc/{process}")
    with (proc / "maps").open() as maps, (proc / "mem").open("rb", 0) as memory:
        for line in maps:
            place, rights, *_ = line.split()
            if rights.startswith("rw"):
                start, end = (int(one, 16) for one in place.split("-"))
                with suppress(OSError):  # a page that the kernel keeps to itself
                    memory.seek(start)
                    yield memory.read(end - start)
