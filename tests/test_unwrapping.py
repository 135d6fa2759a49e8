"""A data key that nobody takes any more is wiped, and nobody waits for one that never comes."""

import asyncio

import pytest

from connector_vault.errors import KeysUnavailable
from connector_vault.keys import Wrapped
from connector_vault.undertaking import Undertakings
from connector_vault.unwrapping import Unwrapping

ITEM = Wrapped(b"wrapped", b"context")


class Slow:
    """A holder that answers when it is told to, and remembers what it gave."""

    def __init__(self, number=1):
        self.told = asyncio.Event()
        self.asked = asyncio.Event()
        self.given = [bytearray(b"k" * 32) for _ in range(number)]
        self.first = lambda: None

    async def unwrap(self, items):
        self.asked.set()
        await self.told.wait()
        self.first()
        return self.given


async def begun():
    holder = Slow()
    unwrapping = Unwrapping(holder, Undertakings())
    task = asyncio.create_task(unwrapping.unwrap(ITEM))
    await holder.asked.wait()
    return holder, unwrapping, task


async def test_a_key_that_comes_too_late_is_wiped():
    holder, _, task = await begun()

    task.cancel()
    await asyncio.wait([task])
    holder.told.set()
    await asyncio.sleep(0.01)

    assert holder.given == [bytes(32)]


async def test_a_key_whose_caller_is_cancelled_just_as_it_comes_is_wiped():
    holder, _, task = await begun()
    # Between its arrival and the moment in which whoever waits for it goes on.
    holder.first = lambda: asyncio.get_running_loop().call_soon(task.cancel)
    holder.told.set()

    await asyncio.wait([task])

    assert task.cancelled()
    assert holder.given == [bytes(32)]


async def test_a_holder_that_answers_too_few_is_no_holder():
    holder = Slow(number=0)
    holder.told.set()
    unwrapping = Unwrapping(holder, Undertakings())

    async with asyncio.timeout(5):
        with pytest.raises(KeysUnavailable, match="each item"):
            await unwrapping.unwrap(ITEM)
