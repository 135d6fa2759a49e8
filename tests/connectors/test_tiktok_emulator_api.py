"""TikTok's API, played, asked without our tools: what it takes, and what breaks its rules."""

import hashlib

import pytest

from tests.connectors.tiktok_play import (
    CANCEL,
    CREATOR,
    DUCK,
    FETCH,
    INBOX,
    INIT,
    QUAIL,
    Made,
    playing,
)

MB = 1_000_000
SIZE = 10 * MB + 5
INFO = {"privacy_level": "PUBLIC_TO_EVERYONE"}


@pytest.fixture
async def play():
    async with playing() as play:
        yield play


@pytest.fixture
async def tokens(play):
    return await play.tokens()


def film(size=SIZE, chunk=5 * MB, count=2):
    source = {"video_size": size, "chunk_size": chunk, "total_chunk_count": count}
    return {"post_info": INFO, "source_info": {"source": "FILE_UPLOAD", **source}}


async def place(play, tokens, path=INIT, **sizes):
    said = (await play.ask(path, tokens, json=film(**sizes))).json()
    return said["data"]


def chunk(first, last):
    return Made(SIZE).read(range(first, last + 1))


async def send(play, url, first, last, size=SIZE, **more):
    return await play.put(url, chunk(first, last), f"bytes {first}-{last}/{size}", **more)


async def test_chunks_are_counted_and_hashed_and_not_kept(play, tokens):
    there = await place(play, tokens)
    first = await send(play, there["upload_url"], 0, 5 * MB - 1)
    assert (first.status_code, first.headers["content-range"]) == (206, f"bytes 0-{5 * MB}/{SIZE}")
    state = await play.ask(FETCH, tokens, json={"publish_id": there["publish_id"]})
    said = state.json()["data"]
    assert (said["status"], said["uploaded_bytes"]) == ("PROCESSING_UPLOAD", 5 * MB)
    assert await play.act("posts") == []
    assert (await send(play, there["upload_url"], 5 * MB, SIZE - 1)).status_code == 201
    (kept,) = await play.act("publications")
    assert kept["digest"] == hashlib.sha256(chunk(0, SIZE - 1)).hexdigest()
    assert len(await play.act("posts")) == 1
    # What is whole takes nothing more, and posts nothing more.
    assert (await send(play, there["upload_url"], 5 * MB, SIZE - 1)).status_code == 416
    assert len(await play.act("posts")) == 1


@pytest.mark.parametrize(
    ("first", "last", "told", "status"),
    [
        (5 * MB, SIZE - 1, None, 416),
        (0, 6 * MB - 1, None, 416),
        (0, SIZE - 1, None, 416),
        (1, 5 * MB, None, 416),
        (0, 5 * MB - 1, f"bytes 0-{5 * MB}/{SIZE}", 400),
        (0, 5 * MB - 1, f"bytes 0-{5 * MB - 1}/{SIZE + 1}", 416),
        (0, 5 * MB - 1, f"bytes=0-{5 * MB - 1}", 400),
        (0, 5 * MB - 1, "", 400),
    ],
)
async def test_a_chunk_that_breaks_a_rule_is_not_taken(play, tokens, first, last, told, status):
    there = await place(play, tokens)
    told = f"bytes {first}-{last}/{SIZE}" if told is None else told
    assert (await play.put(there["upload_url"], chunk(first, last), told)).status_code == status
    (kept,) = await play.act("publications")
    assert kept["size"] == 0


async def test_an_address_for_uploads_is_one_films_for_an_hour(play, tokens):
    there = await place(play, tokens)
    url, last = there["upload_url"], 5 * MB - 1
    assert (await send(play, url, 0, last, kind="application/pdf")).status_code == 400
    assert (await send(play, url + "x", 0, last)).status_code == 404
    assert (await send(play, url.replace("upload_id=", "upload_id=1"), 0, last)).status_code == 404
    await play.world.advance(3601)
    assert (await send(play, url, 0, last)).status_code == 403


@pytest.mark.parametrize(
    "sizes",
    [{"count": 3}, {"chunk": 4 * MB}, {"size": 0, "chunk": 0, "count": 0}, {"size": "10"}],
)
async def test_a_cut_against_the_rules_is_refused(play, tokens, sizes):
    for path in (INIT, INBOX):
        answer = await play.ask(path, tokens, json=film(**sizes))
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_param")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"post_info": {}, "source_info": {}}, "privacy_level_option_mismatch"),
        ({"post_info": INFO | {"title": "x" * 2201}}, "invalid_param"),
        ({"post_info": INFO, "source_info": {"source": "MAGIC"}}, "invalid_param"),
        (
            {
                "post_info": INFO,
                "source_info": {"source": "PULL_FROM_URL", "video_url": "http://a"},
            },
            "invalid_param",
        ),
    ],
)
async def test_what_is_announced_wrongly_is_refused(play, tokens, body, code):
    answer = await play.ask(INIT, tokens, json=body)
    assert answer.json()["error"]["code"] == code


