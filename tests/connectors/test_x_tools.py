"""X's tools, each against the played X by the way they really take, in both vocabularies."""

import pytest

from connector_vault import registry
from connector_vault.connector import RateLimited, Reconnect, Refused
from tests.connectors.x_play import WREN, playing

reading = registry.part("x", "tools.reading")
api = registry.part("x", "api")

FINCH = "2244994945"
GREETING = "Good morning to all who are up."


@pytest.fixture
async def play():
    async with playing() as play:
        yield play


@pytest.fixture(params=["NEW", "OLD"])
def words(request, monkeypatch):
    """Ask in one of the two vocabularies."""
    monkeypatch.setattr(reading, "WORDS", getattr(api, request.param))
    return {"NEW": "new", "OLD": "old"}[request.param]


@pytest.fixture
async def wren(play):
    return await play.tokens()


@pytest.fixture
def call(play, wren):
    def call(name, **arguments):
        return play.call(name, wren, **arguments)

    return call


async def test_whose_account_it_is(call):
    me = await call("get_me")
    assert (me.id, me.username, me.name) == (WREN, "wren", "Jenny Wren")
    assert (me.url, me.posts, me.followers) == ("https://x.com/wren", 1, 7)
    assert me.created_at == "2021-11-15T17:23:20.000Z"


async def test_somebody_is_found_by_username(call):
    found = await call("get_user", username="Finch")
    assert (found.id, found.posts, found.description) == (FINCH, 2, "Seeds, mostly.")


async def test_somebody_who_is_not_there_is_refused(call):
    with pytest.raises(Refused) as raised:
        await call("get_user", username="nobody")
    assert raised.value.code == "resource_not_found"
    assert "nobody" in raised.value.message


async def test_a_post_is_made_read_and_deleted(call, words):
    made = await call("create_post", text="The first of the day", reply_settings="following")
    post = await call("get_post", post_id=made.id)
    assert made.url == f"https://x.com/i/status/{made.id}"
    assert post.url == f"https://x.com/wren/status/{made.id}"
    assert (post.text, post.author_id, post.author_name) == (made.text, WREN, "Jenny Wren")
    assert (post.reply_settings, post.conversation_id) == ("following", made.id)
    assert (post.metrics.likes, post.metrics.impressions, post.replies_to) == (0, 1, None)
    assert (await call("delete_post", post_id=made.id)).deleted
    assert not (await call("delete_post", post_id=made.id)).deleted
    with pytest.raises(Refused, match="resource_not_found"):
        await call("get_post", post_id=made.id)


@pytest.mark.parametrize("policy", ["new", "old"])
async def test_answers_are_read_in_either_vocabulary(play, call, words, policy):
    """Whatever is asked: the strict X of one vocabulary takes only that one."""
    await play.act("policy", words=policy)
    if policy != words:
        with pytest.raises(Refused, match="invalid_request"):
            await call("list_mentions", user_id=WREN)
        return
    (mention,) = (await call("list_mentions", user_id=WREN)).posts
    assert (mention.author_username, mention.metrics.reposts) == ("finch", 0)


async def test_a_poll_is_posted_and_read(call, words):
    options = ["Seeds", "Worms"]
    made = await call("create_post", text="Breakfast?", poll_options=options, poll_minutes=60)
    poll = (await call("get_post", post_id=made.id)).poll
    assert ([one.label for one in poll.choices], poll.status) == (options, "open")


async def test_who_mentioned_the_account_is_replied_to(call, words):
    (mention,) = (await call("list_mentions")).posts
    made = await call("reply_to_post", post_id=mention.id, text="Songs of the morning.")
    reply = await call("get_post", post_id=made.id)
    assert (reply.replies_to, reply.conversation_id) == (mention.id, mention.id)
    (again,) = (await call("list_mentions")).posts
    assert again.metrics.replies == 1


