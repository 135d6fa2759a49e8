"""Notion's connector and its emulator, held against the document that Notion publishes.

It is the document of Notion's own MCP server: version 2025-09-03, read here as if it had no fields
but those it names. What is newer, or richer, is listed below, and has to be unknown to it.
The document is not ours to ship: CONNECTOR_VAULT_SPECS names a folder that holds
notion/notion-openapi.json.
"""

import json
import os
from pathlib import Path

import pytest
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

from connector_vault.connector import Api, Request
from tests.connectors.played_notion import (
    ADA,
    HANDBOOK,
    HOLIDAYS,
    ROWS,
    TASKS,
    connector,
    functions,
    playing,
    run,
)
from tests.openapi import Document
from tests.replay import says

CURSOR = {"start_cursor": HOLIDAYS, "page_size": 7}
NEW = {"parent_page_id": HANDBOOK}
KNOWN = [
    ("search", {"query": "plan", "kind": "page", "direction": "ascending", **CURSOR}),
    ("retrieve_page", {"page_id": HANDBOOK, "properties": ["title"]}),
    ("get_page_markdown", {"page_id": HANDBOOK, "include_transcript": True}),
    ("get_block_children", {"block_id": HANDBOOK, **CURSOR}),
    (
        "create_page",
        {**NEW, "title": "t", "properties": {"Notes": {"rich_text": "n"}, "Due": {"date": None}}},
    ),
    (
        "update_page",
        {
            "page_id": HANDBOOK,
            "title": "t",
            "emoji": "🎈",
            "cover_url": "https://x.example/c.png",
            "restore": True,
        },
    ),
    ("update_page_markdown", {"page_id": HOLIDAYS, "replace_all": "new"}),
    ("update_page_markdown", {"page_id": HANDBOOK, "insert": "more", "position": "end"}),
    (
        "update_page_markdown",
        {
            "page_id": HANDBOOK,
            "replacements": [{"old": "Welcome", "new": "Hello", "everywhere": True}],
        },
    ),
    (
        "append_blocks",
        {
            "block_id": HANDBOOK,
            "blocks": [
                {"type": "paragraph", "text": "p" * 2001},
                {"type": "bulleted_list_item", "text": "b"},
            ],
        },
    ),
    ("retrieve_database", {"database_id": TASKS}),
    ("retrieve_data_source", {"data_source_id": ROWS}),
    (
        "query_data_source",
        {
            "data_source_id": ROWS,
            "filter": {"property": "Done", "checkbox": {"equals": True}},
            "sorts": [{"property": "Name", "direction": "descending"}],
            "in_trash": True,
            "page_size": 7,
        },
    ),
    ("list_comments", {"block_id": HANDBOOK, "page_size": 7}),
    ("create_comment", {"page_id": HANDBOOK, "text": "hi"}),
    ("move_page", {"page_id": HOLIDAYS, "parent_page_id": HANDBOOK}),
    ("trash_page", {"page_id": HOLIDAYS}),
    ("list_users", {"page_size": 7}),
]
UNKNOWN = [
    # Pages that are rows, or private; Markdown and templates of new pages; block trees of theirs.
    ("create_page", {"data_source_id": ROWS, "title": "t"}),
    ("create_page", {"workspace": True, "title": "t"}),
    ("create_page", {**NEW, "markdown": "m"}),
    ("create_page", {"data_source_id": ROWS, "template": "default"}),
    ("create_page", {**NEW, "blocks": [{"type": "paragraph", "text": "p"}]}),
    # An emoji and a cover of a new page are objects, not texts.
    ("create_page", {**NEW, "emoji": "🎈"}),
    ("create_page", {**NEW, "cover_url": "https://x.example/c.png"}),
    ("update_page", {"page_id": HANDBOOK, "is_locked": True}),
    # 2026-03-11 has `position` where this has `after`.
    (
        "append_blocks",
        {"block_id": HANDBOOK, "blocks": [{"type": "paragraph"}], "position": "start"},
    ),
    (
        "append_blocks",
        {"block_id": HANDBOOK, "blocks": [{"type": "paragraph"}], "after": HOLIDAYS},
    ),
    # Of blocks it knows paragraphs and bullets.
    ("append_blocks", {"block_id": HANDBOOK, "blocks": [{"type": "quote", "text": "q"}]}),
    ("query_data_source", {"data_source_id": ROWS, "sorts": [{"timestamp": "created_time"}]}),
    ("create_comment", {"block_id": HANDBOOK, "text": "hi"}),
    ("create_comment", {"discussion_id": HANDBOOK, "text": "hi"}),
    ("create_comment", {"page_id": HANDBOOK, "markdown": "hi"}),
    ("move_page", {"page_id": HOLIDAYS, "data_source_id": ROWS}),
]
TYPOS = [
    Request("POST", "/v1/search", json={"querry": "x"}),
    Request("POST", "/v1/search", json={"filter": {"value": "database", "property": "object"}}),
    Request("POST", "/v1/pages", json={"properties": {}}),
    Request("PATCH", f"/v1/blocks/{HANDBOOK}/children", json={"childen": []}),
    Request("PATCH", f"/v1/pages/{HANDBOOK}/markdown", json={"type": "sing"}),
    Request("GET", "/v1/users", query={"pagesize": "7"}),
    Request("GET", "/v1/people"),
]


