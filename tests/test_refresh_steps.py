"""A renewal of several steps, in a whole vault: nothing is taken for unspent that may be spent."""

from dataclasses import replace

import pytest

from connector_vault import oauth, registry
from connector_vault.catalog import Catalog
from connector_vault.connector import Request
from connector_vault.errors import RateLimited, Reconnect, Unreachable
from connector_vault.model import State
from tests.deeds import ADA, renew, row_of

GITHUB = registry.load("github")


def stepping(*, rotates):
    """Make GitHub renew in two steps, of which the second asks whose token it is."""

    def steps(client, tokens):
        reply = yield oauth.refresh(GITHUB, client, tokens.refresh)
        said = reply.json()
        told = yield Request("GET", f"{GITHUB.api}/rate_limit")
        return said if told.status < 300 else {"error": "slow_down"}

    return replace(GITHUB, oauth=replace(GITHUB.oauth, renew=steps, rotates=rotates))


@pytest.fixture
def in_steps(monkeypatch):
    def in_steps(**options):
        connector = stepping(**options)
        monkeypatch.setattr(Catalog, "load", lambda _self, _name: connector)

    return in_steps


async def test_steps_that_go_well_give_the_next_token(vault, connect, in_steps):
    connection = await connect(vault)
    in_steps(rotates=True)

    token = await renew(vault, connection)

    assert token.generation == 2


@pytest.mark.parametrize("kind", ["drop", "status"])
async def test_a_second_step_that_fails_leaves_a_doubt(vault, connect, in_steps, world, kind):
    """The first has spent the refresh token: nobody may think that nothing was sent."""
    connection = await connect(vault)
    in_steps(rotates=True)
    failing = {"status": 429} if kind == "status" else {}
    await world.fault(kind=kind, path="/rate_limit", times=None, **failing)

    with pytest.raises((RateLimited, Unreachable, Reconnect)):
        await renew(vault, connection)

    assert (await row_of(vault, connection)).doubt


async def test_where_nothing_is_spent_the_connection_is_as_it_was(vault, connect, in_steps, world):
    connection = await connect(vault)
    in_steps(rotates=False)
    await world.fault(kind="status", path="/rate_limit", status=429)

    with pytest.raises(RateLimited):
        await renew(vault, connection)

    row = await row_of(vault, connection)
    assert (row.doubt, row.state) == ("", State.ACTIVE.value)
    assert (await vault.get(connection.id, owner=ADA)).live
