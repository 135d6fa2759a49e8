"""Notion, played, for a client that nobody here wrote: notion-client."""

import asyncio
import logging
import os
from contextlib import closing

import pytest

from tests.connectors.played_notion import (
    ADA,
    HANDBOOK,
    HOLIDAYS,
    HOME,
    HUSH,
    ID,
    ROWS,
    TASKS,
    playing,
)

if os.environ.get("CONNECTOR_VAULT_REQUIRE_ALL") == "1":
    import notion_client
else:
    notion_client = pytest.importorskip("notion_client", reason="notion-client is not installed")

VERSIONS = ["2025-09-03", "2026-03-11"]
OWN = {"client_id": ID, "client_secret": HUSH}
TEXT = [{"type": "text", "text": {"content": "Hello", "link": {"url": "https://x.example/"}}}]


@pytest.fixture(autouse=True)
def _quiet():
    """It logs what it is refused."""
    logging.getLogger("notion_client").setLevel(logging.CRITICAL)


@pytest.fixture
async def notion(anyio_backend):
    async with playing() as notion:
        yield notion


def client_of(notion, version="2026-03-11", **options):
    """It is synchronous: it blocks this loop, and the emulator runs in another."""
    base = f"{notion.world.url}/api.notion.com"
    options |= {"base_url": base, "log_level": logging.CRITICAL, "retry": False}
    # Not one of its own making, which reads all certificates of this machine each time.
    own = notion_client.client.httpx.Client(trust_env=False, verify=False)
    return closing(notion_client.Client({**options, "notion_version": version}, client=own))


@pytest.fixture(params=VERSIONS)
async def client(notion, request):
    tokens = await notion.tokens()
    with client_of(notion, request.param, auth=tokens["access_token"]) as client:
        yield client


async def test_a_code_becomes_tokens_that_are_refreshed_asked_about_and_ended(notion):
    _, said = await notion.authorize()
    with client_of(notion) as client:
        grant = {"grant_type": "authorization_code", "redirect_uri": HOME}
        first = client.oauth.token(**OWN, code=said["code"], **grant)
        spent = first["refresh_token"]
        second = client.oauth.token(**OWN, grant_type="refresh_token", refresh_token=spent)
        assert client.oauth.introspect(**OWN, token=second["access_token"])["active"]
        client.oauth.revoke(**OWN, token=second["access_token"])
        assert not client.oauth.introspect(**OWN, token=second["access_token"])["active"]
        with pytest.raises(notion_client.errors.HTTPResponseError) as caught:
            client.oauth.revoke(**OWN, token=second["access_token"])
    assert (caught.value.status, first["bot_id"]) == (400, second["bot_id"])


def test_users_are_read(client):
    me = client.users.me()
    assert (me["type"], me["bot"]["owner"]["user"]["id"]) == ("bot", ADA)
    assert client.users.retrieve(ADA)["person"]["email"] == "ada@acme.example"
    everybody = notion_client.helpers.collect_paginated_api(client.users.list, page_size=1)
    assert [one["type"] for one in everybody] == ["person", "person", "bot"]


def test_pages_are_made_found_changed_and_trashed(client):
    name = {"title": {"title": TEXT}}
    made = client.pages.create(parent={"page_id": HANDBOOK}, properties=name)
    assert notion_client.helpers.is_full_page(made)
    (found,) = client.search(query="hello")["results"]
    changed = client.pages.update(found["id"], icon={"emoji": "🎈"}, is_locked=True)
    moved = client.pages.move(made["id"], parent={"page_id": HOLIDAYS})
    trashed = client.pages.update(made["id"], in_trash=True)
    assert (changed["icon"], changed["is_locked"]) == ({"emoji": "🎈"}, True)
    assert (moved["parent"]["page_id"], trashed["in_trash"]) == (HOLIDAYS, True)
    assert client.search(query="hello")["results"] == []


def test_blocks_are_added_and_listed_over_pages(client):
    quote = {"type": "quote", "quote": {"rich_text": TEXT}}
    inside = {"type": "toggle", "toggle": {"rich_text": TEXT, "children": [quote]}}
    client.blocks.children.append(HANDBOOK, children=[quote] * 5 + [inside])
    listing = client.blocks.children.list
    blocks = notion_client.helpers.collect_paginated_api(listing, block_id=HANDBOOK, page_size=3)
    assert len(blocks) == 9
    assert all(notion_client.helpers.is_full_block(block) for block in blocks)
    (inner,) = client.blocks.children.list(blocks[-1]["id"])["results"]
    assert inner["quote"]["rich_text"][0]["href"] == "https://x.example/"


async def test_markdown_is_read_and_written(notion):
    tokens = await notion.tokens()
    with client_of(notion, auth=tokens["access_token"]) as client:
        rewrite(client)
    older = client_of(notion, VERSIONS[0], auth=tokens["access_token"])
    with older as client, pytest.raises(notion_client.APIResponseError) as caught:
        client.pages.retrieve_markdown(HANDBOOK)
    assert caught.value.status == 400


def rewrite(client):
    before = client.pages.retrieve_markdown(HANDBOOK)["markdown"]
    update = {"content_updates": [{"old_str": "Welcome", "new_str": "Hello"}]}
    after = client.pages.update_markdown(HANDBOOK, type="update_content", update_content=update)
    assert after["markdown"] == before.replace("Welcome", "Hello")


def test_a_table_is_read_and_its_rows_are_filtered(client):
    (source,) = client.databases.retrieve(TASKS)["data_sources"]
    columns = client.data_sources.retrieve(source["id"])["properties"]
    wanted = {"property": "Done", "checkbox": {"equals": True}}
    rows = client.data_sources.query(ROWS, filter=wanted)["results"]
    assert (source["id"], columns["Done"]["type"]) == (ROWS, "checkbox")
    assert [row["properties"]["Name"]["title"][0]["plain_text"] for row in rows] == [
        "Write the plan"
    ]


def test_comments_are_written_and_listed(client):
    said = client.comments.create(parent={"page_id": HANDBOOK}, rich_text=TEXT)
    client.comments.create(discussion_id=said["discussion_id"], rich_text=TEXT)
    found = client.comments.list(block_id=HANDBOOK)["results"]
    assert {one["discussion_id"] for one in found} == {said["discussion_id"]}
    assert [one["display_name"]["resolved_name"] for one in found] == ["Emulated App"] * 2


@pytest.mark.parametrize(("page", "code"), [(ADA, "object_not_found"), (TASKS, "validation_error")])
def test_an_error_is_known_by_its_code(client, page, code):
    with pytest.raises(notion_client.APIResponseError) as caught:
        client.pages.retrieve(page)
    assert caught.value.code == code
    assert caught.value.request_id


async def test_a_removed_app_is_unauthorized(notion, client):
    await notion.act("revoke", login="ada")
    with pytest.raises(notion_client.APIResponseError) as caught:
        await asyncio.to_thread(client.users.me)
    assert (caught.value.code, caught.value.status) == ("unauthorized", 401)


async def test_a_limit_is_known_as_one(notion, client):
    await notion.act("limit", login="ada", seconds=7)
    with pytest.raises(notion_client.APIResponseError) as caught:
        await asyncio.to_thread(client.users.me)
    assert (caught.value.code, caught.value.headers["retry-after"]) == ("rate_limited", "7")
