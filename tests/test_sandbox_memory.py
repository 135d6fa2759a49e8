"""What is in the memory, the environment and the hands of the processes that run tools.

Searched are whole processes, from outside, as root may. Without root a worker may not be looked
into at all, and that is asserted instead.
"""

import base64
import os
import re
from contextlib import suppress
from pathlib import Path

import pytest

from tests.deeds import ADA, row_of, secret_of
from tests.hostile.lab import ISSUES, TOKEN, connected, laboratory

pytest_plugins = ("tests.hostile.fixtures",)

CANARY = "planted-" + "canary" * 3
ROOT = os.getuid() == 0

WORKER = {"device 1:3": 3, "socket": 4, "no file": 1}
"""Three of /dev/null; orders and way out; the loop's own pair, and its epoll."""


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
async def lab(hostile_site, tmp_path_factory):
    async with laboratory(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="module")
async def secrets(lab, tmp_path_factory):
    """Everything that must stay with the vault, after calls that used it."""
    connection = await connected(lab.vault, lab.world)
    tokens, _ = await lab.vault.room.keyring.open(await row_of(lab.vault, connection))
    await lab.gateway.call(ADA, "github.list_issues", ISSUES | {"state": "open"})
    await lab.gateway.call(ADA, "github.create_issue", {**ISSUES, "title": CANARY})
    await lab.attack("hostile.greet", {"text": CANARY})
    return {
        "access token": (await secret_of(lab.vault, connection)).reveal(),
        "refresh token": tokens.refresh.reveal(),
        "client's secret": "emulator-secret",
        "pasted token": TOKEN.reveal(),
        **keys_of(lab),
    }


def keys_of(lab):
    """Find the keys in the vault's key file: every long enough text of it."""
    text = (lab.keys).read_text()
    return {f"key {number}": one for number, one in enumerate(re.findall(r"[\w+/=-]{32,}", text))}


def searched(pid, needles):
    """Count texts in all memory a process can read itself, as they are and as bytes of base64."""
    found = dict.fromkeys(needles, 0)
    forms = {name: _forms(text) for name, text in needles.items()}
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:  # noqa: PTH123
        for piece in pieces(memory, pid):
            for name, some in forms.items():
                found[name] += sum(piece.count(form) for form in some)
    return found


def _forms(text):
    forms = {text.encode()}
    with suppress(ValueError):
        forms.add(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return {form for form in forms if len(form) >= 12}


def pieces(memory, pid):
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        place, rights, *_ = line.split()
        if "r" in rights and "[v" not in line:
            begin, end = (int(one, 16) for one in place.split("-"))
            with suppress(OSError):
                memory.seek(begin)
                yield memory.read(end - begin)


def seen(pid, what):
    return Path(f"/proc/{pid}/{what}").read_bytes()


def status(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: said.strip() for name, _, said in (line.partition(":") for line in lines)}


def held(pid):
    return [os.readlink(one) for one in Path(f"/proc/{pid}/fd").iterdir()]  # noqa: PTH115


def looked_into(lab):
    """Name the processes: the zygote, and the worker that waits for Ada's next call."""
    (idle,) = lab.sandbox._pool._idle
    return {"zygote": lab.zygote, "worker": idle.pid}


@pytest.mark.skipif(not ROOT, reason="only root may look into a worker")
@pytest.mark.parametrize("who", ["zygote", "worker"])
async def test_no_secret_is_in_memory(lab, secrets, who):
    found = searched(looked_into(lab)[who], secrets)

    assert found == dict.fromkeys(secrets, 0)
    assert len(found) >= 5


@pytest.mark.skipif(not ROOT, reason="only root may look into a worker")
async def test_the_same_search_finds_what_is_there(lab, secrets):
    there = {"canary": CANARY}

    assert searched(looked_into(lab)["worker"], there)["canary"] > 0
    assert searched(looked_into(lab)["zygote"], there)["canary"] == 0
    assert all(searched("self", secrets).values())


@pytest.mark.skipif(ROOT, reason="root may look into everything")
@pytest.mark.parametrize("what", ["mem", "environ", "maps"])
async def test_another_process_of_the_user_cannot_look_into_a_worker(lab, secrets, what):
    with pytest.raises(PermissionError):
        seen(looked_into(lab)["worker"], what)


@pytest.mark.parametrize("who", ["zygote", "worker"])
async def test_no_environment_is_handed_over(lab, secrets, who):
    if who == "worker" and not ROOT:
        pytest.skip("only root may look into a worker")

    assert seen(looked_into(lab)[who], "environ") == b""


async def test_a_worker_has_its_sockets_and_nothing_else(lab, secrets):
    assert (await lab.attack("hostile.held")).value == WORKER


@pytest.mark.skipif(not ROOT, reason="only root may look into a worker")
async def test_a_pooled_worker_has_its_sockets_and_nothing_else(lab, secrets):
    kinds = [one.partition(":")[0] for one in held(looked_into(lab)["worker"])]

    assert sorted(kinds) == ["/dev/null"] * 3 + ["anon_inode"] + ["socket"] * 4


@pytest.mark.parametrize("which", ["CapInh", "CapPrm", "CapEff", "CapAmb"])
async def test_a_worker_has_no_capability(lab, secrets, which):
    """Whoever starts a vault as root does not give its power to tools."""
    assert int(status(looked_into(lab)["worker"])[which], 16) == 0


async def test_a_worker_cannot_win_privileges(lab, secrets):
    found = status(looked_into(lab)["worker"])

    assert (found["NoNewPrivs"], found["Seccomp"], found["Threads"]) == ("1", "2", "1")


async def test_no_tool_sees_what_another_call_was_told(lab, secrets):
    """A process of a third party's tool serves one call."""
    await lab.attack("hostile.remember", {"text": "first"})

    assert (await lab.attack("hostile.remember", {"text": "second"})).value == []
