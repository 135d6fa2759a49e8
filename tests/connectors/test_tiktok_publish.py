"""A publication whose answer is lost, at each step of each flow: never two posts at TikTok.

What the caller is told, through a whole vault and its gateway, is what is known.
"""

import re

import httpx2
import pytest

from connector_vault import Client, Gateway, Secret, emulator, registry
from connector_vault.errors import ConnectorVaultError, OutcomeUnknown, Refused, Unreachable
from tests.connectors.tiktok_play import (
    CONTENT,
    CREATOR,
    FETCH,
    FILM,
    INBOX,
    INIT,
    PHOTOS,
    Made,
)
from tests.deeds import ADA, CALLBACK

APP = Client(provider="tiktok", id="tiktok-emulator", secret=Secret("emulator-secret"))
CHUNK, SIZE = 5000, 10_001
ALL = {"privacy_level": "PUBLIC_TO_EVERYONE"}
PUT = "/video/"

FLOWS = {
    "post_video": lambda: {"file": Made(SIZE), **ALL},
    "upload_draft": lambda: {"file": Made(SIZE)},
    "post_video_from_url": lambda: {"video_url": FILM, **ALL},
    "upload_draft_from_url": lambda: {"video_url": FILM},
    "post_photos": lambda: {"photo_urls": PHOTOS, **ALL},
    "upload_photo_draft": lambda: {"photo_urls": PHOTOS},
}

DROP = {"kind": "drop"}
"""TikTok did it, and nobody heard."""

HALF = {"kind": "truncate"}
"""The same, and half an answer came."""

RESET = {"kind": "reset"}
"""It did not do it, and nobody heard that either."""

FAIL = {"kind": "status", "status": 500, "body": {"error": {"code": "internal_error"}}}
BLANK = {"kind": "status", "status": 502}
JUNK = {"kind": "malformed"}
FAULTS = {"drop": DROP, "half": HALF, "reset": RESET, "fail": FAIL, "blank": BLANK, "junk": JUNK}

WELL = {"kind": "delay"}
"""The answer comes after all, so that the fault is the next one's."""


@pytest.fixture
async def world():
    async with emulator.running("tiktok") as world:
        yield world


@pytest.fixture
async def gateway(opened, world, monkeypatch):
    async def sleep(_):
        pass

    for module in ("tools.status", "tools.uploading"):
        monkeypatch.setattr(registry.part("tiktok", module), "sleep", sleep)
    # Chunks a thousand times shorter on both sides: what is lost here is not their length.
    monkeypatch.setattr(registry.part("tiktok", "tools.chunks"), "_CHUNK", CHUNK)
    monkeypatch.setattr(registry.part("tiktok", "emulation.rules"), "_LEAST", CHUNK)
    async with opened(clients=[APP]) as vault, Gateway(vault, isolation="inline") as gateway:
        pending = await vault.connect("tiktok", ADA, redirect_uri=CALLBACK)
        async with httpx2.AsyncClient(trust_env=False, verify=False) as browser:
            back = (await browser.get(pending.url)).headers["location"]
        await vault.finish(back, owner=ADA)
        yield gateway


@pytest.fixture
def publish(gateway):
    """Publish. Give what came of it: a result, or an error."""

    async def publish(tool):
        try:
            return (await gateway.call(ADA, f"tiktok.{tool}", FLOWS[tool]())).value
        except ConnectorVaultError as error:
            return error

    return publish


async def seen(world):
    """Count what anybody can see of what was published: posts, and drafts in an inbox."""
    published = await world.act("tiktok", "publications")
    shown = [
        one for one in published if one["status"] in ("PUBLISH_COMPLETE", "SEND_TO_USER_INBOX")
    ]
    assert len(await world.act("tiktok", "posts")) <= len(shown)
    return len(shown)


async def sent(world, *paths):
    return [one.path for one in await world.log() if one.path in paths]


@pytest.mark.parametrize("tool", FLOWS)
async def test_without_a_fault_there_is_one(publish, world, tool):
    done = await publish(tool)
    assert done["status"] in ("PUBLISH_COMPLETE", "SEND_TO_USER_INBOX")
    assert await seen(world) == 1


@pytest.mark.parametrize(
    ("tool", "step", "fault"),
    [
        ("post_video", CREATOR, "drop"),
        ("post_video", CREATOR, "junk"),
        ("post_video", INIT, "drop"),
        ("post_video", INIT, "reset"),
        ("post_video", INIT, "fail"),
        ("post_video", INIT, "junk"),
        ("upload_draft", INBOX, "drop"),
        ("upload_draft", INBOX, "fail"),
        ("post_video_from_url", CREATOR, "reset"),
        ("post_photos", CREATOR, "fail"),
    ],
)
async def test_before_anything_is_published_a_loss_is_told_as_nothing(
    publish, world, tool, step, fault
):
    await world.fault(path=step, **FAULTS[fault])
    told = await publish(tool)
    assert isinstance(told, Unreachable)
    assert step == CREATOR or "nothing was posted" in str(told)
    assert await seen(world) == 0
    # So that it may be done again.
    assert isinstance(await publish(tool), dict)
    assert await seen(world) == 1


@pytest.mark.parametrize("fault", ["drop", "half", "reset", "blank", "junk"])
async def test_a_chunk_that_is_lost_is_made_good(publish, world, fault):
    await world.fault(path=PUT, **FAULTS[fault])
    done = await publish("post_video")
    assert done["status"] == "PUBLISH_COMPLETE"
    assert len(await sent(world, PUT)) == (2 if fault in ("drop", "half") else 3)
    assert await seen(world) == 1


