"""Each of Facebook's tools against the emulated Graph API, through a vault and its gateway."""

from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from connector_vault import Gateway, emulator
from connector_vault.errors import BadArguments, OutcomeUnknown, Refused, Unreachable
from tests.connectors.facebook_play import APP, BAKERY, DAY, Film
from tests.connectors.held import Held
from tests.deeds import ADA, CALLBACK

JPEG = b"\xff\xd8\xff\xe0"


@pytest.fixture
async def world():
    async with emulator.running("facebook") as world:
        yield world


@pytest.fixture
async def call(opened):
    async with opened(clients=[APP]) as vault:
        pending = await vault.connect("facebook", ADA, redirect_uri=CALLBACK)
        async with httpx2.AsyncClient(trust_env=False, verify=False) as browser:
            back = (await browser.get(pending.url)).headers["location"]
        await vault.finish(back, owner=ADA)
        async with Gateway(vault, isolation="inline") as gateway:

            async def call(tool, **arguments):
                return (await gateway.call(ADA, f"facebook.{tool}", arguments)).value

            yield call


def ahead(**time):
    return (datetime.now(UTC) + timedelta(**time)).isoformat(timespec="seconds")


async def posts(world, **like):
    found = await world.act("facebook", "posts", page=BAKERY)
    return [one for one in found if all(one[name] == said for name, said in like.items())]


async def test_the_page_tells_of_itself(call):
    page = await call("get_page")
    assert (page["id"], page["username"], page["followers_count"]) == (BAKERY, "marshbakery", 128)


async def test_posts_come_a_page_at_a_time(call):
    first = await call("list_posts", limit=1)
    (last,) = (await call("list_posts", limit=1, cursor=first["next_cursor"]))["posts"]
    assert [first["posts"][0]["message"], last["message"]] == [
        "Rye is back.",
        "The ovens are on from four.",
    ]
    assert (last["likes"], last["shares"], last["comments"]) == (3, 1, 1)


async def test_the_last_page_has_no_cursor_though_facebook_gives_one(call, world):
    assert (await call("list_posts"))["next_cursor"] is None


async def test_a_post_with_several_photos(call, world):
    files = [Held(JPEG + bytes(n)) for n in (1, 2)]
    ids = [(await call("upload_photo", photo=one, alt_text="A loaf"))["photo_id"] for one in files]
    assert len(await posts(world)) == 2
    post = await call("create_post", message="Two loaves", photo_ids=ids)
    assert (await posts(world, id=post["id"]))[0]["photos"] == ids
    seen = await world.act("facebook", "medium", id=ids[0])
    assert (seen["size"], seen["alt_text"]) == (5, "A loaf")
    with pytest.raises(Refused, match="cannot be used"):
        await call("create_post", photo_ids=ids)


@pytest.mark.parametrize("size", [1, 4_900_000])
async def test_a_photo_of_any_size_comes_as_it_is(call, world, size):
    film = Film(size)
    photo = await call("upload_photo", photo=film)
    seen = await world.act("facebook", "medium", id=photo["photo_id"])
    assert (seen["size"], seen["digest"]) == (size, film.digest())


async def test_one_photo_is_posted_at_once_by_file_or_by_address(call, world):
    first = await call("create_photo_post", photo=Held(JPEG), caption="Rye")
    other = await call("create_photo_post", photo_url="https://bread.example/rye.jpg")
    assert first["url"] == f"https://www.facebook.com/{first['id']}"
    assert {one["id"] for one in (await posts(world))[2:]} == {first["id"], other["id"]}


async def test_nothing_in_a_file_passes_for_a_field(call, world):
    field = b'Content-Disposition: form-data; name="published"'
    false = JPEG + b"\r\n--boundary\r\n" + field + b"\r\n\r\ntrue\r\n--boundary--\r\n"
    await call("upload_photo", photo=Held(false))
    assert len(await posts(world)) == 2


