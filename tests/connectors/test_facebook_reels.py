"""Reels: films in pieces, a break at each of them, and answers lost at each step.

The emulator makes a second Reel of a film that is handed in twice, so that doing it twice shows.
"""

import re
from datetime import UTC, datetime, timedelta
from importlib import import_module

import httpx2
import pytest

from connector_vault import Gateway, emulator
from connector_vault.errors import OutcomeUnknown, Refused, Unreachable
from tests.connectors.facebook_play import APP, BAKERY, DAY, Film
from tests.deeds import ADA, CALLBACK

reels, sending = (
    import_module(f"connector_vault.connectors.facebook.tools.{name}")
    for name in ("reels", "sending")
)
BEGIN, PUBLISH = "/v26.0/me/video_reels", f"/v26.0/{BAKERY}/video_reels"
UPLOAD, UPLOADS = "/video-upload/v26.0/*", "rupload.facebook.com"
LOST = ("drop", "reset", "truncate")
"""After Facebook acted, before it did, and in the middle of the answer."""


class Clock:
    """A loop's clock that goes on with each look."""

    passed = 0.0

    def time(self):
        self.passed += 20
        return self.passed


@pytest.fixture
async def world():
    async with emulator.running("facebook") as world:
        yield world


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(sending, "_CHUNK", 1000)


@pytest.fixture
def waited(monkeypatch):
    """Let nobody wait; give how long they would have."""
    pauses = []

    async def sleep(seconds):
        pauses.append(seconds)

    monkeypatch.setattr(reels, "sleep", sleep)
    return pauses


@pytest.fixture
async def vault(opened):
    async with opened(clients=[APP]) as vault:
        pending = await vault.connect("facebook", ADA, redirect_uri=CALLBACK)
        async with httpx2.AsyncClient(trust_env=False, verify=False) as browser:
            back = (await browser.get(pending.url)).headers["location"]
        await vault.finish(back, owner=ADA)
        yield vault


@pytest.fixture
async def gateway(vault):
    async with Gateway(vault, isolation="inline") as gateway:
        yield gateway


@pytest.fixture
def publish(gateway):
    async def publish(size=4500, **said):
        arguments = {"video": Film(size), **said}
        return (await gateway.call(ADA, "facebook.publish_reel", arguments)).value

    return publish


async def films(world):
    """Give the films that were posted, and those to come."""
    return [one for one in await world.act("facebook", "posts", page=BAKERY) if one["film"]]


async def sizes(world):
    """Count what was sent to where films go."""
    return len([one for one in await world.log(host=UPLOADS) if one.method == "POST"])


@pytest.mark.parametrize(("size", "chunks"), [(1, 1), (4 * 1024 * 1024, 1), (4_900_000, 2)])
async def test_a_film_of_any_size_comes_as_it_is(publish, world, size, chunks):
    reel = await publish(size, description="Look")
    assert (reel["state"], reel["url"]) == (
        "published",
        f"https://www.facebook.com/reel/{reel['video_id']}/",
    )
    seen = await world.act("facebook", "medium", id=reel["video_id"])
    assert (seen["size"], seen["digest"]) == (size, Film(size).digest())
    assert await sizes(world) == chunks
    assert [one["message"] for one in await films(world)] == ["Look"]


async def test_it_is_scheduled_or_kept_as_a_draft(publish, world):
    time = (datetime.now(UTC) + timedelta(days=1)).isoformat(timespec="seconds")
    assert (await publish(state="SCHEDULED", publish_time=time))["state"] == "scheduled"
    assert (await publish(state="DRAFT"))["state"] == "draft"
    assert [one["published"] for one in await films(world)] == [False]
    await world.advance(2 * DAY)
    assert [one["published"] for one in await films(world)] == [True]


@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("chunk", range(5))
async def test_a_break_at_any_chunk_is_gone_on_from(publish, world, small, kind, chunk):
    await world.fault(host=UPLOADS, method="POST", kind="delay", times=chunk) if chunk else None
    await world.fault(host=UPLOADS, method="POST", kind=kind)
    reel = await publish()
    seen = await world.act("facebook", "medium", id=reel["video_id"])
    assert (seen["digest"], len(seen["posts"])) == (Film(4500).digest(), 1)
    # What came through is not sent again.
    assert await sizes(world) == (6 if kind == "reset" else 5)


@pytest.mark.parametrize("kind", LOST)
async def test_a_break_at_every_chunk_is_gone_on_from(publish, world, small, kind):
    for _ in range(5):
        await world.fault(host=UPLOADS, method="POST", kind=kind)
        await world.fault(host=UPLOADS, method="POST", kind="delay")
    reel = await publish()
    assert (await world.act("facebook", "medium", id=reel["video_id"]))["size"] == 4500


async def test_where_it_stopped_may_stand_in_the_status_alone(publish, world, small):
    await world.act("facebook", "policy", offset="status")
    await world.fault(host=UPLOADS, method="POST", kind="drop")
    reel = await publish()
    assert (reel["state"], await sizes(world)) == ("published", 5)


@pytest.mark.parametrize(("chunks", "sent"), [("complained", 5), ("refused", 2)])
async def test_a_facebook_that_wants_no_pieces_gets_none(publish, world, small, chunks, sent):
    """The guide knows only all of a film, or all that is left of one."""
    await world.act("facebook", "policy", chunks=chunks)
    reel = await publish()
    seen = await world.act("facebook", "medium", id=reel["video_id"])
    assert (seen["digest"], await sizes(world)) == (Film(4500).digest(), sent)


