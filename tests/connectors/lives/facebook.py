"""Facebook, for the contract suite: a person with one Page."""

from datetime import UTC, datetime

from connector_vault import Client, Secret
from tests.connectors.held import Held

CLIENT = Client(
    provider="facebook", id="1234567890123456", secret=Secret("emulator-secret-of-facebook")
)
PAGE = "104000000000001"
PEOPLE = ("ada", "bert")
SCOPES = None
FEW = (("pages_show_list", "pages_read_engagement"), "create_post", {"message": "hello"})
ACCESS = 0
TOKEN = "/v26.0/oauth/access_token"
ENDED = ("revoked", "grant", "dead")
GONE = "already gone"
SHARED = "provider grant kept: shared"
LIMITED = ("get_page", {})


async def limit(world):
    await world.act("facebook", "limit", who=PAGE, minutes=5)


async def take_back(world, person):
    await world.act("facebook", "revoke", login=person)


async def prepare(world, token):  # it is a deed, and needs none
    (first, *_) = await world.act("facebook", "posts", page=PAGE)
    await world.act("facebook", "comment", post=first["id"], text="Is it open today?")


def _old_post(said):
    return said["list_posts"]["posts"][-1]["id"]


def _comment(said):
    return said["read_comments"]["comments"][-1]["id"]


def _soon(said, hours=0):
    return datetime.fromtimestamp(said["soon"] + hours * 3600, UTC).isoformat()


CALLS = [
    ("get_page", {}),
    ("upload_photo", {"photo": Held(b"\xff\xd8\xff\xe0" + bytes(100), "loaf.jpg")}),
    (
        "create_post",
        lambda said: {"message": "Fresh.", "photo_ids": [said["upload_photo"]["photo_id"]]},
    ),
    ("create_photo_post", {"photo": Held(b"\xff\xd8\xff\xe0" + bytes(9)), "caption": "Rye."}),
    ("list_posts", {}),
    ("read_comments", lambda said: {"post_id": _old_post(said)}),
    ("reply_comment", lambda said: {"comment_id": _comment(said), "message": "Until six."}),
    ("hide_comment", lambda said: {"comment_id": _comment(said)}),
    ("delete_comment", lambda said: {"comment_id": said["reply_comment"]["id"]}),
    ("schedule_post", lambda said: {"publish_time": _soon(said), "message": "Later."}),
    ("list_scheduled_posts", {}),
    (
        "reschedule_post",
        lambda said: {"post_id": said["schedule_post"]["id"], "publish_time": _soon(said, 2)},
    ),
    ("publish_scheduled_post", lambda said: {"post_id": said["schedule_post"]["id"]}),
    ("schedule_post", lambda said: {"publish_time": _soon(said), "message": "Never."}),
    ("cancel_scheduled_post", lambda said: {"post_id": said["schedule_post"]["id"]}),
    ("publish_reel", {"video": Held(b"\x00\x00\x00\x18ftypmp42" + bytes(1000)), "title": "Oven"}),
    ("get_reel_status", lambda said: {"video_id": said["publish_reel"]["video_id"]}),
    ("list_conversations", {}),
    (
        "read_messages",
        lambda said: {"conversation_id": said["list_conversations"]["conversations"][0]["id"]},
    ),
    (
        "send_message",
        lambda said: {
            "recipient_id": said["list_conversations"]["conversations"][0]["people"][0]["id"],
            "text": "We are.",
        },
    ),
    ("page_insights", {}),
    ("post_insights", lambda said: {"post_id": _old_post(said)}),
]