@pytest.mark.parametrize(
    ("tool", "said", "words"),
    [
        ("create_post", {}, "needs a message"),
        ("create_post", {"message": " "}, "needs a message"),
        ("create_post", {"link": "https://a.example", "photo_ids": ["1"]}, "either"),
        ("create_photo_post", {}, "either"),
        ("create_photo_post", {"photo": Held(b"x"), "photo_url": "https://a.example"}, "either"),
        ("create_photo_post", {"photo_url": "http://a.example"}, "photo_url"),
        ("upload_photo", {"photo": Held(b"")}, "empty"),
        ("upload_photo", {"photo": Film(10 * 1024 * 1024 + 1)}, "10 MB"),
        ("schedule_post", {"message": "x", "publish_time": "2026-13-01T00:00:00Z"}, "not exist"),
        ("schedule_post", {"message": "x", "publish_time": "tomorrow"}, "publish_time"),
        ("read_comments", {"post_id": "../me"}, "post_id"),
        ("reply_comment", {"comment_id": "1", "message": " "}, "words"),
        ("send_message", {"recipient_id": "1", "text": " "}, "words"),
        ("publish_reel", {"video": Held(b"")}, "empty"),
        ("publish_reel", {"video": Held(b"x"), "state": "SCHEDULED"}, "belong together"),
        ("page_insights", {"metrics": ["page_impressions"]}, "metrics"),
    ],
)
async def test_what_cannot_be_is_not_sent(call, world, tool, said, words):
    await world.forget_log()
    with pytest.raises(BadArguments, match=words):
        await call(tool, **said)
    assert await world.log() == ()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"message": "Rye is back."}, "duplicate_post"),
        ({"message": "x", "link": "https://nowhere.invalid"}, "bad_link"),
    ],
)
async def test_what_facebook_refuses_is_told_by_name(call, world, said, code):
    with pytest.raises(Refused) as caught:
        await call("create_post", **said)
    assert caught.value.code == code
    assert len(await posts(world)) == 2


async def test_a_post_is_scheduled_moved_and_appears(call, world):
    photo = await call("upload_photo", photo=Held(JPEG), temporary=True)
    made = await call(
        "schedule_post",
        publish_time=ahead(hours=1),
        message="Soon",
        photo_ids=[photo["photo_id"]],
    )
    (listed,) = (await call("list_scheduled_posts"))["posts"]
    assert (listed["id"], listed["published"]) == (made["id"], False)
    assert listed["scheduled_publish_time"] == made["scheduled_publish_time"]
    await call("reschedule_post", post_id=made["id"], publish_time=ahead(days=2))
    await world.advance(DAY)
    assert (await posts(world, id=made["id"]))[0]["published"] is False
    await world.advance(2 * DAY)
    assert (await call("list_posts"))["posts"][0]["id"] == made["id"]
    with pytest.raises(Refused, match="already published"):
        await call("reschedule_post", post_id=made["id"], publish_time=ahead(days=4))


@pytest.mark.parametrize("time", [{"minutes": 5}, {"days": 31}])
async def test_a_time_too_near_or_too_far_is_refused(call, time):
    with pytest.raises(Refused, match="scheduled publish time"):
        await call("schedule_post", publish_time=ahead(**time), message="x")


async def test_a_scheduled_post_is_published_now_or_never(call, world):
    now = await call("schedule_post", publish_time=ahead(hours=1), message="Now")
    never = await call("schedule_post", publish_time=ahead(hours=1), message="Never")
    await call("publish_scheduled_post", post_id=now["id"])
    assert (await call("cancel_scheduled_post", post_id=never["id"]))["deleted"] is True
    with pytest.raises(Refused, match="already_published"):
        await call("cancel_scheduled_post", post_id=now["id"])
    assert [one["id"] for one in (await posts(world))[2:]] == [now["id"]]


async def test_comments_are_read_answered_hidden_and_deleted(call, world):
    post = (await posts(world))[0]["id"]
    (first,) = (await call("read_comments", post_id=post))["comments"]
    assert (first["author"], first["message"]) == ("Dora Field", "Do you sell flour?")
    made = await call("reply_comment", comment_id=first["id"], message="We do.")
    tops = await call("read_comments", post_id=post, replies=False)
    assert [(one["id"], one["replies"]) for one in tops["comments"]] == [(first["id"], 1)]
    everything = await call("read_comments", post_id=post, order="reverse_chronological")
    assert everything["comments"][0]["replies_to"] == first["id"]
    assert (await call("hide_comment", comment_id=first["id"]))["hidden"] is True
    assert (await call("delete_comment", comment_id=made["id"]))["deleted"] is True
    (left,) = (await call("read_comments", post_id=post))["comments"]
    assert (left["id"], left["hidden"]) == (first["id"], True)


