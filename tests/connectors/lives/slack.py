"""Slack, for the contract suite: an app that rotates its tokens."""

from connector_vault import Client, Secret
from tests.connectors.held import Held

CLIENT = Client(provider="slack", id="1000.2000", secret=Secret("emulator-secret"))
PEOPLE = ("ada", "grace")
SCOPES = None
FEW = (("users:read",), "post_message", {"channel": "C0GENERAL", "text": "hello"})
ACCESS = 43_200
TOKEN = "/api/oauth.v2.access"
ENDED = ("revoked", "token", "dead")
GONE = "already gone"
SHARED = "provider grant kept: shared"
LIMITED = ("list_users", {})


async def begin(world):
    await world.act("slack", "policy", rotation=True)


async def limit(world):
    await world.act("slack", "limit", method="users.list", seconds=30)


async def take_back(world, person):
    await world.act("slack", "revoke", login=person)


def _general(said):
    return next(one["id"] for one in said["list_channels"]["channels"] if one["name"] == "general")


def _message(said):
    return {"channel": _general(said), "ts": said["post_message"]["ts"]}


CALLS = [
    ("list_channels", {}),
    ("join_channel", lambda said: {"channel": _general(said)}),
    ("post_message", lambda said: {"channel": _general(said), "text": "Hello there"}),
    ("update_message", lambda said: {**_message(said), "text": "Hello everybody"}),
    (
        "reply_in_thread",
        lambda said: {
            "channel": _general(said),
            "thread_ts": said["post_message"]["ts"],
            "text": "And you",
        },
    ),
    ("channel_history", lambda said: {"channel": _general(said)}),
    ("thread_replies", _message),
    (
        "add_reaction",
        lambda said: {
            "channel": _general(said),
            "timestamp": said["post_message"]["ts"],
            "name": "wave",
        },
    ),
    (
        "get_permalink",
        lambda said: {"channel": _general(said), "message_ts": said["post_message"]["ts"]},
    ),
    ("search_messages", {"query": "Hello"}),
    ("list_users", {}),
    ("get_user", lambda said: {"user": said["list_users"]["members"][0]["id"]}),
    ("find_user_by_email", {"email": "ada@acme.example"}),
    (
        "upload_file",
        lambda said: {"file": Held(b"hello", "notes.txt"), "channel": _general(said)},
    ),
    (
        "schedule_message",
        lambda said: {"channel": _general(said), "post_at": said["soon"], "text": "Later"},
    ),
    ("delete_message", _message),
]
