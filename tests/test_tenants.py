"""Who looks after a whole tenant sees all its connections, page by page, and no others."""

from itertools import count

import pytest

from connector_vault import Owner, Secret, Tenant
from connector_vault.errors import NotConnected
from connector_vault.room import now_ms
from tests.deeds import ADA, all_of

ACME = Tenant(name="acme")
EVE = Owner(tenant="acme", user="eve")
WORKSPACE = Owner(tenant="acme")
ABROAD = Owner(tenant="evil", user="ada")


@pytest.fixture
async def vault(opened):
    """A vault whose clock never says the same twice, so that the oldest is known."""
    ticking = count(now_ms())
    async with opened(clock=lambda: next(ticking)) as vault:
        yield vault


@pytest.fixture
async def kept(vault):
    """One key each, the oldest first."""
    return {
        owner: await vault.add("openrouter", owner, secret=Secret("a-key-of-somebody"))
        for owner in (ADA, EVE, WORKSPACE, ABROAD)
    }


async def test_a_tenant_lists_what_its_people_connected(vault, kept):
    assert await all_of(vault, ACME) == [kept[ADA], kept[EVE], kept[WORKSPACE]]


async def test_a_tenant_sees_nothing_of_another(vault, kept):
    assert await vault.get(kept[EVE].id, owner=ACME) == kept[EVE]

    with pytest.raises(NotConnected):
        await vault.get(kept[ABROAD].id, owner=ACME)


async def test_another_tenants_connection_is_told_of_as_one_that_is_not(vault, kept):
    told = []
    for id_ in (kept[ABROAD].id, "con_none"):
        with pytest.raises(NotConnected) as caught:
            await vault.get(id_, owner=ACME)
        told.append(str(caught.value).replace(id_, "ID"))

    assert told[0] == told[1]


async def test_a_list_goes_on_after_a_connection(vault, kept):
    rest = vault.connections(owner=ACME, after=kept[ADA].id)

    assert [one.owner async for one in rest] == [EVE, WORKSPACE]


@pytest.mark.parametrize("after", ["con_none", "", "x"])
async def test_a_list_does_not_go_on_after_nothing(vault, kept, after):
    with pytest.raises(NotConnected):
        [one async for one in vault.connections(owner=ACME, after=after)]


async def test_a_list_does_not_go_on_after_another_tenants(vault, kept):
    with pytest.raises(NotConnected):
        [one async for one in vault.connections(owner=ACME, after=kept[ABROAD].id)]