async def test_a_post_is_commented_on(call, world):
    post = (await posts(world))[1]["id"]
    made = await call("reply_comment", comment_id=post, message="Until it is gone.")
    (found,) = (await call("read_comments", post_id=post))["comments"]
    assert (found["id"], found["author"]) == (made["id"], "Marsh Bakery")


async def test_conversations_are_read_and_answered(call, world):
    said = {"page": BAKERY, "text": "Hello?", "name": "Gil Reed", "id": "24500000000000002"}
    await world.act("facebook", "write", **said)
    first = await call("list_conversations", limit=1)
    (other,) = (await call("list_conversations", cursor=first["next_cursor"]))["conversations"]
    (gil,) = first["conversations"]
    assert (gil["people"][0]["name"], gil["snippet"]) == ("Gil Reed", "Hello?")
    assert other["people"][0]["name"] == "Dora Field"
    await call("send_message", recipient_id=gil["people"][0]["id"], text="Good morning")
    messages = (await call("read_messages", conversation_id=gil["id"]))["messages"]
    assert [(one["text"], one["from_page"]) for one in messages] == [
        ("Good morning", True),
        ("Hello?", False),
    ]


async def test_a_day_later_nobody_is_written_to(call, world):
    await world.advance(DAY)
    (one,) = (await call("list_conversations"))["conversations"]
    with pytest.raises(Refused) as caught:
        await call("send_message", recipient_id=one["people"][0]["id"], text="Hello?")
    assert caught.value.code == "outside_window"


async def test_each_metric_is_asked_for_by_itself(call, world):
    await world.forget_log()
    found = await call("page_insights", metrics=["page_follows", "page_media_view"], period="week")
    assert [(one["name"], one["period"]) for one in found["metrics"]] == [
        ("page_follows", "week"),
        ("page_media_view", "week"),
    ]
    assert len(await world.log()) == 2
    post = (await posts(world))[0]["id"]
    counted = {
        one["name"]: one["values"] for one in (await call("post_insights", post_id=post))["metrics"]
    }
    assert counted["post_reactions_by_type_total"][0]["value"] == {"like": 3, "love": 1}
    assert len(counted) == 4


async def test_a_metric_that_is_gone_does_not_take_the_others_with_it(call, world):
    gone = {"error": {"code": 100, "message": "(#100) must be a valid insights metric"}}
    await world.fault(path="/v26.0/*/insights", kind="status", status=400, body=gone)
    found = await call("page_insights", metrics=["page_follows", "page_media_view"])
    assert [one["name"] for one in found["metrics"]] == ["page_media_view"]
    assert [one["name"] for one in found["absent"]] == ["page_follows"]
    await world.fault(path="/v26.0/*/insights", kind="status", status=400, body=gone)
    with pytest.raises(Refused, match="valid insights metric"):
        await call("page_insights", metrics=["page_follows"])


@pytest.mark.parametrize("kind", ["drop", "reset"])
async def test_a_photo_whose_answer_is_lost_has_posted_nothing(call, world, kind):
    await world.fault(path="/v26.0/*/photos", kind=kind)
    with pytest.raises(Unreachable, match="nothing was posted"):
        await call("upload_photo", photo=Held(JPEG))
    assert len(await posts(world)) == 2


async def test_a_facebook_that_failed_while_it_worked_is_not_believed(call, world):
    failed = {"error": {"code": 2, "message": "Service temporarily unavailable"}}
    await world.fault(path="/v26.0/*/feed", kind="status", status=500, body=failed)
    with pytest.raises(OutcomeUnknown, match="list_posts"):
        await call("create_post", message="x")
    await world.fault(path="/v26.0/*/published_posts", kind="status", status=400, body=failed)
    with pytest.raises(Unreachable, match="try again"):
        await call("list_posts")


async def test_a_change_whose_answer_says_nothing_is_looked_for(call, world):
    await world.fault(path="/v26.0/*/feed", kind="malformed", body={})
    with pytest.raises(OutcomeUnknown, match="list_posts"):
        await call("create_post", message="x")


async def test_no_page_of_results_shows_a_token(call, world):
    """`paging.next` is an address with the token in it."""
    for tool in ("list_posts", "list_conversations"):
        assert "EAA" not in repr(await call(tool, limit=1))
