"""Tools of somebody else: those that fail, hang, and take files."""

import asyncio
import io

import pytest

from connector_vault import Gateway
from connector_vault.errors import (
    BadArguments,
    Crashed,
    Misconfigured,
    NotConnected,
    OutcomeUnknown,
    Refused,
    TimedOut,
)
from tests.calls import call, gateway_of
from tests.deeds import ADA, hastened


async def test_a_disconnect_stops_the_next_request_of_a_running_tool(acme_vault, acme_world):
    (connection,) = [one async for one in acme_vault.connections(owner=ADA)]
    await acme_world.fault(path="/v1/one", kind="delay", seconds=0.3)
    running = asyncio.create_task(call(acme_vault, "acme.twice", {}))
    await acme_world.heard(path="/v1/one")

    await acme_vault.disconnect(connection.id, owner=ADA)

    with pytest.raises(NotConnected):
        await running
    assert await acme_world.log(path="/v1/two") == ()


@pytest.mark.parametrize("tool", ["lie", "misread"])
async def test_a_tool_that_fails_has_crashed(acme_vault, tool):
    with pytest.raises(Crashed, match=f"acme.{tool}"):
        await call(acme_vault, f"acme.{tool}", {})


async def test_a_crash_does_not_repeat_what_the_tool_said(acme_vault):
    with pytest.raises(Crashed, match="ValueError") as caught:
        await call(acme_vault, "acme.crash", {"text": "hush-hush"})

    assert "hush-hush" not in str(caught.value)


async def test_a_tools_own_deadline_is_not_the_calls(acme_vault):
    with pytest.raises(Crashed):
        await call(acme_vault, "acme.tire", {})


async def test_a_tool_that_never_ends_is_ended(acme_vault):
    with pytest.raises(TimedOut):
        await call(acme_vault, "acme.stall", {}, timeout=0.2)


async def test_a_tool_that_never_ends_after_a_change_leaves_it_unknown(acme_vault, acme_world):
    running = asyncio.create_task(call(acme_vault, "acme.put_then_stall", {}))
    await acme_world.heard(path="/v1/thing", settled=True)

    with hastened(), pytest.raises(OutcomeUnknown):
        await running


@pytest.mark.parametrize("how", ["refused", "crash"])
async def test_what_fails_after_a_change_leaves_it_unknown(acme_vault, how):
    """Any other error would invite to make the change again."""
    with pytest.raises(OutcomeUnknown):
        await call(acme_vault, "acme.put_then_fail", {"how": how})


async def test_a_read_that_breaks_after_a_change_leaves_it_unknown(acme_vault, acme_world):
    await acme_world.fault(path="/v1/echo", kind="reset")

    with pytest.raises(OutcomeUnknown):
        await call(acme_vault, "acme.put_then_fail", {"how": "echo"})


async def test_a_change_that_was_refused_is_told_as_refused(acme_vault):
    with pytest.raises(Refused):
        await call(acme_vault, "acme.ask", {"method": "PUT", "url": "/refused"})


async def test_a_tool_that_fails_after_a_change_leaves_it_unknown(acme_vault):
    with pytest.raises(OutcomeUnknown):
        await call(acme_vault, "acme.put_then_crash", {})


async def test_a_tool_that_is_refused_after_a_change_leaves_it_unknown(acme_vault):
    with pytest.raises(OutcomeUnknown):
        await call(acme_vault, "acme.put_then_ask", {})


async def test_a_tool_may_live_with_a_refusal(acme_vault):
    assert (await call(acme_vault, "acme.carry_on", {})).value == "422"


class Held(io.BytesIO):
    """Bytes in the calling program."""

    name = "note.txt"
    size = 5

    def read(self, piece):
        return self.getvalue()[piece.start : piece.stop]


async def test_a_file_is_handed_over_by_the_program(acme_vault, acme_world):
    result = await call(acme_vault, "acme.attach", {"file": Held(b"hello")})

    (entry,) = await acme_world.log(host="up.acme.example")
    assert (result.value, entry.method, entry.path) == (5, "PUT", "/note.txt")
    assert entry.authorization == ""


@pytest.mark.parametrize(
    "arguments",
    [{}, {"file": "/etc/passwd"}, {"file": {"path": "/etc/passwd"}}, {"file": None}],
    ids=str,
)
async def test_an_agent_cannot_name_a_file(acme_vault, arguments):
    with pytest.raises(BadArguments, match="file"):
        await call(acme_vault, "acme.attach", arguments)


async def test_a_file_not_needed_may_be_left_out_and_not_named(acme_vault):
    held = Held(b"hello")

    assert await call(acme_vault, "acme.attach", {"file": held, "second": None})
    with pytest.raises(BadArguments, match="second"):
        await call(acme_vault, "acme.attach", {"file": held, "second": "/etc/passwd"})


async def test_a_file_is_in_the_schema(acme_vault):
    offers = {offer.name: offer for offer in await gateway_of(acme_vault).tools(ADA)}

    schema = offers["acme.attach"].input_schema
    assert schema["required"] == ["file"]
    assert schema["properties"]["file"]["format"] == "binary"


async def test_a_gateway_belongs_to_one_event_loop(acme_vault):
    """As where each web request gets a loop of its own: waiting there would never end."""
    gateway = gateway_of(acme_vault)
    await gateway.__aenter__()

    def elsewhere():
        return asyncio.run(gateway.call(ADA, "acme.echo", {}, timeout=20))

    with pytest.raises(Misconfigured, match="another event loop"):
        await asyncio.to_thread(elsewhere)
    await asyncio.to_thread(asyncio.run, gateway.__aexit__())


@pytest.mark.parametrize("size", [0, 5])
async def test_an_empty_file_is_a_file(acme_vault, size):
    held = Held(b"")
    held.size = size

    assert (await call(acme_vault, "acme.attach", {"file": held})).value == 0


async def test_arguments_are_names_and_values(acme_vault):
    with pytest.raises(BadArguments, match="mapping"):
        await call(acme_vault, "acme.echo", None)


async def test_a_tools_author_is_told_where_it_failed(acme_vault):
    with pytest.raises(Crashed, match=r"ValueError at tools\.py:\d+: tell its author"):
        await call(acme_vault, "acme.crash", {"text": "hush-hush"})


async def test_a_tool_that_cannot_be_described_hides_no_others(acme_vault, caplog):
    offers = [offer.name for offer in await gateway_of(acme_vault).tools(ADA)]

    assert "acme.add_up" in offers
    assert "acme.nothing_of_that_name" not in offers
    assert "acme.nothing_of_that_name cannot be described: AttributeError" in caplog.text


async def test_a_tool_that_is_only_named_is_told_what_does_not_fit(acme_vault):
    assert (await call(acme_vault, "acme.add_up", {"numbers": [1, 2]})).value == 3
    with pytest.raises(BadArguments, match="numbers"):
        await call(acme_vault, "acme.add_up", {"numbers": "1"})


@pytest.mark.parametrize("isolation", ["inline", "auto"])
async def test_a_refusal_does_not_hide_a_change_that_was_sent_beside_it(acme_vault, isolation):
    async with Gateway(acme_vault, isolation=isolation) as gateway:
        with pytest.raises(OutcomeUnknown):
            await gateway.call(ADA, "acme.put_two", {})
