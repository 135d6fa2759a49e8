"""What every store promises about who is there. Not every database can tell."""

import asyncio

from tests.deeds import until


async def test_who_appeared_is_alive_until_its_store_is_closed(another, store):
    async with another() as other:
        can_tell = await other.presence.appear("other")
        assert await store.presence.alive("other") is (True if can_tell else None)

    gone = False if can_tell else None
    await eventually(store, "other", gone)


async def test_who_never_appeared_is_not_alive(store):
    can_tell = await store.presence.appear("me")

    assert await store.presence.alive("nobody") is (False if can_tell else None)


async def test_two_are_told_apart(another, store):
    async with another() as other:
        can_tell = await store.presence.appear("one")
        await other.presence.appear("two")
        alive = [await store.presence.alive(name) for name in ("one", "two", "three")]

    assert alive == ([True, True, False] if can_tell else [None, None, None])


async def test_who_appears_again_is_there_already(store):
    first, again = await asyncio.gather(*(store.presence.appear("me") for _ in range(2)))

    assert first is again is await store.presence.appear("me")


async def test_who_waits_does_not_wait_for_ever(store):
    await store.presence.appear("me")

    async with asyncio.timeout(5):
        await store.presence.wait("con_1", 0.01)


async def test_who_waits_is_woken_in_another_process(another, store):
    """A database that can tell does so at once; the others let everybody look again."""
    async with another() as other:
        can_tell = await other.presence.appear("other")
        seconds = 30 if can_tell else 0.01
        waits = [
            asyncio.create_task(other.presence.wait(name, seconds))
            for name in ("con_1", "con_1", "con_2")
        ]
        await asyncio.sleep(0)

        store.presence.tell("con_1")
        async with asyncio.timeout(10):
            await asyncio.wait(waits[:2])
        if can_tell:
            assert not waits[2].done()
            store.presence.tell("con_2")
        await waits[2]


async def test_telling_waits_for_nobody(store):
    for number in range(1_000):
        store.presence.tell(f"con_{number}")


async def eventually(store, name, wanted):
    """The server notices soon, and not at once, that a session was closed."""
    found = []

    async def ask():
        while not found:
            if await store.presence.alive(name) is wanted:
                found.append(wanted)

    task = asyncio.create_task(ask())
    await until(lambda: found)
    await task
