"""Transit when it is unwell: each call ends in time, with the right error, and with no secret."""

import asyncio
import base64
import logging
import threading
from contextlib import asynccontextmanager

import pytest

from connector_vault.errors import KeysDenied, KeysUnavailable, Misconfigured
from connector_vault.keys import Raw, Wrapped
from tests import openbao
from tests.deeds import little, until
from tests.holders.hcvault import holding, with_role
from tests.openbao_relay import (
    BLOCK,
    SLACK,
    answering,
    be_silent,
    dripping,
    failure_of,
    hang_up,
    relaying,
    saying,
    shown,
)

SHORT, LONG = 0.3, 5.0
"""Seconds: for what hangs, and for what fails by itself."""

CONTEXT = b"here"
DEK = b"CANARY-of-a-data-key-of-32-bytes"
CANARIES = ("CANARY", base64.b64encode(DEK).decode()[4:-4])

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n"
BODY = b'{"data":{"batch_results":[{"plaintext":"' + base64.b64encode(DEK) + b'"}'

FAILING = {
    "busy": (answering(429), KeysUnavailable, "429"),
    "failed": (answering(500, b'{"errors":["CANARY"]}'), KeysUnavailable, "500"),
    "failed without words": (answering(502, b"<html>CANARY"), KeysUnavailable, "502"),
    "behind": (answering(412), KeysUnavailable, "412"),
    "a standby": (answering(307, b"", "Location: http://127.0.0.1:9/v1"), KeysUnavailable, "else"),
    "strange": (answering(418, b"CANARY"), Misconfigured, "418"),
    "hung up": (hang_up, KeysUnavailable, "no answer"),
    "no HTTP": (saying(b"SSH-2.0-CANARY\r\n\r\n"), KeysUnavailable, "no answer of Vault"),
    "no JSON": (answering(200, b"CANARY"), KeysUnavailable, "no answer of Vault"),
    "cut off": (answering(200, BODY), KeysUnavailable, "no answer of Vault"),
    "another shape": (answering(200, b'{"data":["CANARY"]}'), KeysUnavailable, "no answer of V"),
    "too many": (answering(200, BODY + b",{}]}}"), KeysUnavailable, "no answer of Vault"),
    "far too long": (saying(HEAD + b" " * 2**21), KeysUnavailable, "no answer of Vault"),
}
HANGING = {
    "silent": (be_silent, KeysUnavailable, "in time"),
    "slow to begin": (dripping(b"", b"HTTP/1.1 200 OK\r\n"), KeysUnavailable, "in time"),
    "slow to end": (dripping(HEAD + BODY, b" "), KeysUnavailable, "in time"),
}

short = pytest.mark.parametrize("limit", [SHORT])


@pytest.fixture(scope="module")
def bao():
    return openbao.server()


@pytest.fixture
async def relay(bao):
    async with relaying(bao.port) as relay:
        yield relay


@pytest.fixture
def limit():
    return LONG


@pytest.fixture
async def holder(relay, bao, tmp_path, limit):
    async with holding(with_role(bao, tmp_path, port=relay.port, timeout=limit)) as holder:
        yield holder


@pytest.fixture
async def item(holder):
    (key,) = await holder.wrap([Raw(bytearray(DEK), CONTEXT)])
    return Wrapped(key, CONTEXT)


@pytest.fixture
def fails(caplog, limit):
    """Let a call fail, and look whether it keeps what each failure is promised to keep."""
    caplog.set_level(logging.DEBUG)

    async def fails(call, kind, words):
        for _ in range(5):
            error, seconds, blocked = await failure_of(call)
            assert type(error) is kind, shown(error)
            assert words in str(error)
            assert error.__context__ is error.__cause__ is None
            told = shown(error) + caplog.text
            assert [one for one in CANARIES if one in told] == []
            if blocked < BLOCK and seconds < limit + SLACK:
                return
        pytest.fail(f"each time it took long: {seconds:.3f} s, the loop blocked {blocked:.3f} s")

    return fails


@pytest.mark.parametrize("name", FAILING)
async def test_a_failure_has_its_error_and_mends_itself(name, relay, holder, item, fails):
    await unwell(FAILING[name], relay, holder, item, fails)


@short
@pytest.mark.parametrize("name", HANGING)
async def test_what_hangs_is_given_up_in_time_and_mends_itself(name, relay, holder, item, fails):
    await unwell(HANGING[name], relay, holder, item, fails)


async def unwell(fault, relay, holder, item, fails):
    relay.fault, kind, words = fault
    key = bytearray(DEK)

    await fails(lambda: holder.unwrap([item]), kind, words)
    await fails(lambda: holder.wrap([Raw(key, CONTEXT)]), kind, words)
    await fails(lambda: holder.rewrap([item]), kind, words)

    # The threads gave up, too.
    await until(lambda: holder._crew._idle == holder._crew._threads)
    relay.fault = None
    assert await holder.unwrap([item]) == [DEK]


@short
@pytest.mark.parametrize("name", ["silent", "slow to begin", "failed", "hung up", "busy"])
async def test_a_login_that_fails_is_no_denial(name, relay, holder, fails):
    relay.fault, kind, words = {**FAILING, **HANGING}[name]

    await fails(holder.version, kind, words)

    relay.fault = None
    assert await holder.version() == 1


async def test_a_sealed_server_is_unavailable_until_it_is_unsealed(bao, holder, item, fails):
    with bao.sealed():
        await fails(lambda: holder.unwrap([item]), KeysUnavailable, "sealed")
        await fails(holder.health, KeysUnavailable, "sealed")

    assert await holder.unwrap([item]) == [DEK]


