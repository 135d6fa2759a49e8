"""A machine whose keys are rotated by the command line, and what may be asked of it."""

import pytest

from connector_vault import Owner, Secret, rotation
from connector_vault.keys import open_keys
from tests.cli import SECRET_KEY

ME = Owner(tenant="local", user="me")
DAMAGE = """
    update dek set wrapped = zeroblob(64)
    where connection = (select id from connection where provider = 'two')
"""


@pytest.fixture
def made(lonely, portal):
    """A machine with a vault, and three keys of services in it."""
    assert lonely.quick("init").code == 0
    portal.call(fill, lonely)
    return lonely


@pytest.fixture
def hasty(monkeypatch):
    """On this machine nobody is just storing anything."""
    monkeypatch.setattr(rotation, "_UNDER_WAY", 0)


@pytest.fixture
def holder(made):
    """Who holds the keys, as another process sees it."""
    return lambda: open_keys(made.env["CONNECTOR_VAULT_KEYS"])


async def fill(shell):
    async with shell.vault() as vault:
        for name in ("one", "two", "three"):
            await vault.add(name, ME, secret=Secret(SECRET_KEY))


async def secrets(shell):
    """Take out what the vault keeps."""
    async with shell.vault() as vault:
        found = [one async for one in vault.connections(owner=ME)]
        tokens = [await vault.token(one.id, owner=ME, purpose="test") for one in found]
        return [one.secret.reveal() for one in tokens]


def status_of(shell):
    return shell.quick("keys", "status", "--json").json["status"]


async def rotated(shell):
    """Do what an administrator does."""
    return await open_keys(shell.env["CONNECTOR_VAULT_KEYS"]).rotate()


FIXTURES = (made, hasty, holder)
"""A test module takes them under these names."""
