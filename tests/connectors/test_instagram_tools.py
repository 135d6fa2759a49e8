"""Every tool against the emulated Instagram, through the egress."""

from importlib import import_module

import pytest
from pydantic import ValidationError, validate_call

from connector_vault.connector import Api, BadArguments, RateLimited, Reconnect, Refused
from tests.connectors.instagram_play import FILM, JPEG, ROBIN, TOOLS, playing

containers = import_module("connector_vault.connectors._meta.instagram.containers")
posting = import_module("connector_vault.connectors._meta.instagram.posting")
parameters = import_module("connector_vault.connectors._meta.instagram.parameters")


@pytest.fixture
async def play():
    async with playing() as play:
        yield play


@pytest.fixture
async def token(play):
    return await play.long()


@pytest.fixture
def call(play, token):
    async def call(name, **arguments):
        return await play.call(name, token, **arguments)

    return call


@pytest.fixture
def patient(play, monkeypatch):
    """Let time pass at Instagram, and not here, whenever a tool waits. Gives how long it did."""
    waited = []

    async def sleep(seconds):
        waited.append(seconds)
        await play.world.advance(seconds)

    monkeypatch.setattr(containers, "sleep", sleep)
    return waited


async def newest(call):
    return (await call("list_media", limit=1)).media[0]


async def test_an_image_is_published(call):
    tag = parameters.Tag(username="wagtail", x=0.5, y=0.25)
    said = await call(
        "publish_image", image_url=JPEG, caption="Seen #today", alt_text="A bird", user_tags=(tag,)
    )
    assert (said.state, said.note) == ("published", "")
    found = await call("get_media", media_id=said.media_id)
    assert (found.caption, found.media_type, found.media_product_type) == (
        "Seen #today",
        "IMAGE",
        "FEED",
    )
    assert found.permalink.startswith("https://www.instagram.com/p/")


async def test_a_reel_is_published(call):
    said = await call("publish_reel", video_url=FILM, caption="It moves", cover_url=JPEG)
    found = await newest(call)
    assert (found.id, found.media_type, found.media_product_type) == (
        said.media_id,
        "VIDEO",
        "REELS",
    )


async def test_a_story_is_published_and_is_not_among_the_media(call):
    said = await call("publish_story", image_url=JPEG)
    assert (await call("get_media", media_id=said.media_id)).media_product_type == "STORY"
    assert (await newest(call)).id != said.media_id


@pytest.mark.parametrize("urls", [{}, {"image_url": JPEG, "video_url": FILM}])
async def test_a_story_is_one_thing(call, urls):
    with pytest.raises(BadArguments):
        await call("publish_story", **urls)


async def test_a_carousel_is_published(call, play):
    slides = (posting.Slide(image_url=JPEG, alt_text="One"), posting.Slide(video_url=FILM))
    said = await call("publish_carousel", slides=slides, caption="Both")
    assert (await newest(call)).media_type == "CAROUSEL_ALBUM"
    assert (await play.act("published", account=ROBIN))["posts"] == 1
    assert (await call("publishing_limit")).used == 1
    assert said.state == "published"


async def test_a_slide_is_one_thing(call):
    with pytest.raises(BadArguments):
        await call("publish_carousel", slides=(posting.Slide(), posting.Slide()))


async def test_it_waits_while_instagram_works(call, play, patient):
    await play.act("publishing", processing=30)
    assert (await call("publish_reel", video_url=FILM)).state == "published"
    assert 30 <= sum(patient) <= 60


@pytest.mark.usefixtures("patient")
async def test_what_takes_long_is_gone_on_with_later(call, play):
    await play.act("publishing", processing=3600)
    said = await call("publish_reel", video_url=FILM, caption="Slow")
    assert (said.state, said.media_id) == ("in_progress", None)
    status = await call("container_status", container_id=said.container_id)
    assert status.state == "in_progress"
    again = await call("publish_container", container_id=said.container_id)
    assert again.state == "in_progress"
    await play.world.advance(3600)
    done = await call("publish_container", container_id=said.container_id)
    assert (done.state, (await newest(call)).id) == ("published", done.media_id)
    status = await call("container_status", container_id=said.container_id)
    assert status.state == "published"


@pytest.mark.usefixtures("patient")
async def test_items_of_a_carousel_that_take_long_post_nothing(call, play):
    await play.act("publishing", processing=3600)
    with pytest.raises(Refused, match="nothing was posted") as told:
        await call("publish_carousel", slides=(posting.Slide(image_url=JPEG),) * 2)
    assert told.value.code == "not_ready"


def test_no_call_waits_longer_than_it_may():
    waits = sum(containers._PAUSES)
    assert waits + 60 < posting.TIMEOUT == TOOLS["publish_reel"].timeout


async def test_media_that_cannot_be_used_is_told(call, play):
    await play.act("publishing", fails="Media upload has failed with error code 2207026")
    with pytest.raises(Refused, match="2207026") as told:
        await call("publish_reel", video_url=FILM)
    assert told.value.code == "container_error"


