"""TikTok's tools, each against the played TikTok."""

import pytest

from connector_vault import registry
from connector_vault.connector import BadArguments, RateLimited, Reconnect, Refused
from tests.connectors.test_tiktok_chunks import FTYP, Held, box, header
from tests.connectors.tiktok_play import (
    CREATOR,
    DUCK,
    FILM,
    INIT,
    PHOTOS,
    QUAIL,
    Made,
    playing,
)

ALL = {"privacy_level": "PUBLIC_TO_EVERYONE"}
ME = {"privacy_level": "SELF_ONLY"}


@pytest.fixture
async def play():
    async with playing() as play:
        yield play


@pytest.fixture
async def duck(play):
    return await play.tokens()


@pytest.fixture
async def quail(play):
    await play.act("sign_in", login=QUAIL)
    return await play.tokens()


async def test_whose_account_it_is(play, duck):
    plain = await play.call("user_info", duck)
    assert (plain.open_id, plain.display_name) == (duck["open_id"], "Dancing Duck")
    assert (plain.username, plain.follower_count) == (None, None)
    more = await play.call("user_info", duck, profile=True, stats=True)
    assert (more.username, more.follower_count, more.video_count) == (DUCK, 9, 3)


async def test_what_was_not_granted_is_named(play):
    tokens = await play.tokens(scope="user.info.basic")
    with pytest.raises(Refused, match=r"scope_not_authorized.*connect TikTok again"):
        await play.call("user_info", tokens, stats=True)


async def test_what_an_account_may_post(play, quail):
    await play.act("settings", login=QUAIL, comment_disabled=True)
    can = await play.call("creator_info", quail)
    assert can.privacy_level_options == (
        "FOLLOWER_OF_CREATOR",
        "MUTUAL_FOLLOW_FRIENDS",
        "SELF_ONLY",
    )
    assert (can.creator_username, can.max_video_post_duration_sec) == (QUAIL, 180)
    assert can.comment_disabled and can.duet_disabled and can.stitch_disabled  # noqa: PT018


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("post_video", ALL, "the account offers FOLLOWER_OF_CREATOR, MUTUAL_FOLLOW_FRIENDS"),
        ("post_video", ME | {"allow_comments": True}, "comments turned off"),
        ("post_video", ME | {"allow_duet": True}, "duets turned off"),
        ("post_video", ME | {"allow_stitch": True}, "stitches turned off"),
        (
            "post_video",
            ME | {"file": "a long film"},
            r"plays 181\.0 s, and the account may post 180",
        ),
        ("post_video_from_url", ALL, "the account offers"),
        ("post_video_from_url", ME | {"duration_seconds": 180.5}, "may post 180"),
        ("post_photos", ALL, "the account offers"),
        ("post_photos", ME | {"allow_comments": True}, "comments turned off"),
    ],
)
async def test_what_an_account_may_not_is_refused_before_anything_is_sent(
    play, quail, name, arguments, words
):
    await play.act("settings", login=QUAIL, comment_disabled=True)
    film = FTYP + box(b"moov", header(181))
    what = {
        "post_video": {"file": Made(10)},
        "post_video_from_url": {"video_url": FILM},
        "post_photos": {"photo_urls": PHOTOS},
    }[name]
    arguments = arguments | ({"file": Held(film)} if "file" in arguments else {})
    with pytest.raises(BadArguments, match=f"{words}.*Nothing was posted"):
        await play.call(name, quail, **what | arguments)
    assert [
        one.path for one in await play.world.log(host="open.tiktokapis.com", path="/v2/post*")
    ] == [CREATOR]


async def test_all_that_is_wrong_is_said_at_once(play, quail):
    wants = ALL | {"allow_duet": True, "allow_stitch": True}
    with pytest.raises(BadArguments, match=r"privacy_level.*allow_duet.*allow_stitch"):
        await play.call("post_video", quail, file=Made(10), **wants)


async def test_a_film_is_posted_as_it_was_asked_for(play, duck):
    done = await play.call(
        "post_video",
        duck,
        file=Made(1000),
        caption="Look #duck",
        cover_ms=500,
        allow_duet=True,
        brand_organic=True,
        made_with_ai=True,
        **ALL,
    )
    (kept,) = await play.act("publications")
    assert kept["info"] == {
        "title": "Look #duck",
        "privacy_level": "PUBLIC_TO_EVERYONE",
        "disable_comment": True,
        "disable_duet": False,
        "disable_stitch": True,
        "video_cover_timestamp_ms": 500,
        "brand_content_toggle": False,
        "brand_organic_toggle": True,
        "is_aigc": True,
    }
    (post,) = await play.act("posts")
    assert (done.status, done.post_ids) == ("PUBLISH_COMPLETE", (post["id"],))
    found = await play.call("query_videos", duck, video_ids=[post["id"], "1"])
    assert [(one.id, one.title) for one in found.videos] == [(post["id"], "Look #duck")]


async def test_photos_are_posted_or_laid_into_the_inbox(play, duck):
    done = await play.call(
        "post_photos", duck, photo_urls=PHOTOS, title="Two", cover_index=1, **ALL
    )
    draft = await play.call("upload_photo_draft", duck, photo_urls=PHOTOS, description="Two")
    assert (done.status, draft.status) == ("PUBLISH_COMPLETE", "SEND_TO_USER_INBOX")
    assert [one["title"] for one in await play.act("posts")] == ["Two"]


