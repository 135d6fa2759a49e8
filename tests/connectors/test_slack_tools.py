"""Slack's tools: what each sends for what it is given, and what it returns."""

import pytest

from connector_vault.connector import BadArguments, Refused, Request
from tests.connectors.slack import Catch, Script, Stop, slack, tools
from tests.replay import Replay, says

MESSAGE = {"type": "message", "ts": "1700000000.000100", "user": "U1", "text": "hi", "team": "T1"}
POSTED = says({"ok": True, "channel": "C1", "ts": "1700000000.000100", "message": MESSAGE})
USER = {"id": "U1", "name": "ada", "profile": {"email": "a@b.example", "image_24": "dropped"}}
BLOCKS = [{"type": "divider"}]
SENT = [
    (
        "list_channels",
        {},
        "conversations.list",
        {"types": "public_channel", "exclude_archived": "true", "limit": "200"},
    ),
    (
        "list_channels",
        {
            "types": ["im", "mpim"],
            "exclude_archived": False,
            "limit": 9,
            "cursor": "c",
            "team_id": "T1",
        },
        "conversations.list",
        {
            "types": "im,mpim",
            "exclude_archived": "false",
            "limit": "9",
            "cursor": "c",
            "team_id": "T1",
        },
    ),
    (
        "channel_history",
        {"channel": "C1"},
        "conversations.history",
        {"channel": "C1", "limit": "100"},
    ),
    (
        "channel_history",
        {
            "channel": "C1",
            "oldest": "1",
            "latest": "2.5",
            "inclusive": True,
            "limit": 15,
            "cursor": "c",
        },
        "conversations.history",
        {
            "channel": "C1",
            "oldest": "1",
            "latest": "2.5",
            "inclusive": "true",
            "limit": "15",
            "cursor": "c",
        },
    ),
    (
        "thread_replies",
        {
            "channel": "C1",
            "ts": "1.000001",
            "oldest": "1",
            "latest": "2",
            "inclusive": True,
            "limit": 9,
            "cursor": "c",
        },
        "conversations.replies",
        {
            "channel": "C1",
            "ts": "1.000001",
            "oldest": "1",
            "latest": "2",
            "inclusive": "true",
            "limit": "9",
            "cursor": "c",
        },
    ),
    (
        "get_permalink",
        {"channel": "C1", "message_ts": "1.000001"},
        "chat.getPermalink",
        {"channel": "C1", "message_ts": "1.000001"},
    ),
    (
        "search_messages",
        {
            "query": "in:#general hi",
            "count": 5,
            "page": 2,
            "sort": "timestamp",
            "sort_dir": "asc",
            "team_id": "T1",
        },
        "search.messages",
        {
            "query": "in:#general hi",
            "count": "5",
            "page": "2",
            "sort": "timestamp",
            "sort_dir": "asc",
            "team_id": "T1",
        },
    ),
    (
        "list_users",
        {"limit": 5, "cursor": "c", "team_id": "T1"},
        "users.list",
        {"limit": "5", "cursor": "c", "team_id": "T1"},
    ),
    ("get_user", {"user": "U1"}, "users.info", {"user": "U1"}),
    (
        "find_user_by_email",
        {"email": "a+b@c.example"},
        "users.lookupByEmail",
        {"email": "a+b@c.example"},
    ),
    (
        "post_message",
        {"channel": "C1", "text": "hi & <b>"},
        "chat.postMessage",
        {"channel": "C1", "text": "hi & <b>"},
    ),
    (
        "post_message",
        {
            "channel": "U1",
            "text": "hi",
            "blocks": BLOCKS,
            "unfurl_links": False,
            "unfurl_media": True,
        },
        "chat.postMessage",
        {
            "channel": "U1",
            "text": "hi",
            "blocks": '[{"type":"divider"}]',
            "unfurl_links": "false",
            "unfurl_media": "true",
        },
    ),
    (
        "reply_in_thread",
        {
            "channel": "C1",
            "thread_ts": "1.000001",
            "markdown_text": "**hi**",
            "reply_broadcast": True,
        },
        "chat.postMessage",
        {
            "channel": "C1",
            "thread_ts": "1.000001",
            "markdown_text": "**hi**",
            "reply_broadcast": "true",
        },
    ),
    (
        "update_message",
        {"channel": "C1", "ts": "1.000001", "text": "hi", "blocks": BLOCKS},
        "chat.update",
        {"channel": "C1", "ts": "1.000001", "text": "hi", "blocks": '[{"type":"divider"}]'},
    ),
    (
        "delete_message",
        {"channel": "C1", "ts": "1.000001"},
        "chat.delete",
        {"channel": "C1", "ts": "1.000001"},
    ),
    (
        "schedule_message",
        {"channel": "C1", "post_at": 1_900_000_000, "text": "hi", "thread_ts": "1.000001"},
        "chat.scheduleMessage",
        {"channel": "C1", "post_at": "1900000000", "text": "hi", "thread_ts": "1.000001"},
    ),
    (
        "add_reaction",
        {"channel": "C1", "timestamp": "1.000001", "name": "+1"},
        "reactions.add",
        {"channel": "C1", "timestamp": "1.000001", "name": "+1"},
    ),
    ("join_channel", {"channel": "C1"}, "conversations.join", {"channel": "C1"}),
]
NO_CONTENT = [
    {},
    {"text": "a", "markdown_text": "b"},
    {"markdown_text": "b", "blocks": BLOCKS},
]
WRITERS = {
    "post_message": {"channel": "C1"},
    "reply_in_thread": {"channel": "C1", "thread_ts": "1.000001"},
    "update_message": {"channel": "C1", "ts": "1.000001"},
    "schedule_message": {"channel": "C1", "post_at": 1},
}


