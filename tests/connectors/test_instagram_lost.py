"""An answer that is lost at any step of publishing: never two posts, and the caller is told."""

import re
from importlib import import_module
from itertools import count

import httpx2
import pytest

from connector_vault import Gateway, emulator
from connector_vault.connector import Request
from connector_vault.errors import OutcomeUnknown, Refused, Unreachable
from tests.connectors.instagram_play import APP, FILM, INSTAGRAM, JPEG, ROBIN, TOOLS
from tests.deeds import ADA, CALLBACK
from tests.replay import Replay, says

containers = import_module("connector_vault.connectors._meta.instagram.containers")

PUBLISH = "*/media_publish"
BEFORE = ("*/content_publishing_limit", "*/media", "*/17889*")
"""The limit, a container, a look at it."""

FLOWS = {
    "publish_image": lambda n: {"image_url": f"{JPEG[:-4]}{n}.jpg", "caption": f"image {n}"},
    "publish_reel": lambda n: {"video_url": f"{FILM[:-4]}{n}.mp4", "caption": f"reel {n}"},
    "publish_story": lambda n: {"image_url": f"{JPEG[:-4]}{n}.jpg"},
    "publish_carousel": lambda n: {
        "slides": [{"image_url": JPEG}, {"video_url": FILM}],
        "caption": f"carousel {n}",
    },
}

FAILED = {"error": {"message": "An unknown error", "type": "OAuthException", "code": 2}}
DONE = [{"kind": "drop"}, {"kind": "truncate"}]
NOT_DONE = [
    {"kind": "reset"},
    {"kind": "malformed"},
    {"kind": "status"},
    {"kind": "status", "body": FAILED},
    {"kind": "status", "status": 400, "body": {"error": {"code": -1, "error_subcode": 2207001}}},
]


@pytest.fixture
async def world():
    async with emulator.running("instagram") as world:
        yield world


@pytest.fixture
async def gateway(opened, world):
    async with opened(clients=[APP]) as vault:
        pending = await vault.connect("instagram", ADA, redirect_uri=CALLBACK)
        async with httpx2.AsyncClient(trust_env=False, verify=False) as browser:
            back = (await browser.get(pending.url)).headers["location"]
        await vault.finish(back, owner=ADA)
        async with Gateway(vault, isolation="inline") as gateway:
            yield gateway


@pytest.fixture
def call(gateway):
    async def call(tool, **arguments):
        return (await gateway.call(ADA, f"instagram.{tool}", arguments)).value

    return call


@pytest.fixture
def patient(monkeypatch):
    """Let no time pass where a tool waits."""

    async def sleep(_):
        pass

    monkeypatch.setattr(containers, "sleep", sleep)


@pytest.fixture
def posts(world):
    async def posts():
        return (await world.act("instagram", "published", account=ROBIN))["posts"]

    return posts


@pytest.mark.parametrize("flow", FLOWS)
async def test_a_loss_before_publishing_is_told_as_nothing_posted(world, call, posts, flow):
    numbers = count()
    for step in BEFORE:
        for loss in DONE + NOT_DONE:
            await world.fault(path=step, **loss)
            with pytest.raises((Refused, Unreachable)) as told:
                await call(flow, **FLOWS[flow](next(numbers)))
            assert isinstance(told.value, Refused) or "nothing was posted" in str(told.value)
    assert await posts() == 0


@pytest.mark.parametrize("flow", FLOWS)
async def test_what_was_published_without_an_answer_is_found(world, call, posts, flow):
    for number, loss in enumerate(DONE, 1):
        await world.fault(path=PUBLISH, **loss)
        said = await call(flow, **FLOWS[flow](number))
        assert (said["state"], "no answer came" in said["note"]) == ("published", True)
        newest = (await world.act("instagram", "published", account=ROBIN))["media"][0]
        assert (await posts(), said["media_id"]) == (number, newest["id"])
    assert len(await world.log(path=PUBLISH)) == len(DONE)


