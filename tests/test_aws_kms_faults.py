"""AWS KMS that is killed, hangs or drips, and threads that wait for it."""

import asyncio
import socket
import subprocess
import sys
import threading
import time
from functools import partial

import pytest

from connector_vault.errors import KeysUnavailable
from connector_vault.keys import Raw, Wrapped
from tests.deeds import little, patiently, until
from tests.holders.aws_kms import CONTEXT, DEK, opening, wrapped
from tests.kms import DRIP, LASTING, Server, relaying, server, told

SLACK = 3.0
"""Seconds. More than a busy machine is late."""

BUSY = 0.1
"""Seconds that others may take a core from the event loop, five times in a row."""


@pytest.fixture(autouse=True)
def kms():
    found = server()
    with told():
        yield found


@pytest.fixture(scope="module")
def own():
    """A server that may be killed and frozen."""
    server()
    own = Server()
    yield own
    own.kill()


@pytest.fixture
async def relay(kms):
    async with relaying(kms) as relay:
        yield relay


@pytest.fixture
async def opened():
    async with opening() as open_one:
        yield open_one


async def unanswered(ask):
    """Ask what nobody answers, and give the seconds it took to be told so."""
    begun = time.monotonic()
    with pytest.raises(KeysUnavailable):
        await ask
    return time.monotonic() - begun


async def longest_wait(work):
    """Give the longest time, in seconds, in which the event loop did nothing else."""
    task, longest = asyncio.create_task(work), 0.0
    while not task.done():
        before = time.monotonic()
        await asyncio.sleep(0.001)
        longest = max(longest, time.monotonic() - before - 0.001)
    await task
    return longest


def threads():
    return sum(thread.name == "aws-kms" for thread in threading.enumerate())


# When it does not answer.


async def test_a_server_that_was_killed_is_unavailable_until_it_is_back(own, opened):
    holder = opened(own.address())
    item = await wrapped(holder)
    own.kill()
    try:
        with pytest.raises(KeysUnavailable, match="EndpointConnectionError"):
            await holder.unwrap([item])
    finally:
        own.start()

    assert await holder.unwrap([item]) == [DEK]


async def test_a_server_that_hangs_keeps_nobody_longer_than_the_deadline(own, opened):
    holder = opened(own.address(timeout=0.5))
    item = await patiently(partial(wrapped, holder))

    async def asked():
        all_ = [holder.unwrap([item]) for _ in range(200)]
        all_ += [holder.wrap([Raw(bytearray(DEK), CONTEXT)] * 20), holder.rewrap([item])]
        all_ += [holder.health(), holder.version(), holder.rotate()]
        return max(await asyncio.gather(*map(unanswered, all_)))

    with own.frozen():
        longest = await little(asked, 0.5 + SLACK)

    assert longest < 0.5 + SLACK
    assert await patiently(lambda: holder.unwrap([item])) == [DEK]


async def test_a_server_that_hangs_holds_a_few_threads_and_not_for_long(relay, opened):
    already = threads()
    holder = opened(relay.address(timeout=0.5))
    item = await patiently(partial(wrapped, holder))
    relay.say("Decrypt", None)
    for _ in range(2):
        await asyncio.gather(*(unanswered(holder.unwrap([item])) for _ in range(50)))
        assert threads() - already <= 8
    relay.mend()

    assert await patiently(lambda: holder.unwrap([item])) == [DEK]
    await holder.close()
    await until(lambda: threads() <= already)


async def test_a_long_batch_has_time_and_is_given_up_as_soon_as_nobody_answers(own, opened):
    """KMS takes one key at a time. Within one deadline it would not take so many."""
    holder = opened(own.address(timeout=1))
    items = [await patiently(partial(wrapped, holder))] * 500

    assert await patiently(lambda: holder.unwrap(items)) == [DEK] * 500
    with own.frozen():
        took = await little(lambda: unanswered(holder.unwrap(items)), 1 + SLACK)

    assert took < 1 + SLACK


async def test_an_answer_that_drips_keeps_nobody_longer_than_the_deadline(relay, opened):
    relay.say("Decrypt", DRIP)
    holder = opened(relay.address(timeout=0.5))

    took = await little(lambda: unanswered(holder.unwrap([Wrapped(b"x", CONTEXT)])), 0.5 + SLACK)

    assert took < 0.5 + SLACK


