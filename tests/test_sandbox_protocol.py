"""A tool that writes to the vault itself: what it says is an answer, or the end of its own call."""

import asyncio
import json
import math
import struct

import pytest

from connector_vault.connector import RateLimited, Reconnect, Refused
from connector_vault.errors import ConnectorVaultError, Crashed, TimedOut
from tests.hostile.lab import TOKEN, laboratory

pytest_plugins = ("tests.hostile.fixtures",)

MB = 1024 * 1024


def frame(text, size=0):
    """Write a length and this. `ID` becomes 16 characters, `MORE` as many as `size`."""
    size += len(text) + (14 if "ID" in text else 0)
    return struct.pack(">I", size).decode("latin-1") + text


def answer(size=0, **fields):
    return frame(json.dumps({"id": "ID", "spent": False, **fields}), size)


NO_ANSWERS = {
    "junk": "\xff" * 64,
    "no JSON": frame("pickle"),
    "an oversize length": struct.pack(">I", 1 << 30).decode("latin-1"),
    "nothing in it": frame(""),
    "a list": frame("[1, 2]"),
    "a text": frame('"text"'),
    "deep nesting": frame("[" * 100_000),
    "deep objects": frame('{"a":' * 100_000),
    "NaN": frame('{"id": "ID", "spent": false, "value": NaN}'),
    "beyond every number": frame('{"id": "ID", "spent": false, "value": 1e999}'),
    "a number without end": frame('{"id": "ID", "spent": false, "value": ' + "1" * 5000 + "}"),
    "another's number": frame('{"id": "0000000000000000", "value": 1, "spent": false}'),
    "no number": frame('{"value": 1, "spent": false}'),
    "a number that is a list": frame('{"id": ["ID"], "value": 1, "spent": false}'),
    "an error that is none": answer(error={"kind": "Nothing", "text": "x"}),
    "an error not for tools": answer(error={"kind": "Corrupt", "text": "x"}),
    "an error of Python's": answer(error={"kind": "SystemExit", "text": "x"}),
    "an error without a text": answer(error={"kind": "Refused"}),
    "an error that is a text": answer(error="Refused"),
    "an error with a list": answer(error={"kind": ["Refused"], "text": "x"}),
    "a pause that is a text": answer(error={"kind": "RateLimited", "seconds": "1"}),
    "an error of 5 MB": answer(error={"kind": "Refused", "code": "x", "text": "MORE"}, size=5 * MB),
}

ESCAPES = "\x1b[2J\x1b]0;owned\x07\r\n\u202efdp\u2028x\x85\x00"


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
async def lab(hostile_site, tmp_path_factory):
    async with laboratory(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
async def usable(lab):
    """Afterwards the next call works, whatever this one did."""
    yield
    assert await lab.value("greet", text="still here") == "still here"


@pytest.mark.usefixtures("usable")
@pytest.mark.parametrize("said", NO_ANSWERS)
async def test_what_is_no_answer_ends_the_call(lab, said):
    outcome = await lab.attack("hostile.say", {"text": NO_ANSWERS[said], "more": 5 * MB}, timeout=2)

    assert isinstance(outcome, Crashed), outcome
    assert "\n" not in str(outcome)
    assert TOKEN.reveal() not in str(outcome)


@pytest.mark.usefixtures("usable")
@pytest.mark.parametrize("tool", ["say_and_leave", "say_and_stay"])
@pytest.mark.parametrize("cut", [0, 2, 4, 20])
async def test_half_an_answer_ends_the_call(lab, tool, cut):
    said, leaves = answer(value="x" * 100)[:cut], tool == "say_and_leave"

    outcome = await lab.attack(f"hostile.{tool}", {"text": said}, timeout=20 if leaves else 0.3)

    assert isinstance(outcome, Crashed if leaves else TimedOut)


@pytest.mark.parametrize("kind", ["Refused", "Reconnect", "BadArguments", "Crashed"])
async def test_an_error_is_one_short_line(lab, kind):
    text = json.dumps({"kind": kind, "code": ESCAPES, "text": ESCAPES + "x" * 100_000})

    outcome = await lab.attack("hostile.say", {"text": answer(error=json.loads(text))})

    assert isinstance(outcome, ConnectorVaultError)
    assert len(str(outcome)) < 1200
    assert str(outcome).isprintable()


@pytest.mark.parametrize("seconds", [-1, 1e308, 10**300, True])
async def test_a_pause_is_one_a_program_can_wait(lab, seconds):
    said = answer(error={"kind": "RateLimited", "seconds": seconds})

    outcome = await lab.attack("hostile.say", {"text": said})

    assert isinstance(outcome, RateLimited)
    assert 0 <= outcome.retry_after <= 366 * 86400
    assert math.isfinite(outcome.retry_after)


@pytest.mark.parametrize("text", ["\\ud800", "\\udfff\\ud800", "\xff", "\xc3", "\xed\xa0\x80"])
async def test_a_text_that_is_none_is_made_one(lab, text):
    """Half a character, or bytes that are none: whoever writes the result on would fail."""
    said = frame(f'{{"id": "ID", "spent": false, "value": "{text}"}}')

    assert (await lab.value("say", text=said)).encode().decode()


async def test_a_result_of_a_tool_goes_through_as_it_is(lab):
    """Else the tests above would hold whatever is done."""
    assert await lab.value("say", text=answer(value=["forged"])) == ["forged"]


@pytest.mark.parametrize("times", [1, 3, 1000])
async def test_a_second_answer_is_nobodys(lab, times):
    outcomes = [await lab.attack("hostile.answer_twice", {"times": times}) for _ in range(3)]

    assert [one.value for one in outcomes] == ["forged"] * 3
    assert await lab.value("greet", text="mine") == "mine"


@pytest.mark.parametrize("kind", [Refused, Reconnect])
async def test_a_tool_may_still_say_what_it_met(lab, kind):
    said = {"kind": kind.__name__, "code": "404", "text": "gone"}

    assert isinstance(await lab.attack("hostile.say", {"text": answer(error=said)}), kind)


async def test_calls_at_once_get_their_own_answers(lab):
    texts = [f"text {number}" for number in range(20)]

    assert await asyncio.gather(*(lab.value("greet", text=one) for one in texts)) == texts