async def test_who_did_not_is_not(play, call):
    other = await play.act("post", login="finch", text="To myself.")
    with pytest.raises(Refused) as raised:
        await call("reply_to_post", post_id=other["id"], text="May I?")
    assert raised.value.code == "forbidden"
    assert "mentioned" in raised.value.message


async def test_several_posts_are_read_and_the_missing_ones_named(play, call, words):
    there = await play.act("post", login="finch", text="Here I am.")
    found = await call("get_posts", post_ids=[there["id"], "404"])
    assert [one.id for one in found.posts] == [there["id"]]
    assert [(one.id, one.code) for one in found.absent] == [("404", "resource_not_found")]
    assert "[404]" in found.absent[0].message


async def test_own_posts_come_in_pages(call, words):
    for number in range(6):
        await call("create_post", text=f"number {number}")
    first = await call("list_own_posts", max_results=5)
    second = await call("list_own_posts", max_results=5, next_token=first.next_token)
    assert [one.text for one in first.posts] == [f"number {number}" for number in range(5, 0, -1)]
    assert [one.text for one in second.posts] == ["number 0", GREETING]
    assert second.next_token is None


async def test_own_posts_are_bounded(play, call):
    (greeting,) = (await call("list_own_posts")).posts
    await play.world.advance(3600)
    made = await call("create_post", text="Much later")
    later = await call("list_own_posts", user_id=WREN, since_id=greeting.id)
    reply = await call("reply_to_post", post_id=made.id, text="To myself")
    alone = await call("list_own_posts", exclude=["replies", "retweets"])
    before = await call("list_own_posts", until_id=reply.id)
    assert [one.id for one in later.posts] == [made.id]
    assert [one.id for one in alone.posts] == [made.id, greeting.id]
    assert [one.id for one in before.posts] == [made.id, greeting.id]
    times = {"start_time": "2020-01-01T00:00:00Z", "end_time": "2020-01-02T00:00:00Z"}
    assert (await call("list_own_posts", **times)).posts == ()


async def test_knowing_the_own_id_spares_a_request(play, call):
    await play.world.forget_log()
    await call("list_mentions", user_id=WREN)
    assert [entry.path for entry in await play.world.log()] == [f"/2/users/{WREN}/mentions"]


async def test_search_looks_back_a_week(play, call, words):
    found = await call("search_recent", query='"of the thistle" from:finch -is:reply')
    assert [one.text for one in found.posts] == ["Seeds of the thistle, at last."]
    await play.world.advance(8 * 86_400)
    again = await play.tokens()
    assert (await play.call("search_recent", again, query="thistle")).posts == ()


async def test_a_reply_is_hidden_and_shown_again(play, call):
    (greeting,) = (await call("list_own_posts")).posts
    reply = await play.act("post", login="finch", text="Not now!", reply_to=greeting.id)
    assert (await call("hide_reply", post_id=reply["id"])).hidden
    assert not (await call("hide_reply", post_id=reply["id"], hidden=False)).hidden


async def test_only_replies_in_an_own_conversation_are_hidden(call):
    (mention,) = (await call("list_mentions")).posts
    with pytest.raises(Refused, match="forbidden"):
        await call("hide_reply", post_id=mention.id)


async def test_a_window_that_is_used_up_says_when_the_next_begins(play, call):
    await play.act("limit", login="wren", route="GET /2/users/me")
    with pytest.raises(RateLimited) as raised:
        await call("get_me")
    assert 800 < raised.value.retry_after <= 901


@pytest.mark.parametrize("status", [402, 403, 429])
async def test_credits_that_are_used_up_are_no_pause(play, call, status):
    await play.act("policy", capped=status)
    with pytest.raises(Refused) as raised:
        await call("get_me")
    assert (raised.value.code, "credits" in raised.value.message) == ("usage_capped", True)


async def test_a_withdrawn_grant_asks_for_consent(play, call):
    await play.act("revoke", login="wren")
    with pytest.raises(Reconnect):
        await call("get_me")