@short
async def test_a_server_that_hangs_is_unavailable_until_it_goes_on(bao, holder, item, fails):
    with bao.frozen():
        await fails(lambda: holder.unwrap([item]), KeysUnavailable, "in time")
        assert await holder.version() == 1
        await fails(holder.health, KeysUnavailable, "in time")

    assert await holder.unwrap([item]) == [DEK]


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "hcvault"]


@short
async def test_a_server_that_hangs_holds_a_few_threads_and_no_more(bao, holder, item, fails):
    # Those of the test before may still be on their way out.
    await until(lambda: len(threads()) == holder._crew._threads)

    async def longest():
        calls = [failure_of(lambda: holder.unwrap([item])) for _ in range(50)]
        failures = await asyncio.gather(*calls)
        assert {type(error) for error, _, _ in failures} == {KeysUnavailable}
        return max(seconds for _, seconds, _ in failures)

    with bao.frozen():
        for _ in range(3):
            assert await little(longest, SHORT + SLACK) < SHORT + SLACK
        assert len(threads()) <= 8

    assert await holder.unwrap([item]) == [DEK]


@short
async def test_many_batches_have_one_deadline(relay, holder, item, fails):
    relay.delay = SHORT / 4
    assert await holder.unwrap([item]) == [DEK]

    await fails(lambda: holder.unwrap([item] * 128 * 8), KeysUnavailable, "in time")


async def test_a_limit_of_the_server_is_told_as_such(bao, relay, holder, item, fails):
    quota = {"path": f"transit/decrypt/{name_of(holder)}", "rate": 0.01, "interval": "60s"}
    bao.done("POST", "sys/quotas/rate-limit/tests", quota)
    try:
        await until_refused(holder, item)

        await fails(lambda: holder.unwrap([item]), KeysUnavailable, "429")
    finally:
        bao.done("DELETE", "sys/quotas/rate-limit/tests")

    assert await holder.unwrap([item]) == [DEK]


async def test_a_policy_that_is_taken_away_is_a_denial_until_it_is_back(
    bao, relay, holder, item, fails
):
    name, text = bao.policy_naming(name_of(holder))
    bao.done("PUT", f"sys/policies/acl/{name}", {"policy": 'path "a" { capabilities = ["read"] }'})
    before = relay.times("auth/approle/login")

    for _ in range(20):
        await fails(lambda: holder.unwrap([item]), KeysDenied, "policy")
    # One new login may help; one for each denial would fill the server with tokens.
    assert relay.times("auth/approle/login") <= before + 2

    bao.done("PUT", f"sys/policies/acl/{name}", {"policy": text})
    assert await holder.unwrap([item]) == [DEK]


async def test_a_disabled_key_is_a_denial_until_it_is_restored(bao, holder, item, fails):
    key = f"transit/keys/{name_of(holder)}"
    bao.done("DELETE", f"{key}/soft-delete")

    await fails(lambda: holder.unwrap([item]), KeysDenied, "soft-deleted")
    await fails(lambda: holder.rewrap([item]), KeysDenied, "soft-deleted")
    await fails(holder.health, KeysDenied, "soft-deleted")
    await fails(holder.rotate, KeysDenied, "soft-deleted")

    bao.done("POST", f"{key}/soft-delete-restore")
    assert await holder.unwrap([item]) == [DEK]


async def test_a_deleted_key_is_told_as_such(bao, holder, item, fails):
    key = f"transit/keys/{name_of(holder)}"
    bao.done("POST", f"{key}/config", {"deletion_allowed": True})
    bao.done("DELETE", key)

    await fails(lambda: holder.unwrap([item]), Misconfigured, "no key")
    await fails(holder.health, Misconfigured, "no key")


@asynccontextmanager
async def lasting(tmp_path):
    """A server that keeps what it knows on disk, and a holder there."""
    bao = openbao.run("raft")
    try:
        async with holding(with_role(bao, tmp_path)) as holder:
            yield bao, holder
    finally:
        bao.kill()


async def test_a_killed_server_is_unavailable_until_it_runs_and_is_unsealed(tmp_path, fails):
    async with lasting(tmp_path) as (bao, holder):
        (key,) = await holder.wrap([Raw(bytearray(DEK), CONTEXT)])
        item = Wrapped(key, CONTEXT)
        bao.kill()

        await fails(lambda: holder.unwrap([item]), KeysUnavailable, "cannot be reached")

        bao.start()
        assert await holder.unwrap([item]) == [DEK]
        assert await holder.rotate() == 2


async def test_a_caller_that_goes_leaves_nothing_behind(relay, holder, item):
    relay.fault = be_silent
    call = asyncio.create_task(holder.unwrap([item]))
    asked = len(relay.asked)
    await until(lambda: len(relay.asked) > asked)

    call.cancel()

    await asyncio.wait([call])
    assert call.cancelled()
    relay.fault = None
    assert await holder.unwrap([item]) == [DEK]


async def test_a_connection_that_the_server_let_go_is_made_anew(relay, holder, item):
    async def once(writer):
        relay.fault = None
        writer.close()

    relay.fault = once

    assert await holder.unwrap([item]) == [DEK]
    assert relay.fault is None


def name_of(holder):
    return holder.id.rpartition("/")[2]


async def until_refused(holder, item):
    for _ in range(100):
        try:
            await holder.unwrap([item])
        except KeysUnavailable:
            return
    pytest.fail("it was never refused")
