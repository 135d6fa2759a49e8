"""A vault goes on while its key holder is away, for as long as is stated; and ends when it refuses.

docs/explanation/keys.md states it, in numbers. Here a whole vault stands on each real holder, and
what its callers see is looked at. A warning is an error in all tests, and would be seen as one.
"""

import asyncio
import logging
import math
import time
from contextlib import AsyncExitStack
from functools import partial

import pytest

from connector_vault import datakeys
from connector_vault.datakeys import DataKeys
from connector_vault.errors import KeysDenied, KeysUnavailable
from tests.deeds import little, patiently
from tests.faults import AWAY, DENIED, Fault, logged_out, transit, without_policy
from tests.openbao_relay import BLOCK, SLACK
from tests.outages import Clock, Outage, held_up

LIFE, GRACE = 300.0, 60.0
"""Seconds, as they are stated."""

BRIDGED = (LIFE - 10, LIFE - 0.01, LIFE + 1, LIFE + 30, LIFE + GRACE - 0.01)
"""Seconds after which what is kept of a holder that is away is still used, and it is asked anew."""

HELD = 0.2
"""Seconds for which a careless holder stops everything."""

FAILING = {"hcvault-500": AWAY["hcvault-500"]}

LOGGERS = ("", "hvac", "urllib3", "botocore", "http", "asyncio")


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch):
    monkeypatch.setattr(datakeys, "_PAUSE", 1.0)


@pytest.fixture
async def outage(request, opened, connect, tmp_path, monkeypatch, caplog):
    """A vault whose clock stands still, and whose holder is well as yet."""
    fault, clock = request.param, Clock()
    monkeypatch.setattr("connector_vault.opening.DataKeys", partial(DataKeys, clock=clock))
    async with fault.opened(tmp_path) as part, AsyncExitStack() as stack:
        keys = part.address(fault.limit)
        vault = await patiently(lambda: stack.enter_async_context(opened(keys=keys)))
        outage = Outage(vault, part, fault, clock)
        await outage.furnish(connect)
        for name in LOGGERS:
            caplog.set_level(logging.DEBUG, name)
        yield outage


@pytest.fixture
def logged(caplog):
    """Give everything that was logged since the holder was well."""
    return lambda: caplog.text


def befallen(*faults):
    """Run a test with each of some faults, by their names."""
    named = {name: fault for some in faults for name, fault in some.items()}
    return pytest.mark.parametrize("outage", named.values(), ids=named.keys(), indirect=True)


@befallen(AWAY)
async def test_what_is_kept_goes_on_for_exactly_the_stated_time(outage, logged):
    with outage.begun():
        outage.at(LIFE - 11)
        await outage.token(outage.warm)
        assert not outage.is_asked
        asked = outage.times_asked
        waits = [await bridged(outage, seconds) for seconds in BRIDGED]
        await outage.token(outage.warm)
        await outage.settled()
        assert outage.times_asked == asked + len(BRIDGED)
        outage.at(LIFE + GRACE)
        assert await outage.refused(outage.warm) == {KeysUnavailable}

    await outage.served(outage.warm)
    assert min(waits) < BLOCK
    assert outage.shown(logged()) == []


async def bridged(outage, seconds):
    """Look that a token is handed out, and that nobody waits for the holder, who is asked."""

    async def work():
        await outage.token(outage.warm)
        assert outage.is_asked
        await outage.settled()

    outage.at(seconds)
    return await held_up(work())


@befallen(AWAY)
async def test_what_nobody_used_meanwhile_goes_on_after_one_deadline(outage, logged):
    with outage.begun():
        outage.at(LIFE + GRACE - 0.01)
        asked = outage.times_asked
        async with asyncio.timeout(outage.fault.limit + 10):
            await outage.token(outage.warm)
        assert outage.times_asked == asked + 1

    assert outage.shown(logged()) == []


@befallen(AWAY, DENIED)
async def test_whoever_has_no_key_is_told_in_time_and_served_once_there_is_one(outage, logged):
    kind = KeysUnavailable if outage.fault in AWAY.values() else KeysDenied
    with outage.begun():
        assert await least_held_up(outage, kind) < BLOCK
        asked = outage.times_asked
        assert await outage.refused(*outage.cold) == {kind}
        assert outage.times_asked == asked

    for connection in (outage.cold[0], outage.warm):
        await outage.served(connection)
    assert outage.shown(logged()) == []


