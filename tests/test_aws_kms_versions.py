"""Versions of a key in AWS KMS: AWS counts rotations, makes them later, and keeps all of them."""

import pytest

from connector_vault.errors import BadArguments, KeysDenied, KeysUnavailable, Misconfigured
from tests.holders.aws_kms import DEK, opening, wrapped
from tests.kms import relaying, server, told

NONE = {"Rotations": [], "Truncated": False}


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


async def test_the_number_of_rotations_is_asked_once_a_minute(kms, opened, monkeypatch):
    arn, now = kms.make(), [0.0]
    holder = opened(kms.address(arn))
    monkeypatch.setattr(holder, "_clock", lambda: now[0])
    seen = [await holder.version()]
    kms.ask("RotateKeyOnDemand", KeyId=arn)

    for now[0] in (59.0, 61.0):
        seen.append(await holder.version())

    assert seen == [1, 1, 2]
    assert await holder.oldest() == 1


async def test_rotations_are_counted_on_every_page(relay, opened):
    more = {"Rotations": [{}] * 1000, "Truncated": True, "NextMarker": "x"}
    last = {"Rotations": [{}], "Truncated": False}
    relay.say("ListKeyRotations", *map(relay.body, (more, more, last)))

    version = await opened(relay.address()).version()

    assert version == 2002
    assert [said.get("Marker") for _, said in relay.asked] == [None, "x", "x"]


@pytest.mark.parametrize("code", ["AccessDeniedException", "UnsupportedOperationException"])
async def test_a_key_whose_rotations_nobody_tells_us_has_one_version(relay, opened, code):
    """KMS tells them nobody of another account: not for want of a right that could be given."""
    relay.fail("ListKeyRotations", 400, code)
    holder = opened(relay.address())

    assert await holder.version() == 1
    assert await holder.unwrap([await wrapped(holder)]) == [DEK]


async def test_a_rotation_is_awaited_until_aws_has_made_it(kms, relay, opened):
    arn = kms.make()
    relay.say("ListKeyRotations", relay.body(NONE), times=3)
    holder = opened(relay.address(arn))

    assert await holder.rotate() == 2

    assert relay.actions() == ["ListKeyRotations", "RotateKeyOnDemand", *["ListKeyRotations"] * 3]
    assert await holder.version() == 2
    assert len(relay.asked) == 5


async def test_a_rotation_that_is_under_way_is_awaited_and_not_begun_again(kms, relay, opened):
    arn = kms.make()
    relay.fail("RotateKeyOnDemand", 400, "ConflictException")
    relay.say("ListKeyRotations", relay.body(NONE), times=2)
    kms.ask("RotateKeyOnDemand", KeyId=arn)

    assert await opened(relay.address(arn)).rotate() == 2


async def test_a_rotation_that_takes_longer_than_the_deadline_is_not_to_be_repeated(relay, opened):
    relay.say("ListKeyRotations", relay.body(NONE))
    relay.say("RotateKeyOnDemand", relay.body({}))
    holder = opened(relay.address(timeout=3))

    with pytest.raises(KeysUnavailable, match="do not rotate again"):
        await holder.rotate()

    assert relay.actions().count("RotateKeyOnDemand") == 1


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "AccessDeniedException", KeysDenied),
        (400, "LimitExceededException", Misconfigured),
        (400, "UnsupportedOperationException", Misconfigured),
        (500, "KMSInternalException", KeysUnavailable),
    ],
)
async def test_a_rotation_that_fails_is_tried_once(relay, opened, status, code, kind):
    relay.fail("RotateKeyOnDemand", status, code)
    holder = opened(relay.address())

    with pytest.raises(kind, match=code):
        await holder.rotate()

    assert relay.actions().count("RotateKeyOnDemand") == 1


async def test_retiring_says_what_to_do_instead(kms, opened):
    holder = opened(kms.address(kms.make()))
    before = await wrapped(holder)

    with pytest.raises(Misconfigured, match="new one, then run aws kms schedule-key-deletion"):
        await holder.retire(await holder.rotate())

    assert await holder.unwrap([before]) == [DEK]
    with pytest.raises(BadArguments, match="version"):
        await holder.retire(3)