async def test_a_container_that_is_too_old_is_told(call, play, patient):
    await play.act("publishing", processing=3600)
    said = await call("publish_image", image_url=JPEG)
    await play.world.advance(86_400)
    with pytest.raises(Refused, match="begin again") as told:
        await call("publish_container", container_id=said.container_id)
    assert told.value.code == "container_expired"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://gone.invalid/seen.jpg", "9004/2207052"),
        ("https://media.example/seen.png", "36001/2207005"),
    ],
)
async def test_an_image_that_instagram_cannot_fetch_is_told_in_its_words(call, url, code):
    with pytest.raises(Refused) as told:
        await call("publish_image", image_url=url)
    assert (told.value.code, bool(told.value.message)) == (code, True)


async def test_the_limit_is_asked_for_and_nothing_is_sent_when_it_is_used_up(call, play):
    await play.act("use_up", account=ROBIN, left=1)
    limit = await call("publishing_limit")
    assert (limit.used, limit.total, limit.left, limit.window_seconds) == (99, 100, 1, 86_400)
    await call("publish_image", image_url=JPEG)
    await play.world.forget_log()
    with pytest.raises(Refused, match="100 of 100") as told:
        await call("publish_image", image_url=JPEG)
    assert told.value.code == "publishing_limit"
    assert [one.method for one in await play.world.log()] == ["GET"]
    await play.act("publishing", quota=50)
    assert (await call("publishing_limit")).left == 0


async def test_media_come_a_page_at_a_time(call):
    for number in range(3):
        await call("publish_image", image_url=JPEG, caption=f"{number}")
    first = await call("list_media", limit=2)
    second = await call("list_media", limit=2, cursor=first.next_cursor)
    found = [one.caption for one in (*first.media, *second.media)]
    assert (found, second.next_cursor) == (["2", "1", "0", "Hello, world."], None)


async def test_comments_are_read_answered_hidden_and_deleted(call, play):
    media = (await newest(call)).id
    (first,) = (await call("list_comments", media_id=media)).comments
    assert (first.text, first.username, first.hidden) == ("Welcome!", "passerby", False)
    reply = await call("reply_comment", comment_id=first.id, message="Thank you")
    mine = await call("comment_on_media", media_id=media, message="More soon")
    await call("hide_comment", comment_id=first.id)
    found = (await call("list_comments", media_id=media)).comments
    assert [one.id for one in found] == [mine.id, first.id]
    assert (found[1].hidden, [one.id for one in found[1].replies]) == (True, [reply.id])
    assert not (await call("hide_comment", comment_id=first.id, hidden=False)).hidden
    assert (await call("delete_comment", comment_id=first.id)).deleted
    assert [one.id for one in (await call("list_comments", media_id=media)).comments] == [mine.id]
    with pytest.raises(Refused) as told:
        await call("delete_comment", comment_id=first.id)
    assert told.value.code == "not_found"


async def test_insights_are_told_in_all_and_by_day(call):
    total = await call("account_insights")
    assert {one.name for one in total.metrics} == {
        "reach",
        "views",
        "accounts_engaged",
        "total_interactions",
    }
    assert all(len(one.values) == 1 and one.values[0].value for one in total.metrics)
    (days,) = (await call("account_insights", metrics=("follower_count",), by_day=True)).metrics
    assert all(one.end_time for one in days.values)
    of_one = await call("media_insights", media_id=(await newest(call)).id)
    assert len(of_one.metrics) == 7
    with pytest.raises(Refused, match="must be one of") as told:
        await call("account_insights", metrics=("impressions",))
    assert told.value.code == "invalid_parameter"
    with pytest.raises(BadArguments):
        await call("account_insights", since=2, until=1)


async def test_the_profile_is_the_accounts_own(call):
    found = await call("profile")
    assert (found.username, found.followers_count, found.media_count) == ("robin", 1200, 1)


async def test_a_limit_says_when_to_come_again(call, play):
    await play.act("limit", login="robin", minutes=7)
    with pytest.raises(RateLimited) as told:
        await call("profile")
    assert told.value.retry_after == 420


@pytest.mark.parametrize("status", [400, 401])
async def test_a_dead_token_is_a_reason_to_connect_again(call, play, status):
    await play.act("policy", expired_status=status)
    await play.act("revoke", login="robin")
    with pytest.raises(Reconnect) as told:
        await call("profile")
    assert told.value.reason == "190/458"


async def test_a_permission_that_is_missing_is_named(play):
    await play.act("sign_in", login="robin", scopes=[])
    with pytest.raises(Refused, match="instagram_business_content_publish") as told:
        await play.call("publish_image", await play.long(), image_url=JPEG)
    assert told.value.code == "permission_missing"


async def test_a_connection_that_does_not_say_whose_it_is_cannot_be_used(play, token):
    with pytest.raises(BadArguments, match="connect it again"):
        await play.call("profile", token, account="")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("publish_image", {"image_url": "http://media.example/seen.jpg"}),
        ("publish_image", {"image_url": "https://localhost"}),
        ("publish_image", {"image_url": JPEG, "caption": "x" * 2201}),
        ("publish_carousel", {"slides": [{"image_url": JPEG}]}),
        ("get_media", {"media_id": "../me"}),
        ("comment_on_media", {"media_id": "1789", "message": " "}),
        ("list_media", {"limit": 0}),
        ("account_insights", {"metrics": ["reach,views"]}),
    ],
)
async def test_what_cannot_be_meant_is_not_sent(name, arguments):
    class Shut(Api):
        async def send(self, request):
            raise AssertionError(request)

    checked = validate_call(TOOLS[name].function, config={"arbitrary_types_allowed": True})
    with pytest.raises(ValidationError):
        await checked(Shut(), **arguments)