async def test_a_draft_waits_for_its_owner(play, duck):
    draft = await play.call("upload_draft", duck, file=Made(100))
    fetched = await play.call("upload_draft_from_url", duck, video_url=FILM)
    assert {draft.status, fetched.status} == {"SEND_TO_USER_INBOX"}
    assert "inbox" in draft.advice
    assert await play.act("posts") == []
    made = await play.act("finish", publish_id=draft.publish_id)
    found = await play.call("publish_status", duck, publish_id=draft.publish_id)
    assert (found.status, found.post_ids) == ("PUBLISH_COMPLETE", (made["id"],))


async def test_a_draft_of_more_than_ten_minutes_is_refused(play, duck):
    with pytest.raises(BadArguments, match="at most 600 seconds, and this plays 601"):
        await play.call("upload_draft", duck, file=Held(FTYP + box(b"moov", header(601))))


async def test_five_drafts_may_wait(play, duck):
    for _ in range(5):
        await play.call("upload_draft_from_url", duck, video_url=FILM)
    with pytest.raises(Refused, match=r"spam_risk_too_many_pending_share.*five drafts"):
        await play.call("upload_draft", duck, file=Made(10))


async def test_a_post_becomes_public_by_and_by(play, duck):
    await play.act("policy", downloading=60, processing=60, moderation=60)
    begun = await play.call("post_video_from_url", duck, video_url=FILM, **ALL)
    assert (begun.status, begun.post_ids) == ("PROCESSING_DOWNLOAD", ())
    seen = []
    for _ in range(3):
        await play.world.advance(60)
        found = await play.call("publish_status", duck, publish_id=begun.publish_id)
        seen.append((found.status, len(found.post_ids)))
    assert seen == [("PROCESSING_UPLOAD", 0), ("PUBLISH_COMPLETE", 0), ("PUBLISH_COMPLETE", 1)]


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("video_pull_failed", "try again"),
        ("spam_risk_text", "will not help"),
        ("auth_removed", "connect it again"),
        ("file_format_check_failed", "will not help"),
    ],
)
async def test_why_it_failed_and_what_to_do(play, duck, reason, advice):
    await play.act("policy", fails=reason)
    done = await play.call("post_video_from_url", duck, video_url=FILM, **ALL)
    assert (done.status, done.fail_reason) == ("FAILED", reason)
    assert advice in done.advice
    assert await play.act("posts") == []


async def test_what_is_still_fetched_can_be_stopped(play, duck):
    await play.act("policy", downloading=60)
    begun = await play.call("post_video_from_url", duck, video_url=FILM, **ALL)
    assert (await play.call("cancel_publish", duck, publish_id=begun.publish_id)).cancelled
    found = await play.call("publish_status", duck, publish_id=begun.publish_id)
    assert (found.status, found.fail_reason) == ("FAILED", "publish_cancelled")
    with pytest.raises(Refused, match=r"publish_not_cancellable.*over"):
        await play.call("cancel_publish", duck, publish_id=begun.publish_id)
    await play.world.advance(60)
    assert await play.act("posts") == []


async def test_public_posts_are_listed_page_by_page(play, duck):
    await play.call("post_video", duck, file=Made(10), **ME)
    first = await play.call("list_videos", duck, max_count=2)
    second = await play.call("list_videos", duck, max_count=2, cursor=first.next_cursor)
    titles = [one.title for one in (*first.videos, *second.videos)]
    assert titles == ["In the rain", "On ice", "First steps"]
    assert second.next_cursor is None


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ({"audited": False}, "unaudited_client_can_only_post_to_private_accounts"),
        ({"audited": False, "active_users": 5}, "reached_active_user_cap"),
        ({"daily_posts": 0}, "spam_risk_too_many_posts"),
    ],
)
async def test_what_tiktok_does_not_let_an_app_do_is_said(play, duck, policy, code):
    await play.act("policy", **policy)
    for name, what in (("post_video", {"file": Made(10)}), ("post_photos", {"photo_urls": PHOTOS})):
        with pytest.raises(Refused, match=code) as raised:
            await play.call(name, duck, **what, **ALL)
        assert raised.value.message
    assert await play.act("posts") == []


async def test_an_unaudited_app_posts_for_a_private_account_alone(play, quail):
    await play.act("policy", audited=False)
    await play.call("post_video", quail, file=Made(10), privacy_level="FOLLOWER_OF_CREATOR")
    assert [one["privacy_level"] for one in await play.act("posts")] == ["SELF_ONLY"]


async def test_an_address_has_to_be_verified(play, duck):
    for name, what in (
        ("post_video_from_url", {"video_url": "https://other.example/a.mp4", **ALL}),
        ("upload_photo_draft", {"photo_urls": [*PHOTOS, "https://other.example/a.jpg"]}),
    ):
        with pytest.raises(Refused, match=r"url_ownership_unverified.*verified at TikTok"):
            await play.call(name, duck, **what)


async def test_a_limit_and_a_dead_token_are_known_as_such(play, duck):
    await play.act("limit", login=DUCK, route=f"POST {INIT}")
    with pytest.raises(RateLimited):
        await play.call("post_video", duck, file=Made(10), **ALL)
    await play.act("revoke", login=DUCK)
    with pytest.raises(Reconnect):
        await play.call("list_videos", duck)


async def test_unknown_publications_are_refused(play, duck, quail):
    draft = await play.call("upload_draft", duck, file=Made(10))
    for tokens, publish_id in ((duck, "nothing"), (quail, draft.publish_id)):
        with pytest.raises(Refused, match="publish_id"):
            await play.call("publish_status", tokens, publish_id=publish_id)


def test_the_words_for_what_failed_are_many():
    status = registry.part("tiktok", "tools.status")
    assert status.Publication(publish_id="p", status="NEW").advice == ""