async def test_success_has_a_code_too_and_some_errors_the_status_200(play, tokens):
    answer = await play.ask(CREATOR, tokens)
    assert answer.json()["error"]["code"] == "ok"
    await play.act("policy", daily_posts=0)
    answer = await play.ask(CREATOR, tokens)
    assert (answer.status_code, answer.json()["error"]["code"]) == (200, "spam_risk_too_many_posts")
    answer = await play.ask(INIT, tokens, json=film())
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "spam_risk_too_many_posts")


async def test_six_posts_are_begun_in_a_minute(play, tokens):
    statuses = [(await play.ask(INIT, tokens, json=film())).status_code for _ in range(7)]
    assert statuses == [200] * 6 + [429]
    await play.world.advance(60)
    assert (await play.ask(INIT, tokens, json=film())).status_code == 200


async def test_fields_have_to_be_named_and_granted(play):
    tokens = await play.tokens(scope="user.info.basic,video.list")
    for path, status in (
        ("/v2/user/info/", 400),
        ("/v2/user/info/?fields=age", 400),
        ("/v2/user/info/?fields=open_id,likes_count", 401),
        ("/v2/user/info/?fields=open_id", 200),
    ):
        assert (await play.ask(path, tokens, "GET")).status_code == status
    assert (await play.ask("/v2/video/list/", tokens, json={})).status_code == 400
    many = await play.ask("/v2/video/list/?fields=id", tokens, json={"max_count": 21})
    assert many.json()["error"]["code"] == "invalid_params"
    assert (await play.ask("/v2/video/list/?fields=id", tokens, content=b"{")).status_code == 400


async def test_all_fields_that_are_documented_are_known(play, tokens):
    person = "/v2/user/info/?fields=avatar_url,avatar_url_100,avatar_large_url"
    assert (await play.ask(person, tokens, "GET")).status_code == 200
    films = "/v2/video/list/?fields=height,width,embed_html,embed_link,is_aigc"
    assert (await play.ask(films, tokens, json={})).status_code == 200


async def test_without_a_token_nothing_is_said(play, tokens):
    for headers in ({}, {"authorization": "Bearer act.unknown"}, {"authorization": "Basic eDp5"}):
        place = "/open.tiktokapis.com/v2/user/info/?fields=open_id"
        answer = await play.http.get(place, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "access_token_invalid")


async def test_a_status_may_leave_out_what_came(play, tokens):
    await play.act("policy", counts=False)
    there = await place(play, tokens)
    said = await play.ask(FETCH, tokens, json={"publish_id": there["publish_id"]})
    assert "uploaded_bytes" not in said.json()["data"]


async def test_an_upload_can_be_given_up(play, tokens):
    there = await place(play, tokens)
    wanted = {"publish_id": there["publish_id"]}
    assert (await play.ask(CANCEL, tokens, json=wanted)).status_code == 200
    assert (await send(play, there["upload_url"], 0, 5 * MB - 1)).status_code == 403
    assert (await play.ask(CANCEL, tokens, json=wanted)).status_code == 400
    assert (await play.ask(CANCEL, tokens, json={})).json()["error"]["code"] == "invalid_param"


async def test_failures_can_be_wished_for(play, tokens):
    await play.act("fail", code="internal_error", times=2)
    statuses = [(await play.ask(CREATOR, tokens)).status_code for _ in range(3)]
    assert statuses == [500, 500, 200]


async def test_what_was_under_way_ends_with_the_permission(play, tokens):
    there = await place(play, tokens)
    await play.act("revoke", login=DUCK)
    (kept,) = await play.act("publications")
    assert kept["status"] == "FAILED"
    assert (await send(play, there["upload_url"], 0, 5 * MB - 1)).status_code == 403


async def test_only_public_posts_are_seen_by_apps(play):
    await play.act("sign_in", login=QUAIL)
    tokens = await play.tokens()
    said = (await play.ask("/v2/video/list/?fields=id", tokens, json={})).json()["data"]
    assert said == {"videos": [], "cursor": 0, "has_more": False}