class Stop(Exception):
    """The request was minded: there is no answer."""


class Minded(Api):
    """Minds a request, and lets nobody answer it."""

    def __init__(self, document):
        self.document = document

    async def send(self, request):
        self.document.mind(request)
        raise Stop


class Watched(Api):
    """Asks the emulator, and minds what it answers."""

    def __init__(self, document, door):
        self.document = document
        self.door = door

    async def send(self, request):
        said = await self.door.send(request)
        answered(self.document, request, 200, said)
        return said


def answered(document, request, status, said):
    """Refuse an answer that the document does not foresee."""
    body = None if request.json is None else json.dumps(request.json).encode()
    asked = MockRequest(
        document.base, request.method.lower(), request.url, args=dict(request.query), data=body
    )
    reply = MockResponse(json.dumps(said).encode(), status, content_type="application/json")
    document.checked.validate_response(asked, reply)


def trimmed(text):
    """Leave out what is not about requests and answers, and a path that hides another."""
    raw = json.loads(text)
    del raw["security"], raw["paths"]["/v1/users/{user_id}"]
    for item in raw["paths"].values():
        for operation in item.values():
            operation.pop("security", None)
    return json.dumps(raw)


def covers(shown, said):
    """Tell whether an answer has all that an example shows, each thing of the same kind."""
    if isinstance(shown, dict):
        return isinstance(said, dict) and all(
            name in said and covers(inner, said[name]) for name, inner in shown.items()
        )
    if isinstance(shown, list):
        return isinstance(said, list) and all(covers(shown[0], one) for one in said)
    return shown is None or said is None or type(shown) is type(said)


@pytest.fixture(scope="module")
def document():
    folder = os.environ.get("CONNECTOR_VAULT_SPECS")
    if folder:
        place = Path(folder, "notion", "notion-openapi.json")
        return Document(trimmed(place.read_text(encoding="utf-8")))
    wanted = "set CONNECTOR_VAULT_SPECS to a folder that holds notion/notion-openapi.json"
    if os.environ.get("CONNECTOR_VAULT_REQUIRE_ALL") == "1":
        pytest.fail(wanted)
    pytest.skip(wanted)


@pytest.fixture
async def notion():
    async with playing() as notion:
        yield notion


def test_every_tool_is_sent_below():
    assert {name for name, _ in KNOWN} == functions.keys()


@pytest.mark.parametrize(("name", "arguments"), KNOWN)
async def test_notion_foresees_what_a_tool_sends(document, name, arguments):
    with pytest.raises(Stop):
        await run(Minded(document), name, **arguments)


@pytest.mark.parametrize(("name", "arguments"), UNKNOWN)
async def test_what_is_newer_than_the_document_is_listed(document, name, arguments):
    with pytest.raises(OpenAPIError):
        await run(Minded(document), name, **arguments)


@pytest.mark.parametrize("request_", TYPOS)
def test_a_slip_does_not_pass(document, request_):
    with pytest.raises(OpenAPIError):
        document.mind(request_)


async def test_notion_foresees_what_its_emulator_answers(document, notion):
    api = Watched(document, notion.door(await notion.tokens()))
    for name, arguments in KNOWN:
        asked = {key: said for key, said in arguments.items() if key != "start_cursor"}
        if name == "create_page":
            del asked["properties"]
        if name == "search":
            asked["kind"] = "data_source"
        assert await run(api, name, **asked)


@pytest.mark.parametrize(
    ("status", "path"),
    [(404, f"/v1/pages/{ADA}/markdown"), (400, f"/v1/pages/{TASKS}"), (429, "/v1/users/me")],
)
async def test_notion_foresees_how_its_emulator_refuses(document, notion, status, path):
    tokens = await notion.tokens()
    if status == 429:
        await notion.act("limit", login="ada")
        path = f"/v1/pages/{HANDBOOK}/markdown"
    reply = await notion.ask("GET", path, tokens)
    assert reply.status_code == status
    answered(document, Request("GET", path), status, reply.json())


async def test_the_emulator_shows_all_that_notion_shows(document, notion):
    api = notion.door(await notion.tokens())
    new = {"parent": {"page_id": HANDBOOK}, "rich_text": [{"text": {"content": "hi"}}]}
    asked = [
        Request("POST", "/v1/comments", json=new),
        Request("GET", "/v1/comments", query={"block_id": HANDBOOK}),
        Request("GET", "/v1/users/me"),
    ]
    for request in asked:
        said = await api.send(request)
        shown = list(document.examples(document.mind(request)))
        assert shown
        assert all(covers(one, said) for one in shown)


def test_an_account_can_be_read_from_what_notion_shows(document):
    (shown,) = document.examples(document.mind(connector.identity.request))
    account = connector.identity.account(says(shown))
    assert (account.id, account.label) == (shown["id"], "christine makenotion")


async def test_tools_read_what_notion_shows(document):
    class Shown(Api):
        async def send(self, request):
            (shown,) = document.examples(document.mind(request))
            return shown

    made = await run(Shown(), "create_comment", page_id=HANDBOOK, text="hi")
    found = await run(Shown(), "list_comments", block_id=HANDBOOK)
    assert made["text"] == "Hello world"
    assert [one["text"] for one in found["comments"]] == ["Single comment"]