async def test_nobody_who_gives_credentials_keeps_a_thread_for_long(kms, opened, tmp_path):
    keys = "aws_access_key_id=AKIATESTING\naws_secret_access_key=testing\n"
    role = "role_arn=arn:aws:iam::123456789012:role/vault\nsource_profile=default\n"
    (tmp_path / "config").write_text(f"[default]\n{keys}[profile vault]\n{role}")
    already = threads()
    holder = opened(kms.address(timeout=0.5, profile="vault"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with told(AWS_CONFIG_FILE=str(tmp_path / "config"), AWS_ENDPOINT_URL_STS=place):
            ask = partial(holder.unwrap, [Wrapped(b"x", CONTEXT)])
            took = await little(lambda: unanswered(ask()), 0.5 + SLACK)
            await holder.close()
            await until(lambda: threads() <= already)

    assert took < 0.5 + SLACK


async def test_the_event_loop_goes_on_while_a_server_hangs(own, opened, record_property):
    waits, holder = [], opened(own.address(timeout=0.3))
    item = await patiently(partial(wrapped, holder))

    for _ in range(5):
        with own.frozen():
            waits.append(await longest_wait(unanswered(holder.unwrap([item] * 20))))

    record_property("measured", f"AWS KMS hangs: the event loop waited {min(waits):.4f} s")
    assert min(waits) < 0.05 + BUSY


async def test_the_event_loop_goes_on_while_many_ask(kms, opened, record_property):
    async def work():
        holder = opened(kms.address(timeout=30))
        item = await wrapped(holder)
        await asyncio.gather(*(holder.unwrap([item]) for _ in range(50)))

    waits = [await longest_wait(work()) for _ in range(5)]

    record_property("measured", f"AWS KMS, 50 at once: the event loop waited {min(waits):.4f} s")
    assert min(waits) < 0.05 + BUSY


async def test_closing_waits_for_nobody(relay, opened):
    holder = opened(relay.address(timeout=60))
    item = await wrapped(holder)
    relay.say("Decrypt", None)
    asking = asyncio.create_task(holder.unwrap([item]))
    await until(lambda: "Decrypt" in relay.actions())

    await holder.close()

    assert not asking.done()
    asking.cancel()
    with pytest.raises(KeysUnavailable, match="closed"):
        await holder.unwrap([item])


HANGING = f"""
import asyncio, sys
from connector_vault.keys import Wrapped, open_keys

async def main():
    holder = open_keys("aws-kms://{LASTING}?timeout=60&endpoint=http://127.0.0.1:" + sys.argv[1])
    try:
        async with asyncio.timeout(0.5):
            await holder.unwrap([Wrapped(b"x", b"")])
    except TimeoutError:
        print("given up", flush=True)

asyncio.run(main())
"""


def test_a_program_ends_although_an_answer_is_missing():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        command = [sys.executable, "-c", HANGING, str(silent.getsockname()[1])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)

    assert done.stdout == "given up\n"


FORKED = f"""
import asyncio, os, sys
from connector_vault.errors import KeysUnavailable
from connector_vault.keys import Raw, open_keys

async def main():
    holder = open_keys("aws-kms://{LASTING}?endpoint=" + sys.argv[1])
    item = Raw(bytearray(32), b"")
    await holder.wrap([item])
    if os.fork() == 0:
        try:
            asyncio.run(refused(holder, item))
        finally:
            os._exit(2)
    code = os.waitstatus_to_exitcode(os.wait()[1])
    await holder.wrap([item])
    return code

async def refused(holder, item):
    try:
        await holder.wrap([item])
    except KeysUnavailable as error:
        os._exit(7 if "forked" in str(error) else 1)

sys.exit(asyncio.run(main()))
"""


def test_a_forked_child_does_not_share_a_connection(kms):
    command = [sys.executable, "-W", "ignore", "-c", FORKED, kms.url]

    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert done.returncode == 7, done.stderr


async def test_a_work_that_was_given_up_before_it_began_is_never_done():
    from connector_vault.keys.aws_kms.threads import THREADS, Threads

    free, done = threading.Event(), []
    pool = Threads()
    busy = [asyncio.create_task(pool.run(lambda: free.wait(10))) for _ in range(THREADS)]
    late = asyncio.create_task(pool.run(lambda: done.append("late")))
    await asyncio.sleep(0)
    late.cancel()
    await asyncio.wait([late])

    free.set()

    await asyncio.gather(*busy)
    assert await pool.run(lambda: done) == []
    pool.close()