@pytest.mark.parametrize(
    ("tool", "fault"),
    [
        *(("post_video", fault) for fault in FAULTS),
        ("upload_draft", "drop"),
        ("upload_draft", "fail"),
    ],
)
async def test_the_last_chunk_is_sent_once_and_looked_after(publish, world, tool, fault):
    await world.fault(path=PUT, **WELL)
    await world.fault(path=PUT, **FAULTS[fault])
    told = await publish(tool)
    assert len(await sent(world, PUT)) == 2
    if fault in ("drop", "half"):
        assert told["status"] in ("PUBLISH_COMPLETE", "SEND_TO_USER_INBOX")
        assert await seen(world) == 1
        return
    assert isinstance(told, OutcomeUnknown)
    (one,) = await world.act("tiktok", "publications")
    assert f"look with publish_status for {one['publish_id']}" in str(told)
    assert await seen(world) == 0


async def test_where_nothing_can_be_looked_up_the_caller_is_told_what_to_look_at(
    publish, world, gateway
):
    await world.fault(path=PUT, **WELL)
    await world.fault(path=PUT, **DROP)
    await world.fault(path=FETCH, **DROP, times=3)
    told = await publish("post_video")
    assert isinstance(told, OutcomeUnknown)
    assert (len(await sent(world, PUT)), await seen(world)) == (2, 1)
    (publish_id,) = re.findall(r"v_pub_file~\S+", str(told))
    found = await gateway.call(ADA, "tiktok.publish_status", {"publish_id": publish_id})
    assert found.value["status"] == "PUBLISH_COMPLETE"


async def test_an_upload_that_is_refused_midway_posts_nothing(publish, world):
    for _ in range(2):
        await world.fault(path=PUT, kind="status", status=403, body="expired")
    told = await publish("post_video")
    assert "expired, which it does after an hour; nothing was posted" in str(told)
    await world.mend()
    await world.fault(path=PUT, **WELL)
    await world.fault(path=PUT, kind="status", status=416, body={})
    told = await publish("post_video")
    assert "nothing was posted" in str(told)
    assert await seen(world) == 0


@pytest.mark.parametrize(
    ("tool", "step", "fault"),
    [
        *(("post_video_from_url", INIT, fault) for fault in FAULTS),
        ("post_photos", CONTENT, "drop"),
        ("post_photos", CONTENT, "reset"),
    ],
)
async def test_what_is_fetched_is_asked_for_once(publish, world, tool, step, fault):
    await world.fault(path=step, **FAULTS[fault])
    told = await publish(tool)
    assert isinstance(told, OutcomeUnknown)
    assert re.search(r"list_videos .* or in the TikTok app before you post it again", str(told))
    assert await sent(world, step) == [step]
    assert await seen(world) == int(fault in ("drop", "half"))


@pytest.mark.parametrize(
    ("tool", "step"), [("upload_draft_from_url", INBOX), ("upload_photo_draft", CONTENT)]
)
async def test_so_are_drafts(publish, world, tool, step):
    await world.fault(path=step, **DROP)
    assert isinstance(await publish(tool), OutcomeUnknown)
    assert (await sent(world, step), await seen(world)) == ([step], 1)


@pytest.mark.parametrize("tool", ["post_video", "upload_draft", "post_video_from_url"])
async def test_a_look_that_fails_afterwards_is_no_error(publish, world, tool):
    await world.fault(path=FETCH, **DROP)
    done = await publish(tool)
    assert done["publish_id"]
    assert done["status"] in ("PUBLISH_COMPLETE", "SEND_TO_USER_INBOX", "PROCESSING_DOWNLOAD")
    assert await seen(world) == 1


async def test_a_call_that_ends_while_the_last_chunk_is_under_way_says_that_it_is_open(
    gateway, world
):
    await world.fault(path=PUT, kind="delay", seconds=30)
    with pytest.raises(OutcomeUnknown):
        await gateway.call(ADA, "tiktok.upload_draft", {"file": Made(10)}, timeout=1)
    assert await seen(world) == 1


async def test_between_two_chunks_it_is_refused_and_nothing_is_open(gateway, world):
    """Before the last chunk nothing is changed: that is no unknown outcome."""
    await world.fault(path=PUT, **WELL)
    await world.fault(path=PUT, kind="status", status=404)
    with pytest.raises(Refused, match=r"does not know this upload.*nothing was posted"):
        await gateway.call(ADA, "tiktok.upload_draft", {"file": Made(3 * CHUNK + 1)})
    assert len(await sent(world, PUT)) == 2
    assert await seen(world) == 0


@pytest.mark.parametrize("tool", ["creator_info", "user_info", "list_videos", "cancel_publish"])
async def test_a_failure_leaves_as_an_error_of_the_vault(gateway, world, tool):
    """Anything else is a crash to whoever runs tools in a process of their own."""
    path = {"user_info": "/v2/user/*", "list_videos": "/v2/video/*"}.get(tool, "/v2/post/*")
    body = {"error": {"code": "internal_error"}}
    await world.fault(path=path, kind="status", status=400, body=body)
    said = {"publish_id": "p"} if tool == "cancel_publish" else {}
    with pytest.raises(ConnectorVaultError) as told:
        await gateway.call(ADA, f"tiktok.{tool}", said)
    assert type(told.value) is (OutcomeUnknown if said else Unreachable)