async def test_breaks_without_end_are_given_up(publish, world, small):
    await world.fault(host=UPLOADS, kind="reset", times=None)
    with pytest.raises(Unreachable, match="nothing was posted"):
        await publish()
    assert await sizes(world) == 5
    assert await films(world) == []


async def test_a_film_that_is_refused_has_posted_nothing(publish, world):
    body = {"debug_info": {"type": "ProcessingFailedError", "message": "No film"}}
    await world.fault(host=UPLOADS, method="POST", kind="status", status=400, body=body)
    with pytest.raises(Refused, match="nothing was posted"):
        await publish()
    assert await films(world) == []


@pytest.mark.parametrize("kind", LOST)
async def test_a_beginning_whose_answer_is_lost_has_posted_nothing(publish, world, kind):
    await world.fault(path=BEGIN, kind=kind)
    with pytest.raises(Unreachable, match="nothing was posted"):
        await publish()
    assert await films(world) == []
    assert len(await world.log(path=PUBLISH)) == 0


@pytest.mark.parametrize("kind", ["drop", "truncate"])
@pytest.mark.parametrize("processing", [0, 3600])
async def test_a_reel_that_was_published_without_an_answer_is_found(
    publish, world, waited, kind, processing
):
    await world.act("facebook", "policy", processing=processing)
    await world.fault(path=PUBLISH, kind=kind)
    reel = await publish()
    assert reel["state"] == ("processing" if processing else "published")
    assert len(await films(world)) == 1
    assert len(await world.log(path=PUBLISH)) == 1


async def test_a_reel_that_is_not_found_may_still_appear(publish, world, waited):
    """The request may be under way yet: it is not sent again, and it is told where to look."""
    await world.fault(path=PUBLISH, kind="reset")
    with pytest.raises(OutcomeUnknown, match="get_reel_status") as caught:
        await publish()
    assert re.search(r"video_id \d+", str(caught.value))
    assert await films(world) == []
    assert len(await world.log(path=PUBLISH)) == 1


@pytest.mark.parametrize("kind", ["reset", "malformed"])
async def test_a_look_that_fails_too_changes_nothing_of_it(publish, world, waited, kind):
    await world.fault(path=PUBLISH, kind="drop")
    await world.fault(path="/v26.0/*", method="GET", kind=kind, times=None)
    with pytest.raises(OutcomeUnknown, match="get_reel_status"):
        await publish()
    assert len(await films(world)) == 1
    assert len(await world.log(path=PUBLISH)) == 1


async def test_an_answer_that_does_not_say_yes_is_looked_after(publish, world, waited):
    await world.fault(path=PUBLISH, kind="malformed", body={"success": False})
    with pytest.raises(OutcomeUnknown, match="get_reel_status"):
        await publish()


async def test_after_a_lost_answer_a_draft_is_found_as_one(publish, world, waited):
    await world.fault(path=PUBLISH, kind="drop")
    assert (await publish(state="DRAFT"))["state"] == "draft"


async def test_a_reel_facebook_works_on_is_waited_for_and_then_told(
    publish, world, gateway, waited, monkeypatch
):
    await world.act("facebook", "policy", processing=3600)
    clock = Clock()
    monkeypatch.setattr(reels, "get_running_loop", lambda: clock)
    reel = await publish()
    assert (reel["state"], bool(waited)) == ("processing", True)
    await world.advance(3601)
    said = {"video_id": reel["video_id"]}
    after = (await gateway.call(ADA, "facebook.get_reel_status", said)).value
    assert after["state"] == "published"


async def test_from_a_worker_a_lost_answer_is_looked_for_as_well(vault, world, gateway):
    """The tool runs in a process of its own, with no way out but the vault."""
    await world.fault(path=PUBLISH, kind="drop")
    async with Gateway(vault) as apart:
        said = {"video": Film(5_000_000)}
        reel = (await apart.call(ADA, "facebook.publish_reel", said)).value
        await world.fault(path=PUBLISH, kind="reset")
        with pytest.raises(OutcomeUnknown, match="get_reel_status"):
            await apart.call(ADA, "facebook.publish_reel", {"video": Film(9)})
    assert (reel["state"], len(await films(world))) == ("published", 1)


@pytest.mark.parametrize("kind", ["delay", "drop"])
async def test_a_film_facebook_cannot_use_has_failed_for_a_reason(publish, world, kind):
    await world.act("facebook", "policy", fails="Too short")
    await world.fault(path=PUBLISH, kind=kind)
    reel = await publish()
    assert (reel["state"], reel["reason"], reel["url"]) == ("failed", "Too short", None)


async def test_a_loss_after_it_was_taken_takes_nothing_back(publish, world, waited):
    await world.fault(path="/v26.0/*", method="GET", kind="reset", times=None)
    assert (await publish())["state"] == "processing"


@pytest.mark.parametrize(
    ("tool", "said", "path"),
    [
        ("create_post", {"message": "x"}, f"/v26.0/{BAKERY}/feed"),
        ("create_photo_post", {"photo": Film(9)}, f"/v26.0/{BAKERY}/photos"),
        ("create_photo_post", {"photo_url": "https://a.example/b.jpg"}, f"/v26.0/{BAKERY}/photos"),
    ],
)
@pytest.mark.parametrize("kind", LOST)
async def test_a_post_whose_answer_is_lost_is_sent_once(gateway, world, tool, said, path, kind):
    await world.fault(path=path, kind=kind)
    with pytest.raises(OutcomeUnknown, match="list_posts"):
        await gateway.call(ADA, f"facebook.{tool}", said)
    assert len(await world.act("facebook", "posts", page=BAKERY)) == (2 if kind == "reset" else 3)
    assert len(await world.log(path=path)) == 1