async def least_held_up(outage, kind):
    """Have all without a key ask at once, until they are told in time and the loop is not held."""

    async def ask():
        outage.clock.time += 1
        begun = time.monotonic()
        held = await held_up(told(outage, kind))
        in_time = time.monotonic() - begun < outage.fault.limit + SLACK
        return held if in_time else math.inf

    return await little(ask, BLOCK)


async def told(outage, kind):
    assert await outage.refused(*outage.cold) == {kind}


@befallen(DENIED)
async def test_a_refusal_ends_what_is_kept_at_the_next_answer(outage, logged):
    with outage.begun():
        outage.at(LIFE - 11)
        await outage.token(outage.warm)
        assert await outage.refused(outage.cold[0]) == {KeysDenied}
        assert await outage.refused(outage.warm) == {KeysDenied}

    await outage.served(outage.warm)
    assert outage.shown(logged()) == []


@befallen(DENIED)
async def test_a_refusal_ends_what_is_used_before_the_stated_bound(outage, logged):
    with outage.begun():
        outage.at(LIFE - 0.01)
        await outage.token(outage.warm)
        await outage.settled()
        assert await outage.refused(outage.warm) == {KeysDenied}

    assert outage.shown(logged()) == []


@befallen(DENIED)
async def test_a_refusal_ends_what_nobody_used_at_the_stated_bound(outage, logged):
    with outage.begun():
        outage.at(LIFE)
        assert await outage.refused(outage.warm) == {KeysDenied}

    await outage.served(outage.warm)
    assert outage.shown(logged()) == []


@befallen(FAILING)
async def test_a_refusal_ends_also_what_was_bridged(outage):
    with outage.begun():
        await bridged(outage, LIFE - 5)
        await bridged(outage, LIFE + 1)

    with without_policy(outage.part):
        await bridged(outage, LIFE + 2)
        assert await outage.refused(outage.warm) == {KeysDenied}


@befallen(FAILING)
async def test_an_outage_that_is_over_bridges_nothing_later(outage):
    with outage.begun():
        await bridged(outage, LIFE - 5)
    await outage.mended()

    with without_policy(outage.part):
        outage.at(LIFE)
        assert await outage.refused(outage.warm) == {KeysDenied}


@befallen({"hcvault-logged-out": Fault(transit, logged_out)})
async def test_a_token_that_was_revoked_is_not_felt_where_a_login_gives_another(outage, logged):
    with outage.begun():
        await outage.token(outage.cold[0])

    assert outage.shown(logged()) == []


# Else all this would hold whatever is done.


@befallen(FAILING)
async def test_a_holder_that_keeps_the_loop_from_its_work_is_noticed(outage, monkeypatch):
    hold = partial(time.sleep, HELD)

    async def unwrap(items):
        hold()
        raise KeysUnavailable("it was a careless one")

    monkeypatch.setattr(outage.part.holder, "unwrap", unwrap)

    assert await least_held_up(outage, KeysUnavailable) > BLOCK
    assert await bridged(outage, LIFE - 5) > BLOCK


@befallen(FAILING)
async def test_a_holder_that_shows_data_keys_is_noticed(outage, monkeypatch):
    own = outage.part.holder.unwrap

    async def unwrap(items):
        raise KeysUnavailable(f"it was {await own(items)}")

    monkeypatch.setattr(outage.part.holder, "unwrap", unwrap)
    await outage.refused(*outage.cold)

    assert outage.shown("") != []


@befallen(FAILING, {name: DENIED[name] for name in ("pkcs11-forbidden", "aws_kms-denied")})
async def test_each_secret_is_noticed_wherever_it_is_shown(outage, logged):
    for secret in outage.secrets:
        logging.getLogger("hvac.adapters").debug("answered %s", secret)
    in_logs = outage.shown(logged())
    # What is printed of a text has other signs for some that are in it.
    plain = {secret for secret in outage.secrets if secret in repr(secret)}
    outage.errors = [raised(secret) for secret in plain]
    in_errors = outage.shown("")

    assert set(in_logs) == outage.secrets
    assert plain <= set(in_errors)


CARELESS = """
def fail(known):
    raise ValueError("of what was known nothing is told")
"""


def raised(secret):
    """Give an error that code which is no test's raised while it knew something."""
    names = {}
    exec(compile(CARELESS, "careless.py", "exec"), names)
    with pytest.raises(ValueError, match="nothing is told") as caught:
        names["fail"](secret)
    return caught.value
