"""Notion, played: versions, capabilities, sharing, limits, and errors in Notion's shape."""

import pytest

from tests.connectors.played_notion import (
    HANDBOOK,
    HOLIDAYS,
    ROWS,
    TASKS,
    VERSION,
    playing,
)

OLD = {"notion-version": "2025-09-03"}
ALL = [
    "read_content",
    "update_content",
    "insert_content",
    "read_comments",
    "insert_comments",
    "read_users",
    "read_emails",
]
PAGE = f"/v1/pages/{HANDBOOK}"
INSIDE = f"/v1/blocks/{HANDBOOK}/children"
TEXT = {"rich_text": [{"text": {"content": "x"}}]}
BLOCK = {"type": "paragraph", "paragraph": TEXT}


@pytest.fixture
async def notion():
    async with playing() as notion:
        yield notion


@pytest.fixture
async def tokens(notion):
    return await notion.tokens()


def told(reply):
    return reply.status_code, reply.json()["code"]


async def test_an_error_has_notions_shape(notion, tokens):
    reply = await notion.ask("GET", f"/v1/pages/{TASKS[:-1]}0", tokens)
    said = reply.json()
    assert (said["object"], said["status"], said["code"]) == ("error", 404, "object_not_found")
    assert said["request_id"] == reply.headers["x-notion-request-id"]
    assert said["message"]


@pytest.mark.parametrize("tokens_", [None, {"access_token": "ntn_junk"}])
async def test_only_a_live_token_is_answered(notion, tokens_):
    assert told(await notion.ask("GET", PAGE, tokens_)) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("headers", "code"),
    [({}, "missing_version"), ({"notion-version": "2022-06-28"}, "validation_error")],
)
async def test_a_version_has_to_be_named(notion, tokens, headers, code):
    assert told(await notion.ask("GET", PAGE, tokens, headers)) == (400, code)


async def test_the_older_version_has_the_older_names(notion, tokens):
    (first,) = (await notion.ask("GET", INSIDE, tokens, params={"page_size": "1"})).json()[
        "results"
    ]
    after = {"children": [BLOCK], "after": first["id"]}
    put = await notion.ask("PATCH", INSIDE, tokens, OLD, json=after)
    gone = await notion.ask("PATCH", PAGE, tokens, OLD, json={"archived": True})
    assert put.json()["results"][0]["parent"]["page_id"] == HANDBOOK
    assert (gone.json()["archived"], gone.json()["in_trash"]) == (True, True)


async def test_the_newest_version_knows_only_its_own_names(notion, tokens):
    shown = (await notion.ask("GET", PAGE, tokens)).json()
    for method, path, body in (
        ("PATCH", INSIDE, {"children": [BLOCK], "after": HOLIDAYS}),
        ("PATCH", PAGE, {"archived": True}),
        ("POST", f"/v1/data_sources/{ROWS}/query", {"archived": True}),
    ):
        assert told(await notion.ask(method, path, tokens, json=body)) == (400, "validation_error")
    assert "archived" not in shown


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", INSIDE, {}),
        ("PATCH", INSIDE, {"children": [BLOCK] * 101}),
        ("PATCH", INSIDE, {"children": [{"type": "song", "song": {}}]}),
        ("PATCH", INSIDE, {"children": [{**BLOCK, "quote": {}}]}),
        ("PATCH", INSIDE, {"children": [BLOCK], "position": {"type": "middle"}}),
        ("PATCH", PAGE, {"properties": {"Nope": {"number": 1}}}),
        ("PATCH", PAGE, {"properties": {"title": {"number": 1}}}),
        ("PATCH", PAGE, {"colour": "red"}),
        ("PATCH", PAGE, {"is_locked": "yes"}),
        ("POST", "/v1/pages", {"properties": {}}),
        ("POST", "/v1/pages", {"parent": {"page_id": "x"}}),
        ("POST", "/v1/pages", {"parent": {"page_id": HANDBOOK}, "markdown": "", "children": []}),
        ("POST", "/v1/search", {"filter": {"property": "object", "value": "database"}}),
        ("POST", "/v1/search", {"filter": {"property": "object", "value": ["page"]}}),
        ("POST", "/v1/search", {"start_cursor": HANDBOOK[:-1] + "0"}),
        ("POST", "/v1/search", {"page_size": 101}),
        ("POST", f"/v1/data_sources/{ROWS}/query", {"filter": {"property": "Nope"}}),
        ("POST", f"/v1/data_sources/{ROWS}/query", {"sorts": [{"property": "Nope"}]}),
        ("POST", "/v1/comments", {"parent": {"page_id": HANDBOOK}}),
        ("POST", f"{PAGE}/move", {"parent": {"workspace": True}}),
        ("PATCH", f"{PAGE}/markdown", {"type": "sing"}),
        ("GET", f"/v1/pages/{TASKS}", None),
        ("GET", "/v1/pages/short", None),
    ],
)
async def test_what_does_not_fit_is_a_validation_error(notion, tokens, method, path, body):
    assert told(await notion.ask(method, path, tokens, json=body)) == (400, "validation_error")


async def test_what_is_no_json_and_what_is_no_address(notion, tokens):
    junk = await notion.ask("POST", "/v1/search", tokens, content=b"{")
    assert told(junk) == (400, "invalid_json")
    assert told(await notion.ask("GET", "/v1/songs", tokens)) == (400, "invalid_request_url")


