"""How far a kernel goes with us is told truthfully, and can be insisted on."""

import os
from functools import partial

import pytest

from connector_vault import running
from connector_vault.errors import NotAllowed
from connector_vault.sandbox.box import Sandbox
from connector_vault.sandbox.inside import landlock
from connector_vault.sandbox.level import Isolation
from connector_vault.sandbox.nursery import NEWEST
from tests.deeds import ADA
from tests.hostile.lab import ISSUES, MALLORY, connected, laboratory

pytest_plugins = ("tests.hostile.fixtures",)


@pytest.fixture
def kernel(hostile_site, monkeypatch):
    """Have a kernel that knows no later Landlock than this."""

    def kernel(version):
        monkeypatch.setattr(running, "Sandbox", partial(Sandbox, landlock=version))

    return kernel


FACTS = ("database", "truncate", "make a socket", "fork", "signal a neighbour", "write /tmp")


async def tried(lab, folder):
    """Give what a tool managed to do."""
    database = f"{folder}/vault.db"
    facts = {"database": database, "victim": database, "neighbour": os.getpid()}
    outcome = await lab.attack("hostile.attempt", {"names": FACTS, "facts": facts})
    return [name for name, said in outcome.value.items() if said.startswith("did")]


@pytest.mark.parametrize("version", range(1, NEWEST + 1))
async def test_every_landlock_is_enough_and_told(kernel, tmp_path, version):
    """Debian 12 has the second, which knows no TCP, signals, abstract sockets or truncate(2)."""
    kernel(version)
    async with laboratory(tmp_path) as lab:
        isolation = (await lab.attack("hostile.greet")).isolation
        did = await tried(lab, tmp_path)

    assert did == []
    assert isolation == Isolation(mode="fresh", landlock=min(version, landlock.abi()), seccomp=True)
    assert isolation.sandboxed


async def test_no_landlock_is_told_as_no_sandbox(kernel, tmp_path):
    kernel(0)
    async with laboratory(tmp_path, require="none") as lab:
        isolation = (await lab.attack("hostile.greet")).isolation

    assert (isolation.landlock, isolation.seccomp, isolation.sandboxed) == (0, True, False)


@pytest.mark.parametrize("require", ["third-party", "all"])
async def test_where_there_is_no_sandbox_no_third_party_runs(kernel, tmp_path, require):
    kernel(0)
    async with laboratory(tmp_path, require=require) as lab:
        outcome = await lab.attack("hostile.greet")

    assert isinstance(outcome, NotAllowed)
    assert "doctor" in str(outcome)


async def test_where_there_is_no_sandbox_no_third_party_is_asked_to_describe_itself(
    kernel, tmp_path
):
    """That would run its code as much as a call does."""
    kernel(0)
    async with laboratory(tmp_path) as lab:
        offers = await lab.gateway.tools(MALLORY)

    assert [one.name for one in offers if one.name.startswith("hostile_named.")] == []


@pytest.mark.parametrize("require", ["third-party", "all"])
async def test_our_own_tools_may_do_without_unless_all_may_not(kernel, tmp_path, require):
    kernel(0)
    async with laboratory(tmp_path, require=require) as lab:
        await connected(lab.vault, lab.world)
        call = lab.gateway.call(ADA, "github.list_issues", ISSUES)
        if require == "all":
            with pytest.raises(NotAllowed):
                await call
        else:
            assert not (await call).isolation.sandboxed


async def test_no_third_party_runs_inside_the_vault(hostile_site, monkeypatch, tmp_path):
    """Where there are no such processes at all, as on macOS."""
    monkeypatch.setattr(running, "is_possible", lambda: False)
    async with laboratory(tmp_path) as lab:
        outcome = await lab.attack("hostile.greet")

    assert isinstance(outcome, NotAllowed)
