"""Notion, for the contract suite."""

from connector_vault import Client, Secret

CLIENT = Client(
    provider="notion",
    id="0f0e0d0c-0b0a-4908-8706-050403020100",
    secret=Secret("emulator-secret"),
)
PEOPLE = ("ada", "grace")
SCOPES = None
FEW = None
ACCESS = 0
TOKEN = "/v1/oauth/token"
ENDED = ("revoked", "token", "dead")
GONE = "already gone"
SHARED = "provider grant kept: shared"
LIMITED = ("list_users", {})


async def limit(world):
    await world.act("notion", "limit", login="ada", remaining=0, seconds=60)


async def take_back(world, person):
    await world.act("notion", "revoke", login=person)


def _found(said, kind):
    return next(one["id"] for one in said["search"]["results"] if one["object"] == kind)


def _page(said):
    return {"page_id": said["create_page"]["id"]}


CALLS = [
    ("search", {}),
    ("retrieve_page", lambda said: {"page_id": _found(said, "page")}),
    ("retrieve_data_source", lambda said: {"data_source_id": _found(said, "data_source")}),
    (
        "retrieve_database",
        lambda said: {"database_id": said["retrieve_data_source"]["database_id"]},
    ),
    ("query_data_source", lambda said: {"data_source_id": _found(said, "data_source")}),
    (
        "create_page",
        lambda said: {
            "parent_page_id": _found(said, "page"),
            "title": "Minutes",
            "markdown": "Hello.",
        },
    ),
    ("get_page_markdown", _page),
    (
        "update_page_markdown",
        lambda said: {**_page(said), "replacements": [{"old": "Hello.", "new": "Goodbye."}]},
    ),
    ("update_page", lambda said: {**_page(said), "title": "Minutes of today"}),
    (
        "append_blocks",
        lambda said: {
            "block_id": said["create_page"]["id"],
            "blocks": [{"type": "paragraph", "text": "More."}],
        },
    ),
    ("get_block_children", lambda said: {"block_id": said["create_page"]["id"]}),
    ("create_comment", lambda said: {**_page(said), "text": "Good."}),
    ("list_comments", lambda said: {"block_id": said["create_page"]["id"]}),
    ("list_users", {}),
    ("move_page", lambda said: {**_page(said), "parent_page_id": _found(said, "page")}),
    ("trash_page", _page),
]