@pytest.mark.parametrize(
    ("capability", "method", "path", "body"),
    [
        ("read_content", "GET", PAGE, None),
        ("read_content", "POST", "/v1/search", {}),
        ("read_content", "POST", f"/v1/data_sources/{ROWS}/query", {}),
        ("update_content", "PATCH", PAGE, {"in_trash": True}),
        ("insert_content", "PATCH", INSIDE, {"children": [BLOCK]}),
        ("read_comments", "GET", f"/v1/comments?block_id={HANDBOOK}", None),
        ("insert_comments", "POST", "/v1/comments", {"parent": {"page_id": HANDBOOK}, **TEXT}),
        ("read_users", "GET", "/v1/users", None),
    ],
)
async def test_each_capability_opens_its_own(notion, tokens, capability, method, path, body):
    await notion.act("capabilities", capabilities=[one for one in ALL if one != capability])
    assert told(await notion.ask(method, path, tokens, json=body)) == (403, "restricted_resource")
    await notion.act("capabilities", capabilities=[capability])
    assert (await notion.ask(method, path, tokens, json=body)).status_code == 200


async def test_who_may_not_read_is_shown_an_id(notion, tokens):
    await notion.act("capabilities", capabilities=["insert_content", "insert_comments"])
    new = {"parent": {"page_id": HANDBOOK}}
    page = (await notion.ask("POST", "/v1/pages", tokens, json=new)).json()
    said = (await notion.ask("POST", "/v1/comments", tokens, json={**new, **TEXT})).json()
    assert set(page) == set(said) == {"object", "id", "request_id"}


async def test_emails_and_the_workspace_may_be_left_out(notion, tokens):
    await notion.act("capabilities", capabilities=["read_users"])
    await notion.act("policy", identity="sparse")
    bot = (await notion.ask("GET", "/v1/users/me", tokens)).json()["bot"]
    assert bot["owner"]["user"]["person"] == {}
    assert "workspace_id" not in bot


async def test_only_what_was_picked_and_what_lies_below_is_there(notion):
    await notion.act("sign_in", login="ada", pages=[HOLIDAYS])
    tokens = await notion.tokens()
    found = (await notion.ask("POST", "/v1/search", tokens, json={})).json()["results"]
    assert [one["id"] for one in found] == [HOLIDAYS]
    assert told(await notion.ask("GET", PAGE, tokens)) == (404, "object_not_found")
    await notion.act("share", login="ada", page=HANDBOOK)
    assert (await notion.ask("GET", PAGE, tokens)).status_code == 200
    await notion.act("unshare", login="ada", page=HANDBOOK)
    assert told(await notion.ask("GET", INSIDE, tokens)) == (404, "object_not_found")


async def test_another_workspace_is_not_there(notion):
    await notion.act("sign_in", login="linus")
    assert told(await notion.ask("GET", PAGE, await notion.tokens())) == (404, "object_not_found")


async def test_a_window_of_requests_ends_and_begins_again(notion, tokens):
    await notion.act("limit", login="ada", remaining=1)
    assert (await notion.ask("GET", PAGE, tokens)).status_code == 200
    late = await notion.ask("GET", PAGE, tokens)
    more = late.json()["additional_data"]
    assert told(late) == (429, "rate_limited")
    assert (late.headers["retry-after"], more["retry_after"]) == ("60", "60")
    assert more["rate_limit_reason"] == "public_api_request_rate_limit"
    await notion.world.advance(60)
    assert (await notion.ask("GET", PAGE, tokens)).status_code == 200


async def test_a_free_workspace_has_180_requests_a_minute(notion):
    await notion.act("sign_in", login="linus")
    tokens = await notion.tokens()
    done = [(await notion.ask("GET", "/v1/users/me", tokens)).status_code for _ in range(181)]
    assert (done.count(200), done[-1]) == (180, 429)


async def test_a_block_says_nothing_of_later(notion, tokens):
    await notion.act("limit", login="ada", reason="public_api_request_blocked")
    reply = await notion.ask("GET", PAGE, tokens)
    assert told(reply) == (429, "rate_limited")
    assert "retry-after" not in reply.headers


async def test_a_failed_change_was_made_and_says_so(notion, tokens):
    await notion.act("fail", times=2)
    question = await notion.ask("POST", "/v1/search", tokens, json={})
    failed = await notion.ask("PATCH", INSIDE, tokens, json={"children": [BLOCK]})
    moved = await notion.ask("PATCH", PAGE, tokens, json={"in_trash": True})
    more = failed.json()["additional_data"]
    blocks = (await notion.ask("GET", INSIDE, tokens)).json()["results"]
    assert question.status_code == 200
    assert told(failed) == (503, "service_unavailable")
    assert more["committed_child_ids"] == [blocks[-1]["id"]]
    assert more["retry_guidance"]
    assert moved.json()["additional_data"]["committed_resource_id"] == HANDBOOK


async def test_a_selection_of_markdown_is_written_over_or_behind(notion, tokens):
    async def patch(kind, **said):
        body = {"type": kind, kind: said}
        reply = await notion.ask("PATCH", f"{PAGE}/markdown", tokens, json=body)
        return reply.json()

    behind = await patch("insert_content", content="Hello.", after="# Wel...come")
    over = await patch("replace_content_range", content="Bye.", content_range="Hel...lo.")
    wrong = await patch("replace_content_range", content="", content_range="no...where")
    assert behind["markdown"].split("\n")[:3] == ["# Welcome", "Hello.", "How we work together."]
    assert over["markdown"].split("\n")[1] == "Bye."
    assert wrong["code"] == "validation_error"


async def test_a_child_page_goes_only_if_that_is_allowed(notion, tokens):
    content = {"new_str": "alone", "allow_deleting_content": True}
    body = {"type": "replace_content", "replace_content": content}
    said = (await notion.ask("PATCH", f"{PAGE}/markdown", tokens, VERSION, json=body)).json()
    child = (await notion.ask("GET", f"/v1/pages/{HOLIDAYS}", tokens)).json()
    assert (said["markdown"], child["in_trash"]) == ("alone", True)