async def do(tool, api, **arguments):
    return await tools[tool].function(api, **arguments)


@pytest.mark.parametrize(("tool", "arguments", "method", "fields"), SENT)
async def test_a_tool_sends_this_and_nothing_else(tool, arguments, method, fields):
    with pytest.raises(Stop) as stop:
        await do(tool, Catch(), **arguments)
    (declared,) = tools[tool].requests
    if declared.startswith("GET "):
        assert stop.value.args[0] == Request("GET", f"/{method}", query=fields)
    else:
        assert stop.value.args[0] == Request("POST", f"/{method}", form=fields)
    assert declared.endswith(f" /{method}")


def test_every_tool_is_among_them_but_the_one_that_uploads():
    assert {tool for tool, *_ in SENT} == tools.keys() - {"upload_file"}


@pytest.mark.parametrize("content", NO_CONTENT)
@pytest.mark.parametrize("tool", WRITERS)
async def test_a_message_without_one_content_is_not_sent(tool, content):
    with pytest.raises(BadArguments, match="markdown_text"):
        await do(tool, Catch(), **WRITERS[tool], **content)


async def test_a_page_ends_where_the_cursor_is_empty():
    for cursor, following in (("abc", "abc"), ("", None)):
        listed = says({"ok": True, "channels": [], "response_metadata": {"next_cursor": cursor}})
        assert (await do("list_channels", Script(listed))).next_cursor == following
    history = says({"ok": True, "messages": [MESSAGE], "has_more": False})
    found = await do("channel_history", Script(history), channel="C1")
    assert (found.next_cursor, found.messages[0].ts) == (None, MESSAGE["ts"])


@pytest.mark.parametrize(
    ("paging", "following"),
    [
        ({"page": 1, "pages": 3}, 2),
        ({"page": 3, "pages": 3}, None),
        ({"page": 1, "pages": 0}, None),
    ],
)
async def test_a_search_says_which_page_is_next(paging, following):
    found = says({"ok": True, "messages": {"total": 9, "matches": [], "paging": paging}})
    assert (await do("search_messages", Script(found), query="x")).next_page == following


async def test_a_person_is_what_a_model_needs_and_no_more():
    found = await do("get_user", Script(says({"ok": True, "user": USER})), user="U1")
    assert found.profile.email == "a@b.example"
    assert "dropped" not in repr(found)


@pytest.mark.parametrize(
    ("reply", "before"),
    [(says({"ok": True}), False), (says({"ok": False, "error": "already_reacted"}), True)],
)
async def test_a_reaction_that_is_there_is_a_success(reply, before):
    said = {"channel": "C1", "timestamp": "1.000001", "name": "tada"}
    assert (await do("add_reaction", Script(reply), **said)).already_reacted is before


async def test_another_refusal_of_a_reaction_is_one():
    with pytest.raises(Refused, match="invalid_name"):
        await do(
            "add_reaction",
            Script(says({"ok": False, "error": "invalid_name"})),
            channel="C1",
            timestamp="1.000001",
            name="x",
        )


@pytest.mark.parametrize(
    ("more", "before"), [({}, False), ({"warning": "already_in_channel"}, True)]
)
async def test_joining_twice_is_no_error(more, before):
    reply = says({"ok": True, "channel": {"id": "C1", "name": "x"}, **more})
    assert (await do("join_channel", Script(reply), channel="C1")).already_in_channel is before


async def test_a_message_is_posted_by_one_request():
    request = Request("POST", "/chat.postMessage", form={"channel": "C1", "text": "hi"})
    made = await do("post_message", Replay(slack, (request, POSTED)), channel="C1", text="hi")
    assert (made.channel, made.ts, made.message.text) == ("C1", "1700000000.000100", "hi")
