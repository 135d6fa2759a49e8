"""Tools of somebody else: those that fail, hang, and take files."""

import asyncio
import io

import pytest

from connector_vault import Gateway, Secret
from connector_vault.errors import (
    BadArguments,
    Crashed,
    NotConnected,
    OutcomeUnknown,
    TimedOut,
)
from tests.conftest import ADA

SECRET = 'sk/with+signs=&and"quotes"\\more%'


async def call(vault, tool, arguments, owner=ADA, **options):
    return await Gateway(vault).call(owner, tool, arguments, **options)


@pytest.fixture
async def other(opened, acme_world):
    """A vault with a pasted token of Acme."""
    async with opened(emulator=acme_world.url) as vault:
        await vault.add("acme", ADA, secret=Secret(SECRET))
        yield vault


async def test_a_disconnect_stops_the_next_request_of_a_running_tool(other, acme_world):
    (connection,) = [one async for one in other.connections(owner=ADA)]
    await acme_world.fault(path="/v1/one", kind="delay", seconds=0.3)
    running = asyncio.create_task(call(other, "acme.twice", {}))
    await acme_world.heard(path="/v1/one")

    await other.disconnect(connection.id, owner=ADA)

    with pytest.raises(NotConnected):
        await running
    assert await acme_world.log(path="/v1/two") == ()


@pytest.mark.parametrize("tool", ["lie", "misread"])
async def test_a_tool_that_fails_has_crashed(other, tool):
    with pytest.raises(Crashed, match=f"acme.{tool}"):
        await call(other, f"acme.{tool}", {})


async def test_a_crash_does_not_repeat_what_the_tool_said(other):
    with pytest.raises(Crashed, match="ValueError") as caught:
        await call(other, "acme.crash", {"text": "hush-hush"})

    assert "hush-hush" not in str(caught.value)


async def test_a_tools_own_deadline_is_not_the_calls(other):
    with pytest.raises(Crashed):
        await call(other, "acme.tire", {})


async def test_a_tool_that_never_ends_is_ended(other):
    loop = asyncio.get_running_loop()
    begun = loop.time()

    with pytest.raises(TimedOut):
        await call(other, "acme.stall", {}, timeout=0.2)

    assert loop.time() - begun < 1.2


async def test_a_tool_that_never_ends_after_a_change_leaves_it_unknown(other):
    with pytest.raises(OutcomeUnknown):
        await call(other, "acme.put_then_stall", {}, timeout=0.3)


async def test_a_tool_may_live_with_a_refusal(other):
    assert (await call(other, "acme.carry_on", {})).value == "422"


class Held(io.BytesIO):
    """Bytes in the calling program."""

    name = "note.txt"
    size = 5

    def read(self, piece):
        return self.getvalue()[piece.start : piece.stop]


async def test_a_file_is_handed_over_by_the_program(other, acme_world):
    result = await call(other, "acme.attach", {"file": Held(b"hello")})

    (entry,) = await acme_world.log(host="up.acme.example")
    assert (result.value, entry.method, entry.path) == (5, "PUT", "/note.txt")
    assert entry.authorization == ""


@pytest.mark.parametrize(
    "arguments",
    [{}, {"file": "/etc/passwd"}, {"file": {"path": "/etc/passwd"}}, {"file": None}],
    ids=str,
)
async def test_an_agent_cannot_name_a_file(other, arguments):
    with pytest.raises(BadArguments, match="file"):
        await call(other, "acme.attach", arguments)


async def test_a_file_not_needed_may_be_left_out_and_not_named(other):
    held = Held(b"hello")

    assert await call(other, "acme.attach", {"file": held, "second": None})
    with pytest.raises(BadArguments, match="second"):
        await call(other, "acme.attach", {"file": held, "second": "/etc/passwd"})


async def test_a_file_is_in_the_schema(other):
    offers = {offer.name: offer for offer in await Gateway(other).tools(ADA)}

    schema = offers["acme.attach"].input_schema
    assert schema["required"] == ["file"]
    assert schema["properties"]["file"]["format"] == "binary"
