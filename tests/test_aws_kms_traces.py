"""What is left of a data key that AWS KMS was asked about: in errors, in logs, in memory."""

import asyncio
import base64
import logging
import threading
import traceback

import pytest

from connector_vault.errors import KeysUnavailable
from connector_vault.keys import Raw
from tests.deeds import until
from tests.holders.aws_kms import CONTEXT, DEK, opening, wrapped
from tests.kms import LASTING, relaying, server, told

BASE64 = base64.b64encode(DEK).decode()
SPELLINGS = (repr(DEK)[2:-1], DEK.hex(), BASE64, str(list(DEK))[1:-1])
"""All the ways in which a text may show a key."""


@pytest.fixture(autouse=True)
def kms():
    found = server()
    with told():
        yield found


@pytest.fixture
async def relay(kms):
    async with relaying(kms) as relay:
        yield relay


@pytest.fixture
async def opened():
    async with opening() as open_one:
        yield open_one


def whole_text(error):
    """Give all that anybody may print of an error, of what led to it, and of what each saw."""
    told, seen = "", []
    while error is not None and error not in seen:
        seen.append(error)
        frames = traceback.StackSummary.extract(
            traceback.walk_tb(error.__traceback__), capture_locals=True
        )
        ours = [frame for frame in frames if frame.filename != __file__]
        told += f"{error}{error!r}{error.args}{''.join(traceback.format_list(ours))}"
        error = error.__cause__ or error.__context__
    return told


def echoed(relay):
    """Answer as a careless proxy would: with what was asked."""
    return lambda said: relay.body({"__type": said.get("Plaintext", "X"), "message": said}, 400)


def opened_badly(relay):
    """Answer with a key, but not as KMS does."""
    shown = base64.b64encode(DEK).decode()
    return [
        relay.body({"KeyId": 5, "Plaintext": [shown]}),
        relay.body({"__type": shown, "message": shown}, 400),
        relay.body({"__type": "AccessDeniedException", "message": shown}, 400),
        relay.body({"__type": "KMSInternalException", "message": shown}, 500),
        relay.body({"KeyId": LASTING, "Plaintext": shown})[:-3],
    ]


async def test_no_error_shows_a_data_key(relay, opened, monkeypatch):
    monkeypatch.setattr("connector_vault.keys.aws_kms.calls._PAUSES", (0.0, 0.0))
    told = ""
    holder = opened(relay.address())
    item = await wrapped(holder)
    relay.say("Encrypt", echoed(relay))
    for answer in opened_badly(relay):
        relay.say("Decrypt", answer)
        with pytest.raises(Exception, match=LASTING) as caught:
            await holder.unwrap([item])
        told += whole_text(caught.value)
    with pytest.raises(Exception, match=LASTING) as caught:
        await holder.wrap([Raw(bytearray(DEK), CONTEXT)])

    told += whole_text(caught.value)

    assert "holder.py" in told
    assert [shown for shown in SPELLINGS if shown in told] == []


async def test_the_error_of_one_item_does_not_show_its_neighbours(relay, opened):
    holder = opened(relay.address())
    item, bad = await wrapped(holder), await wrapped(holder)
    relay.fail_item(bad.key, 400, "DisabledException")
    relay.fail("Encrypt", 400, "DisabledException")

    with pytest.raises(Exception, match="disabled") as caught:
        await holder.unwrap([item, item, bad])

    told = whole_text(caught.value)
    assert [shown for shown in SPELLINGS if shown in told] == []


async def everything(holder):
    item = await wrapped(holder)
    await holder.unwrap([item])
    await holder.rewrap([item])
    await holder.health()
    await holder.version()


async def test_nothing_is_logged_of_a_data_key(kms, opened, caplog):
    caplog.set_level(logging.DEBUG)
    holder = opened(kms.address())
    for name in ("botocore", "urllib3"):
        caplog.set_level(logging.DEBUG, name)
    await everything(holder)

    assert [shown for shown in SPELLINGS if shown in caplog.text] == []
    assert "urllib3" in caplog.text


async def test_botocore_would_log_a_data_key(kms, opened, caplog):
    """Else the test before this one would hold whatever is done."""
    holder = opened(kms.address())
    for name in ("endpoint", "parsers"):
        caplog.set_level(logging.DEBUG, f"botocore.{name}")
    await everything(holder)

    logged = {record.name for record in caplog.records if SPELLINGS[2] in record.getMessage()}
    assert logged == {"botocore.endpoint", "botocore.parsers"}


async def test_a_key_that_nobody_waits_for_any_more_is_wiped():
    from connector_vault.keys.aws_kms.threads import Threads

    begun, free, raw = threading.Event(), threading.Event(), bytearray(DEK)

    def work():
        begun.set()
        free.wait(10)
        return raw

    pool = Threads()
    asking = asyncio.create_task(pool.run(work))
    await asyncio.to_thread(begun.wait, 10)
    asking.cancel()
    await asyncio.wait([asking])

    free.set()

    await until(lambda: raw == bytes(32))
    pool.close()


async def test_keys_that_were_opened_before_a_batch_failed_are_wiped():
    from connector_vault.keys.aws_kms.holder import _each

    raw = bytearray(DEK)

    async def work(item):
        if item == "bad":
            raise KeysUnavailable("gone")
        return item

    with pytest.raises(KeysUnavailable):
        await _each(work, [raw, "bad"])

    assert raw == bytes(32)
