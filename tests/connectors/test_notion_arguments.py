"""Notion's tools: what they will not send, and what a bare failure comes to."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_vault.connector import (
    Api,
    BadArguments,
    OutcomeUnknown,
    RateLimited,
    Request,
)
from tests.connectors.played_notion import (
    HANDBOOK,
    HOLIDAYS,
    ROWS,
    connector,
    functions,
    run,
)
from tests.replay import Replay, says

NEW = {"parent_page_id": HANDBOOK}
WRONG = [
    ("retrieve_page", {"page_id": "../users/me"}),
    ("retrieve_page", {"page_id": "https://notion.so/x"}),
    ("create_page", {"title": "nowhere"}),
    ("create_page", {**NEW, "workspace": True}),
    ("create_page", {**NEW, "markdown": "a", "blocks": [{"type": "divider"}]}),
    ("create_page", {**NEW, "properties": {"A": {}}}),
    ("create_page", {**NEW, "properties": {"A": {"url": "x", "email": "y"}}}),
    ("create_page", {**NEW, "properties": {"A": {"colour": "red"}}}),
    ("create_page", {**NEW, "title": "x" * 200_001}),
    ("update_page", {"page_id": HANDBOOK}),
    ("update_page_markdown", {"page_id": HANDBOOK}),
    ("update_page_markdown", {"page_id": HANDBOOK, "insert": "a", "replace_all": "b"}),
    ("update_page_markdown", {"page_id": HANDBOOK, "replace_all": "b", "position": "end"}),
    ("append_blocks", {"block_id": HANDBOOK, "blocks": []}),
    ("append_blocks", {"block_id": HANDBOOK, "blocks": [{"type": "divider"}] * 101}),
    ("append_blocks", {"block_id": HANDBOOK, "blocks": [{"type": "image"}]}),
    ("append_blocks", {"block_id": HANDBOOK, "blocks": [{"type": "divider", "url": "x"}]}),
    (
        "append_blocks",
        {
            "block_id": HANDBOOK,
            "blocks": [{"type": "divider", "children": [{"type": "divider"}]}],
        },
    ),
    (
        "append_blocks",
        {
            "block_id": HANDBOOK,
            "blocks": [{"type": "quote", "children": [{"type": "quote"}] * 100}] * 10,
        },
    ),
    (
        "append_blocks",
        {
            "block_id": HANDBOOK,
            "blocks": [{"type": "divider"}],
            "after": HOLIDAYS,
            "position": "end",
        },
    ),
    ("query_data_source", {"data_source_id": ROWS, "sorts": [{"direction": "ascending"}]}),
    ("query_data_source", {"data_source_id": ROWS, "page_size": 101}),
    ("create_comment", {"page_id": HANDBOOK}),
    ("create_comment", {"text": "to nobody"}),
    ("create_comment", {"page_id": HANDBOOK, "text": "a", "markdown": "b"}),
    ("move_page", {"page_id": HANDBOOK}),
    ("move_page", {"page_id": HOLIDAYS, "parent_page_id": HANDBOOK, "data_source_id": ROWS}),
]


class Stop(Exception):
    """Carries the one request a tool sent."""


class Catch(Api):
    """Answers nothing: the first request ends the tool."""

    async def send(self, request):
        raise Stop(request)


@pytest.mark.parametrize(("name", "arguments"), WRONG)
async def test_wrong_arguments_are_told_before_anything_is_sent(name, arguments):
    with pytest.raises(BadArguments):
        await run(Catch(), name, **arguments)


@settings(max_examples=50, deadline=None)
@given(st.one_of(st.sampled_from(["..", "", "a/..", "%2e%2e", "x?y", "a#b"]), st.text(max_size=9)))
async def test_no_id_changes_the_address(name):
    with pytest.raises((BadArguments, Stop)) as stopped:
        await functions["get_page_markdown"](Catch(), page_id=name)
    if stopped.type is Stop:
        (request,) = stopped.value.args
        assert re.fullmatch(r"/v1/pages/[^/]+/markdown", request.url)
        assert not {".", ".."} & set(unquote(request.url).split("/"))


@pytest.mark.parametrize(
    ("name", "arguments", "method", "path", "kind"),
    [
        ("trash_page", {"page_id": HANDBOOK}, "PATCH", f"/v1/pages/{HANDBOOK}", OutcomeUnknown),
        ("retrieve_page", {"page_id": HANDBOOK}, "GET", f"/v1/pages/{HANDBOOK}", RateLimited),
    ],
)
async def test_a_bare_failure_leaves_a_change_unknown_and_a_question_for_later(
    name, arguments, method, path, kind
):
    body = {"in_trash": True} if method == "PATCH" else None
    reply = says({"code": "service_unavailable"}, 503, retry_after="2")
    with pytest.raises(kind):
        await run(Replay(connector, (Request(method, path, json=body), reply)), name, **arguments)
