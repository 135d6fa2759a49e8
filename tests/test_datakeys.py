"""What is kept of data keys bridges a holder that is away, and never one that refuses."""

import asyncio

import pytest

from connector_vault import Secret, datakeys
from connector_vault.datakeys import GRACE, LIFE
from connector_vault.errors import Corrupt, KeysDenied, KeysUnavailable, Misconfigured, Shredded
from tests.deeds import ADA, row_of
from tests.holder import Holder, keyring_of

KEY = Secret("sk-1234567890")
AWAY, DENIED = KeysUnavailable("away"), KeysDenied("no")


class Clock:
    time = 0.0

    def __call__(self):
        return self.time


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch):
    monkeypatch.setattr(datakeys, "_PAUSE", 1.0)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def holder(place, vault):
    return Holder(place.keys)


@pytest.fixture
def keyring(vault, holder, clock):
    return keyring_of(vault, holder, clock)


@pytest.fixture
async def connection(vault):
    return await vault.add("openrouter", ADA, secret=KEY)


@pytest.fixture
async def row(vault, connection):
    return await row_of(vault, connection)


async def settled():
    """Let what works in the background come to its end."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_many_callers_ask_the_holder_once(keyring, holder, row):

    await asyncio.gather(*(keyring.open(row) for _ in range(50)))
    await keyring.open(row)

    assert holder.unwrapped == 1


async def test_a_holder_that_comes_back_is_asked_again(keyring, holder, clock, row):
    holder.error = AWAY
    with pytest.raises(KeysUnavailable):
        await keyring.open(row)

    holder.error = None
    clock.time += 1

    assert (await keyring.open(row))[0].access == KEY


async def test_a_cancelled_caller_spoils_nothing_for_the_others(keyring, row):
    first, second = (asyncio.create_task(keyring.open(row)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()

    assert (await second)[0].access == KEY


async def test_a_forgotten_key_is_asked_for_again(keyring, holder, row):
    await keyring.open(row)

    keyring.keys.forget(row.dek_id)
    await keyring.open(row)

    assert holder.unwrapped == 2


async def test_keys_kept_have_a_limit(vault, keyring, holder, monkeypatch):
    monkeypatch.setattr("connector_vault.datakeys._MAX_KEYS", 3)
    rows = [await row_of(vault, await vault.add("other", ADA, secret=KEY)) for _ in range(5)]

    for row in rows:
        await keyring.open(row)

    assert len(keyring.keys._kept) == 3


async def test_a_key_in_use_is_fetched_again_before_it_ends(keyring, holder, clock, row):
    await keyring.open(row)
    clock.time = LIFE - 11
    await keyring.open(row)
    assert holder.unwrapped == 1

    clock.time = LIFE - 10
    holder.answers.clear()
    await keyring.open(row)  # nobody waits for it
    await settled()
    assert holder.unwrapped == 2
    holder.answers.set()
    await settled()
    clock.time = LIFE + 1
    await keyring.open(row)

    assert holder.unwrapped == 2


async def test_a_key_that_was_not_in_use_is_asked_for_once_its_time_is_over(
    keyring, holder, clock, row
):
    await keyring.open(row)
    clock.time = LIFE

    await keyring.open(row)

    assert holder.unwrapped == 2


async def test_a_holder_that_is_away_is_bridged_for_exactly_the_stated_time(
    keyring, holder, clock, row
):
    await keyring.open(row)
    holder.error = AWAY

    for clock.time in range(int(LIFE + GRACE)):
        await keyring.open(row)
        await settled()
    asked = holder.unwrapped
    clock.time = LIFE + GRACE
    with pytest.raises(KeysUnavailable):
        await keyring.open(row)

    # Once a second from ten seconds before its end, and not before.
    assert asked == 1 + 10 + GRACE


async def test_while_a_holder_is_away_nobody_waits_for_it(keyring, holder, clock, row):
    await keyring.open(row)
    clock.time, holder.error = LIFE, AWAY
    await keyring.open(row)
    clock.time, holder.error = LIFE + 1, None
    holder.answers.clear()

    await keyring.open(row)
    await keyring.open(row)

    holder.answers.set()
    await settled()
    assert holder.unwrapped == 3


async def test_a_holder_that_is_away_is_not_asked_by_everybody(vault, keyring, holder, row):
    other = await row_of(vault, await vault.add("other", ADA, secret=KEY))
    holder.error = AWAY

    for one in (row, other, row):
        with pytest.raises(KeysUnavailable, match="away"):
            await keyring.open(one)

    assert holder.unwrapped == 1


async def test_a_denial_is_obeyed_at_the_next_call_of_the_holder(vault, keyring, holder, row):
    """Whatever key that was for: it refuses this vault."""
    other = await row_of(vault, await vault.add("other", ADA, secret=KEY))
    await keyring.open(row)
    holder.error = DENIED
    await keyring.open(row)

    for one in (other, row):
        with pytest.raises(KeysDenied):
            await keyring.open(one)


async def test_a_denial_is_obeyed_at_the_latest_when_the_key_ends(keyring, holder, clock, row):
    await keyring.open(row)
    holder.error = DENIED
    clock.time = LIFE - 10
    await keyring.open(row)
    await settled()

    with pytest.raises(KeysDenied):
        await keyring.open(row)


async def test_a_denial_after_an_outage_ends_the_grace(keyring, holder, clock, row):
    await keyring.open(row)
    clock.time, holder.error = LIFE, AWAY
    await keyring.open(row)
    clock.time, holder.error = LIFE + 1, DENIED
    await keyring.open(row)
    await settled()

    with pytest.raises(KeysDenied):
        await keyring.open(row)


async def test_a_right_that_was_given_back_works_by_itself(keyring, holder, clock, row):
    holder.error = DENIED
    with pytest.raises(KeysDenied):
        await keyring.open(row)
    holder.error = None
    with pytest.raises(KeysDenied):
        await keyring.open(row)
    clock.time = 1

    assert (await keyring.open(row))[0].access == KEY


async def test_uses_are_bounded(keyring, holder, row, monkeypatch):
    monkeypatch.setattr(datakeys, "_MAX_USES", 3)

    for _ in range(8):
        await keyring.open(row)

    assert holder.unwrapped == 2


async def test_a_key_that_was_shredded_elsewhere_ends_with_its_time(
    keyring, holder, clock, row, raw
):
    await keyring.open(row)
    raw("delete from dek where connection = ?", row.id)
    clock.time = LIFE

    with pytest.raises(Shredded):
        await keyring.open(row)
    assert keyring.keys.at_hand(row.dek_id) is None


async def test_old_keys_are_dropped_although_nobody_asks_for_them(keyring, clock, row, monkeypatch):
    monkeypatch.setattr(datakeys, "_AHEAD", 0.01)
    await keyring.open(row)
    clock.time = LIFE + GRACE

    await asyncio.sleep(0.1)

    assert not keyring.keys._kept


async def test_a_holder_that_was_not_given_is_named(keyring, row, raw):
    raw("update dek set holder = 'hcvault:elsewhere'")

    with pytest.raises(Misconfigured, match=r"under hcvault:elsewhere.*CONNECTOR_VAULT_KEYS"):
        await keyring.open(row)


async def test_many_cold_keys_are_asked_for_together(vault, keyring, holder):
    rows = [await row_of(vault, await vault.add("other", ADA, secret=KEY)) for _ in range(40)]

    await asyncio.gather(*map(keyring.open, rows))

    assert holder.unwrapped == 40
    assert holder.calls < 10


async def test_one_bad_key_among_many_spoils_nothing_for_the_others(vault, keyring, raw):
    rows = [await row_of(vault, await vault.add("other", ADA, secret=KEY)) for _ in range(10)]
    raw("update dek set wrapped = zeroblob(64) where connection = ?", rows[5].id)

    found = await asyncio.gather(*map(keyring.open, rows), return_exceptions=True)

    assert [isinstance(one, Corrupt) for one in found] == [number == 5 for number in range(10)]