@pytest.mark.parametrize("flow", FLOWS)
async def test_what_may_not_have_been_published_is_told_with_what_to_look_at(
    world, call, posts, flow
):
    for number, loss in enumerate(NOT_DONE, 1):
        await world.fault(path=PUBLISH, **loss)
        with pytest.raises(OutcomeUnknown, match="container_status") as told:
            await call(flow, **FLOWS[flow](number))
        assert await posts() == number - 1
        container = re.search(r"container (\d+) says finished", str(told.value))[1]
        # What the words advise leads to one post.
        assert (await call("container_status", container_id=container))["state"] == "finished"
        assert (await call("publish_container", container_id=container))["state"] == "published"
        again = await call("publish_container", container_id=container)
        assert (again["state"], "before" in again["note"]) == ("published", True)
        assert await posts() == number


@pytest.mark.usefixtures("patient")
async def test_a_container_that_went_out_unheard_is_not_published_again(world, call, posts):
    """Here the container is all that the tool knows: it does not guess which post it became."""
    await world.act("instagram", "publishing", processing=3600)
    container = (await call("publish_image", image_url=JPEG))["container_id"]
    await world.advance(3600)
    await world.fault(path=PUBLISH, kind="drop")
    said = await call("publish_container", container_id=container)
    assert (said["state"], said["media_id"], await posts()) == ("published", None, 1)
    assert (await call("publish_container", container_id=container))["state"] == "published"
    assert await posts() == 1


async def test_a_post_that_cannot_be_found_is_still_told(world, call, posts):
    await world.fault(path=PUBLISH, kind="drop")
    await world.fault(path="*/media", method="GET", kind="drop", times=None)
    said = await call("publish_image", image_url=JPEG)
    assert (said["state"], said["media_id"], await posts()) == ("published", None, 1)


async def test_a_container_that_cannot_be_looked_at_leaves_it_unknown():
    """Nothing but the look follows the one request that publishes."""
    get, post = "GET", "POST"
    fields = {"fields": "status_code,status"}
    limit, body = {"fields": "quota_usage,config"}, {"creation_id": "178"}
    finished = says({"status_code": "FINISHED"})
    script = [
        (Request(get, "/178", query=fields), finished),
        (Request(get, "/1784/content_publishing_limit", query=limit), says({"data": []})),
        (Request(get, "/178", query=fields), finished),
        (Request(post, "/1784/media_publish", json=body), says(FAILED, 500)),
        (Request(get, "/178", query=fields), says(FAILED, 500)),
    ]
    door = Replay(INSTAGRAM, *script)
    door.account = "24/1784"
    with pytest.raises(OutcomeUnknown, match="178 cannot be looked at now"):
        await TOOLS["publish_container"].function(door, "178")
    assert door.script == []


async def test_a_post_that_was_there_before_is_not_taken_for_the_new_one(world, call):
    """Instagram's list may lag behind what was just published."""
    first = await call("publish_image", image_url=JPEG)
    old = {"data": [{"id": first["media_id"], "media_product_type": "FEED"}]}
    await world.fault(path=PUBLISH, kind="drop")
    await world.fault(path="*/media", method="GET", kind="delay")
    await world.fault(path="*/media", method="GET", kind="malformed", body=old)
    second = await call("publish_image", image_url=f"{JPEG[:-4]}2.jpg")
    assert (second["state"], second["media_id"]) == ("published", None)
    assert "list_media" in second["note"]


async def test_a_comment_that_meta_may_have_taken_is_not_to_be_tried_again(world, call):
    (media,) = (await call("list_media"))["media"]
    failed = {"error": {**FAILED["error"], "is_transient": True}}
    await world.fault(path="*/comments", method="POST", kind="status", status=400, body=failed)
    with pytest.raises(OutcomeUnknown, match="look with list_comments"):
        await call("comment_on_media", media_id=media["id"], message="Seen")


async def test_a_container_is_not_waited_for_into_the_end_of_the_call(world, gateway):
    await world.act("instagram", "publishing", processing=3600)
    said = {"image_url": JPEG}
    found = await gateway.call(ADA, "instagram.publish_image", said, timeout=6)
    assert (found.value["state"], bool(found.value["container_id"])) == ("in_progress", True)
