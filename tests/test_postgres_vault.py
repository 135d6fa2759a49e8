"""A vault on a server, seen from hosts whose clocks are wrong."""

import pytest

from connector_vault.room import now_ms
from tests.deeds import live, refreshes, renew, row_of

DATABASES = ["postgres"]
HOUR = 3600


@pytest.mark.parametrize("hours", [-9, 9])
async def test_a_hosts_wrong_clock_refreshes_nothing(opened, world, connect, hours):
    """A token of eight hours, on a host that is nine hours off."""
    async with opened(clock=lambda: now_ms() + hours * HOUR * 1000) as vault:
        connection = await connect(vault)

        assert (await renew(vault, connection, None)).generation == 1
        assert await refreshes(world) == 0
        assert abs((await row_of(vault, connection)).created_at - now_ms()) < 5_000
        assert (await renew(vault, connection)).generation == 2


async def test_two_hosts_whose_clocks_differ_refresh_once(opened, world, connect):
    async with (
        opened(clock=lambda: now_ms() + HOUR * 1000) as fast,
        opened(clock=lambda: now_ms() - HOUR * 1000) as slow,
    ):
        connection = await connect(slow)

        first, second = await renew(fast, connection), await renew(slow, connection)

        assert first == second
        assert await refreshes(world) == 1


async def test_a_host_whose_clock_is_wrong_ends_a_connection(opened, world, connect):
    async with opened(clock=lambda: now_ms() - 9 * HOUR * 1000) as vault:
        connection = await connect(vault)

        receipt = await vault.disconnect(connection.id, owner=connection.owner)

        assert receipt.confirmed
        assert abs(receipt.finished_at.timestamp() - now_ms() / 1000) < 5
        assert await live(world) == 0
