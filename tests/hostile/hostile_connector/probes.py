"""What an attacker inside a tool tries. Each of them raises OSError where it is denied."""

import ctypes
import os
import signal
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

from connector_vault.connector import Api
from hostile_connector.harms import HARMS, Facts, Probe, sockets
from hostile_connector.kernel import call

__all__ = ["PROBES", "attempt", "attempted"]

_NEW_USER = 0x10000000
_SET_OWNER, _SET_SIGNAL = 8, 10
_ATTACH = 16
_PAGE = 4096
_AROUND = 16384
"""Pages before and after one's own."""


async def attempt(api: Api, names: list[str], facts: Facts) -> dict[str, str]:
    """Try all of these. Gives `did: …` or the error for each."""
    return {name: attempted(name, facts) for name in names}


def attempted(name: str, facts: Facts) -> str:
    """Try one."""
    try:
        return f"did: {PROBES[name](facts)}"
    except (OSError, LookupError) as error:
        return f"{type(error).__name__}: {error}"


def _environment(_: Facts) -> str:
    return os.environ["CONNECTOR_VAULT_CANARY"]


def _own_memory(facts: Facts) -> int:
    """Look at everything around here. The needle is known backwards: it is not found by itself."""
    reversed_needle = str(facts["reversed"]).encode()
    found = sum(page[::-1].count(reversed_needle) for page in _pages_around(id(reversed_needle)))
    if not found:
        raise ProcessLookupError("nothing of that kind")
    return found


def _pages_around(address: int) -> Iterator[bytearray]:
    """Have the kernel copy pages: where there is none it says so, and nothing faults."""
    ours, its = os.pipe()
    page = bytearray(_PAGE)
    first = (address // _PAGE - _AROUND) * _PAGE
    with os.fdopen(ours, "rb", 0) as copied, os.fdopen(its, "wb", 0):
        for at in range(first, first + 2 * _AROUND * _PAGE, _PAGE):
            try:
                copied.readinto(memoryview(page)[: call("write", its, at, _PAGE)])
                yield page
            except OSError:
                continue


def _file(path: str) -> Probe:
    return lambda facts: len(Path(str(facts.get(path, path))).read_bytes())


def _memory_of(who: str) -> Probe:
    def read(facts: Facts) -> int:
        with open(f"/proc/{facts[who]}/mem", "rb", 0) as memory:  # noqa: PTH123
            memory.seek(int(facts[f"{who}_address"]))
            return len(memory.read(8))

    return read


def _read_across(facts: Facts) -> int:
    here = ctypes.create_string_buffer(8)
    local = ctypes.create_string_buffer(struct.pack("QQ", ctypes.addressof(here), 8))
    remote = ctypes.create_string_buffer(struct.pack("QQ", int(facts["neighbour_address"]), 8))
    return call("process_vm_readv", int(facts["neighbour"]), local, 1, remote, 1, 0)


def _attach(facts: Facts) -> int:
    return call("ptrace", 0x4206, int(facts["neighbour"]), 0, 0)


def _tcp(facts: Facts) -> str:
    with socket.create_connection(("127.0.0.1", int(facts["port"])), 1):
        return "connected"


def _udp(_: Facts) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        return one.sendto(b"x", ("127.0.0.1", 9))


def _unix(which: str) -> Probe:
    def connect(facts: Facts) -> str:
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(str(facts[which]))
            return "connected"

    return connect


def _send_elsewhere(facts: Facts) -> int:
    """Use a socket one was born with, or has, to reach another address."""
    address = struct.pack("H108s", socket.AF_UNIX, str(facts["datagrams"]).encode())
    for number in sockets():
        try:
            return call("sendto", number, b"x", 1, 0, address, len(address))
        except OSError:
            continue
    raise PermissionError("no socket sends elsewhere")


def _signal(who: str) -> Probe:
    return lambda facts: call("kill", int(facts[who]), 0)


def _signal_thread(facts: Facts) -> int:
    return call("tgkill", int(facts["neighbour"]), int(facts["neighbour"]), 0)


def _signal_handle(facts: Facts) -> int:
    return call("pidfd_send_signal", call("pidfd_open", int(facts["neighbour"]), 0), 0, None, 0)


def _signal_by_socket(facts: Facts) -> str:
    """Have the kernel send a signal when this socket can be read."""
    number = sockets()[0]
    call("fcntl", number, _SET_SIGNAL, signal.SIGWINCH)
    call("fcntl", number, _SET_OWNER, int(facts["neighbour"]))
    return "the kernel will"


def _signal_by_ioctl(facts: Facts) -> int:
    who = ctypes.create_string_buffer(struct.pack("i", int(facts["neighbour"])))
    return call("ioctl", sockets()[0], 0x8901, who)


def _fork(_: Facts) -> int:
    child = os.fork()
    if child == 0:
        os._exit(0)
    return os.waitpid(child, 0)[0]


def _run(_: Facts) -> int:
    return os.posix_spawn("/bin/true", ["true"], {})


def _write(folder: str) -> Probe:
    def write(facts: Facts) -> str:
        path = Path(folder) / f"connector-vault-{os.getpid()}"
        path.write_text("x")
        path.unlink()
        return "written"

    return write


def _list(_: Facts) -> int:
    return len(os.listdir("/proc"))  # noqa: PTH208


def _ring(_: Facts) -> int:
    return call("io_uring_setup", 1, ctypes.create_string_buffer(120))


def _new_memory(_: Facts) -> int:
    return call("memfd_create", b"x", 0)


def _new_user(_: Facts) -> int:
    return call("unshare", _NEW_USER)


PROBES: dict[str, Probe] = {
    "token in own memory": _own_memory,
    "own environment": _environment,
    "parent's environment": lambda facts: len(
        Path(f"/proc/{facts['parent']}/environ").read_bytes()
    ),
    "vault's environment": lambda facts: len(Path(f"/proc/{facts['vault']}/environ").read_bytes()),
    "vault's memory": _memory_of("vault"),
    "neighbour's memory": _memory_of("neighbour"),
    "process_vm_readv": _read_across,
    "ptrace": _attach,
    "database": _file("database"),
    "key file": _file("keys"),
    "tcp": _tcp,
    "udp": _udp,
    "abstract socket": _unix("abstract"),
    "socket with a path": _unix("path"),
    "send elsewhere": _send_elsewhere,
    "make a socket": lambda _: socket.socket(socket.AF_UNIX).close(),
    "signal the vault": _signal("vault"),
    "signal the parent": _signal("parent"),
    "signal a neighbour": _signal("neighbour"),
    "signal by tgkill": _signal_thread,
    "signal by pidfd": _signal_handle,
    "signal by F_SETOWN": _signal_by_socket,
    "signal by FIOSETOWN": _signal_by_ioctl,
    "fork": _fork,
    "run a program": _run,
    "write /tmp": _write("/tmp"),
    "write /etc": _write("/etc"),
    "write /dev/shm": _write("/dev/shm"),
    "read /etc/passwd": _file("/etc/passwd"),
    "read /etc/shadow": _file("/etc/shadow"),
    "list processes": _list,
    "io_uring": _ring,
    "memfd": _new_memory,
    **HARMS,
    # The last: nothing is as it was in another name space.
    "user namespace": _new_user,
}
