"""A zygote whose workers tell, with each answer, what Python did since they were hardened.

Audit events (PEP 578) cannot be switched off again: whoever imports or opens something is heard.
"""

import sys
from collections.abc import Sequence

from connector_vault.sandbox.inside import zygote
from connector_vault.sandbox.inside.hardening import Attained, Hardening
from connector_vault.sandbox.inside.worker import Worker

__all__ = ["main"]

LISTENED = frozenset(
    {
        "ctypes.dlopen",
        "exec",
        "import",
        "open",
        "os.exec",
        "os.fork",
        "os.listdir",
        "os.putenv",
        "os.scandir",
        "os.system",
        "socket.__new__",
        "socket.bind",
        "socket.connect",
        "socket.getaddrinfo",
        "subprocess.Popen",
    }
)

_heard: list[str] = []


def main() -> None:
    """Be a zygote."""
    harden, carry_out = Hardening.apply, Worker._carried_out

    def apply(self: Hardening, readable: Sequence[str] = ()) -> Attained:
        attained = harden(self, readable)
        sys.addaudithook(_listen)
        return attained

    async def carried_out(self: Worker, *order: object) -> object:
        answer = await carry_out(self, *order)
        answer["heard"], _heard[:] = list(_heard), []
        return answer

    Hardening.apply, Worker._carried_out = apply, carried_out
    zygote.main()


def _listen(event: str, arguments: tuple[object, ...]) -> None:
    if event in LISTENED:
        _heard.append(f"{event} {arguments[0]}"[:200])
