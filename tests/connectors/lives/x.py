"""X, for the contract suite."""

from connector_vault import Client, Secret
from tests.connectors.held import Held

CLIENT = Client(provider="x", id="x-emulator", secret=Secret("emulator-secret"))
PEOPLE = ("wren", "finch")
SCOPES = None
FEW = (("tweet.read", "users.read", "offline.access"), "create_post", {"text": "hello"})
ACCESS = 7200
TOKEN = "/2/oauth2/token"
ENDED = ("revoked", "token", "not asked")
GONE = "already gone"
SHARED = "provider grant kept: shared"
LIMITED = ("get_me", {})


async def limit(world):
    await world.act("x", "limit", login="wren", route="GET /2/users/me", remaining=0)


async def take_back(world, person):
    await world.act("x", "revoke", login=person)


async def prepare(world, token):  # it is a deed, and needs none
    await world.act("x", "post", login="finch", text="@wren what is new?")


def _mention(said):
    return said["list_mentions"]["posts"][0]["id"]


CALLS = [
    ("get_me", {}),
    ("get_user", {"username": "finch"}),
    ("search_recent", {"query": "wren"}),
    ("list_mentions", {}),
    ("get_post", lambda said: {"post_id": _mention(said)}),
    ("get_posts", lambda said: {"post_ids": [_mention(said)]}),
    ("upload_media", {"file": Held(b"\x89PNG\r\n\x1a\n" + bytes(100), "dot.png")}),
    ("get_media_status", lambda said: {"media_id": said["upload_media"]["media_id"]}),
    (
        "create_post",
        lambda said: {"text": "Look!", "media_ids": [said["upload_media"]["media_id"]]},
    ),
    ("reply_to_post", lambda said: {"post_id": said["create_post"]["id"], "text": "More of it."}),
    ("list_own_posts", {}),
    ("hide_reply", lambda said: {"post_id": said["reply_to_post"]["id"]}),
    ("delete_post", lambda said: {"post_id": said["create_post"]["id"]}),
]
