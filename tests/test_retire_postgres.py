"""What a server keeps of data keys that were destroyed, and until when it is of use."""

import pytest

from tests.deeds import ADA
from tests.wraps import STOLEN, add_some, check, files_with, opening, resting

DATABASES = ["postgres"]


@pytest.fixture
def rests(vault, monkeypatch):
    return resting(vault, monkeypatch)


async def test_a_servers_log_keeps_what_no_holder_opens(vault, rests, raw, postgres):
    """The horizon that is promised: not the disconnect, but the retirement."""
    some = await add_some(vault, 12)
    stolen = [one for one in raw(STOLEN) if one[2] in {some[0].id, some[1].id, some[2].id}]
    for connection in some[:3]:
        assert (await vault.disconnect(connection.id, owner=ADA)).shredded
    for work in ("vacuum", "checkpoint"):
        postgres.sql(work)

    left = [one for one in stolen if await files_with(postgres.folder / "pg_wal", one[3])]
    assert left
    assert await opening(vault, left) == len(left)

    await vault.rotate()
    await vault.rotation.retire()

    assert await files_with(postgres.folder / "pg_wal", left[0][3]) != []
    assert await opening(vault, stolen) == 0
    await check(vault, some[3:])
