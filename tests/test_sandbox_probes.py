"""What a tool tries in order to see, reach or harm anything but its own account.

Every probe is also tried outside of a sandbox, where it has to succeed: else it proves nothing.
"""

import ctypes
import os
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest

from tests.hostile.lab import HOW, TOKEN, laboratory, outside

pytest_plugins = ("tests.hostile.fixtures",)

PROBES = (
    "token in own memory",
    "own environment",
    "parent's environment",
    "vault's environment",
    "vault's memory",
    "neighbour's memory",
    "process_vm_readv",
    "ptrace",
    "database",
    "key file",
    "tcp",
    "udp",
    "abstract socket",
    "socket with a path",
    "send elsewhere",
    "make a socket",
    "signal the vault",
    "signal the parent",
    "signal a neighbour",
    "signal by tgkill",
    "signal by pidfd",
    "signal by F_SETOWN",
    "signal by FIOSETOWN",
    "fork",
    "run a program",
    "write /tmp",
    "write /etc",
    "write /dev/shm",
    "read /etc/passwd",
    "read /etc/shadow",
    "list processes",
    "io_uring",
    "memfd",
    "chmod",
    "chmod /dev/null",
    "chown",
    "utimes",
    "setxattr",
    "truncate",
    "outlive the vault",
    "slow a neighbour down",
    "slow a neighbour's disk down",
    "limit a neighbour",
    "attach shared memory",
    "configure an interface",
    "enlarge a socket",
    "widen a ruleset",
    "user namespace",
)

ROOT_ONLY = {"chmod /dev/null", "configure an interface", "read /etc/shadow", "write /etc"}
DEPENDS = {
    "io_uring",
    "neighbour's memory",
    "process_vm_readv",
    "ptrace",
    "user namespace",
    "vault's memory",
}
"""Outside of a sandbox these depend on how the machine is set up."""

NEVER = {"widen a ruleset"}
"""There is no ruleset to be widened outside of a sandbox."""

SEGMENT = ctypes.CDLL(None, use_errno=True)


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
def targets(tmp_path_factory):
    """Everything a probe may aim at: files, sockets, another process, shared memory."""
    folder = tmp_path_factory.mktemp("targets")
    (folder / "victim").write_text("x")
    with ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        names = {"path": f"{folder}/stream", "abstract": f"\0connector-vault-{os.getpid()}"}
        for name in names.values():
            one = stack.enter_context(socket.socket(socket.AF_UNIX))
            one.bind(name)
            one.listen()
        datagrams = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        datagrams.bind(f"{folder}/datagrams")
        segment = SEGMENT.shmget(0, 4096, 0o600)
        stack.callback(SEGMENT.shmctl, segment, 0, None)
        yield names | {
            "datagrams": f"{folder}/datagrams",
            "port": tcp.getsockname()[1],
            "segment": segment,
            "victim": f"{folder}/victim",
        }


@pytest.fixture(scope="module")
def neighbour():
    """Another process of the same user. It says where its secret lies, and waits."""
    program = "s = b'neighbour'; print(id(s), flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=-1, stdout=-1) as process:
        yield {"neighbour": process.pid, "neighbour_address": int(process.stdout.readline())}
        process.stdin.close()


@pytest.fixture(scope="module")
async def facts(hostile_site, targets, neighbour, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONNECTOR_VAULT_CANARY", "not for tools")
        folder = tmp_path_factory.mktemp("lab")
        async with laboratory(folder) as lab:
            found = {"database": f"{folder}/vault.db", "keys": f"{folder}/vault.key"}
            who = {"vault": os.getpid(), "vault_address": id(NEVER)}
            who["reversed"] = TOKEN.reveal()[::-1]
            await lab.attack("hostile.greet")
            facts = {**targets, **neighbour, **found, **who, "parent": lab.zygote}
            inside = {name: await denied(lab, name, facts) for name in HOW}
            yield {"inside": inside, "outside": outside(hostile_site, facts, PROBES)}


async def denied(lab, connector, facts):
    """Have a tool try everything, after it has used its token."""
    said = {"names": PROBES, "facts": facts}
    return (await lab.attack(f"{connector}.attempt", said, timeout=20)).value


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("probe", PROBES)
async def test_a_tool_is_denied(facts, probe, how):
    assert not facts["inside"][how][probe].startswith("did"), facts["inside"][how][probe]


@pytest.mark.parametrize("probe", sorted({*PROBES} - DEPENDS - NEVER))
async def test_outside_of_a_sandbox_it_works(facts, probe):
    if os.getuid() and probe in ROOT_ONLY:
        pytest.skip("only root may do this at all")

    assert facts["outside"][probe].startswith("did"), facts["outside"][probe]


async def test_every_probe_is_listed(hostile_site):
    from hostile_connector.probes import PROBES as THERE

    assert set(THERE) == set(PROBES)
