"""Answers that do not tell what was done, and how long a Reel is waited for."""

import httpx2
import pytest

from connector_vault import Gateway, emulator
from connector_vault.errors import OutcomeUnknown
from tests.connectors.facebook_play import ADA as PERSON
from tests.connectors.facebook_play import APP, BAKERY, Film
from tests.deeds import ADA, CALLBACK

PUBLISH = f"/v26.0/{BAKERY}/video_reels"
GONE = {"error": {"message": "Unsupported get request.", "code": 100, "error_subcode": 33}}
JUNK = [None, "", {"success": None}]
"""A page of HTML, nothing, and no answer to whether it was done."""


@pytest.fixture
async def world():
    async with emulator.running("facebook") as world:
        yield world


@pytest.fixture
async def call(opened, world):
    async with opened(clients=[APP]) as vault:
        pending = await vault.connect("facebook", ADA, redirect_uri=CALLBACK)
        async with httpx2.AsyncClient(trust_env=False, verify=False) as browser:
            back = (await browser.get(pending.url)).headers["location"]
        await vault.finish(back, owner=ADA)
        async with Gateway(vault, isolation="inline") as gateway:

            async def call(tool, seconds=None, **said):
                return (await gateway.call(ADA, f"facebook.{tool}", said, timeout=seconds)).value

            yield call


async def films(world):
    return [one for one in await world.act("facebook", "posts", page=BAKERY) if one["film"]]


async def test_a_reel_that_facebook_does_not_know_yet_is_processing(call, world):
    """What was just published may be unknown for a moment: it is published all the same."""
    await world.fault(path="/v26.0/*", method="GET", kind="status", status=400, body=GONE)
    reel = await call("publish_reel", video=Film(100))
    (film,) = await films(world)
    assert (reel["state"], bool(reel["video_id"]), bool(film)) == ("processing", True, True)


@pytest.mark.parametrize("body", JUNK)
async def test_an_answer_that_cannot_be_read_is_looked_after(call, world, body):
    await world.fault(path=PUBLISH, kind="malformed", body=body)
    with pytest.raises(OutcomeUnknown, match="get_reel_status with the video_id"):
        await call("publish_reel", video=Film(100))
    found = {"status": {"publishing_phase": {"publish_status": "published"}}}
    await world.fault(path=PUBLISH, kind="malformed", body=body)
    await world.fault(path="/v26.0/*", method="GET", kind="malformed", body=found)
    assert (await call("publish_reel", video=Film(100)))["state"] == "published"
    assert len(await world.log(path=PUBLISH)) == 2


@pytest.mark.parametrize(
    ("tool", "said", "path"),
    [
        ("create_post", {"message": "x"}, "*/feed"),
        ("schedule_post", {"message": "x", "publish_time": "2099-01-01T00:00:00Z"}, "*/feed"),
        ("send_message", {"recipient_id": PERSON, "text": "x"}, "*/messages"),
    ],
)
async def test_a_change_that_cannot_be_told_says_where_to_look(call, world, tool, said, path):
    for body in JUNK[:2]:
        await world.fault(path=path, kind="malformed", body=body)
        with pytest.raises(OutcomeUnknown, match="look with"):
            await call(tool, **said)
    assert len(await world.log(path=path)) == 2


async def test_a_reel_is_not_waited_for_into_the_end_of_the_call(call, world):
    await world.act("facebook", "policy", processing=3600)
    reel = await call("publish_reel", seconds=8, video=Film(100))
    assert (reel["state"], len(await films(world))) == ("processing", 1)
