"""A provider that does not confirm an end is asked until it does."""

import pytest

from connector_vault import Client, Secret, State
from connector_vault.errors import NotConnected
from tests.deeds import ADA, CLIENT, live, renew

GRANT = "/applications/Iv1.emulator/grant"

SILENT = [
    {"kind": "reset"},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 401},
    {"kind": "malformed"},
    {"kind": "hang"},
]


async def end(vault, connection, owner=ADA):
    return await vault.disconnect(connection.id, owner=owner)


@pytest.mark.parametrize("fault", SILENT, ids=lambda fault: str(fault.get("status", fault["kind"])))
async def test_a_silent_provider_leaves_it_unconfirmed(vault, world, connect, monkeypatch, fault):
    monkeypatch.setattr("connector_vault.ending._SEND", 0.3)
    connection = await connect(vault)
    await world.fault(path="/applications/*", times=None, **fault)

    receipt = await end(vault, connection)

    assert (receipt.outcome, receipt.confirmed, receipt.shredded) == ("unconfirmed", False, False)
    assert receipt.note
    assert (await vault.get(connection.id, owner=ADA)).state is State.REVOKING


@pytest.mark.parametrize("fault", SILENT, ids=lambda fault: str(fault.get("status", fault["kind"])))
async def test_asking_again_completes_it(vault, world, connect, monkeypatch, fault):
    monkeypatch.setattr("connector_vault.ending._SEND", 0.3)
    connection = await connect(vault)
    await world.fault(path="/applications/*", times=None, **fault)
    first = await end(vault, connection)
    await world.mend()

    second = await end(vault, connection)

    assert (second.outcome, second.confirmed) == ("revoked", True)
    assert second.asked_at == first.asked_at
    assert await live(world) == 0


async def test_a_client_that_is_not_known_proves_nothing(vault, opened, world, connect):
    """GitHub asks the client who it is before it says anything of a token."""
    connection = await connect(vault)
    mistyped = Client(provider="github", id=CLIENT.id, secret=Secret("mistyped"))

    async with opened(clients=[mistyped]) as other:
        receipt = await end(other, connection)

    assert (receipt.outcome, receipt.shredded, await live(world)) == ("unconfirmed", False, 1)


async def test_an_unconfirmed_end_hands_out_nothing(vault, world, connect):
    connection = await connect(vault)
    await world.fault(path="/applications/*", kind="reset", times=None)
    await end(vault, connection)

    for newer_than in (None, 1):
        with pytest.raises(NotConnected):
            await renew(vault, connection, newer_than)


async def test_a_lost_answer_is_made_up_for(vault, world, connect):
    """The provider did it, and said so to nobody."""
    connection = await connect(vault)
    await world.fault(path=GRANT, kind="drop")
    first = await end(vault, connection)

    second = await end(vault, connection)

    assert (first.outcome, second.outcome) == ("unconfirmed", "already gone")
    assert second.confirmed


async def test_a_token_that_lives_on_is_not_called_revoked(vault, world, connect):
    connection = await connect(vault)
    await world.fault(path=GRANT, kind="status", status=204)

    receipt = await end(vault, connection)

    assert (receipt.outcome, receipt.probe, receipt.confirmed) == ("unconfirmed", "alive", False)
    assert await live(world) == 1


async def test_a_grant_whose_client_is_gone_stays_unconfirmed(vault, opened, connect):
    connection = await connect(vault)

    async with opened(clients=[]) as other:
        first = await end(other, connection)
    second = await end(vault, connection)

    assert (first.outcome, first.confirmed) == ("unconfirmed", False)
    assert "Iv1.emulator" in first.note
    assert (second.outcome, second.confirmed) == ("revoked", True)
