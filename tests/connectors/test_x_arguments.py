"""X's tools: which arguments they take, what they send of them, and how they read answers."""

import asyncio
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_vault import registry
from connector_vault.connector import BadArguments, read
from connector_vault.signature import signature_of
from tests.connectors.x_play import TOOLS, Catch, Stop, sent

reading = registry.part("x", "tools.reading")
api = registry.part("x", "api")
wire = registry.part("x", "tools.wire")
shapes = registry.part("x", "tools.shapes")

NASTY = st.sampled_from(["..", ".", "", "1/..", "%2e%2e", "1%2f2", "1?y=1", "1#f", "١٢", "1" * 20])
ANY = st.one_of(NASTY, st.text(max_size=20))
PATHS = {
    "get_post": "/2/tweets/{post_id}",
    "delete_post": "/2/tweets/{post_id}",
    "hide_reply": "/2/tweets/{post_id}/hidden",
    "list_own_posts": "/2/users/{user_id}/tweets",
    "list_mentions": "/2/users/{user_id}/mentions",
    "get_user": "/2/users/by/username/{username}",
}


def test_the_older_words_are_asked_for_as_fields():
    asked = reading.wanted(api.OLD)
    assert {"author_id", "note_tweet", "referenced_tweets"} <= set(asked["tweet.fields"].split(","))
    assert "post.fields" not in asked


def test_a_long_post_is_given_whole_in_either_vocabulary():
    for note in ("note_post", "note_tweet"):
        page = read(wire.One, {"data": {"id": "1", "text": "a…", note: {"text": "all of it"}}})
        assert shapes.post_of(page.data, page.includes).text == "all of it"


def test_numbers_and_references_are_read_in_either_vocabulary():
    for count, references, kind in (
        ("repost_count", "referenced_posts", "reposted"),
        ("retweet_count", "referenced_tweets", "retweeted"),
    ):
        raw = {"id": "1", "public_metrics": {count: 4}, references: [{"type": kind, "id": "9"}]}
        found = read(wire.One, {"data": raw})
        post = shapes.post_of(found.data, found.includes)
        assert (post.metrics.reposts, post.reposts) == (4, "9")


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"text": "  "},
        {"text": "a", "poll_options": ["b", "c"]},
        {"text": "a", "poll_minutes": 5},
        {"poll_options": ["b", "c"], "poll_minutes": 5},
        {"text": "a", "media_ids": ["1"], "poll_options": ["b", "c"], "poll_minutes": 5},
    ],
)
async def test_a_post_that_cannot_be_is_not_sent(arguments):
    with pytest.raises(BadArguments):
        await TOOLS["create_post"].function(Catch(), **arguments)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("create_post", {"text": "a" * 25_001}),
        ("create_post", {"text": "a", "media_ids": ["1", "2", "3", "4", "5"]}),
        ("create_post", {"text": "a", "media_ids": ["x"]}),
        ("create_post", {"text": "a", "poll_options": ["b"], "poll_minutes": 5}),
        ("create_post", {"text": "a", "poll_options": ["b", "c" * 26], "poll_minutes": 5}),
        ("create_post", {"text": "a", "poll_options": ["b", "c"], "poll_minutes": 4}),
        ("get_post", {"post_id": "../users/me"}),
        ("get_posts", {"post_ids": []}),
        ("get_posts", {"post_ids": ["1"] * 101}),
        ("get_user", {"username": "@finch"}),
        ("search_recent", {"query": "a" * 513}),
        ("search_recent", {"query": "a", "max_results": 9}),
        ("list_own_posts", {"start_time": "yesterday"}),
    ],
)
def test_what_a_schema_forbids_never_reaches_a_tool(name, arguments):
    with pytest.raises(BadArguments):
        signature_of(TOOLS[name].function).bind(arguments)


@pytest.mark.parametrize("name", PATHS)
@settings(max_examples=15, deadline=None)
@given(value=ANY)
def test_no_argument_changes_the_address(name, value):
    place = PATHS[name].partition("{")[2].partition("}")[0]
    try:
        asyncio.run(TOOLS[name].function(Catch(), **{place: value}))
    except BadArguments:
        return
    except Stop as stop:
        url = stop.args[0].url
    assert unquote(url) == PATHS[name].format(**{place: value})
    assert url.count("/") == PATHS[name].count("/")


def test_only_what_was_said_is_sent():
    request = sent("create_post", text="a", media_ids=["7"], made_with_ai=False, community_id="3")
    media = {"media_ids": ["7"]}
    assert request.json == {"text": "a", "media": media, "made_with_ai": False, "community_id": "3"}
