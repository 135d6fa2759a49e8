"""TikTok, for the contract suite."""

from connector_vault import Client, Secret
from tests.connectors.held import Held

CLIENT = Client(provider="tiktok", id="tiktok-emulator", secret=Secret("emulator-secret"))
PEOPLE = ("dancing.duck", "quiet_quail")
SCOPES = None
FEW = (
    ("user.info.basic", "video.list"),
    "upload_draft_from_url",
    {"video_url": "https://media.example.com/films/dance.mp4"},
)
ACCESS = 7200
TOKEN = "/v2/oauth/token/"
ENDED = ("revoked", "grant", "dead")
GONE = "already gone"
SHARED = "provider grant kept: shared"
LIMITED = ("list_videos", {})

_FILM = {"video_url": "https://media.example.com/films/dance.mp4"}
_PHOTOS = {"photo_urls": ["https://media.example.com/a.jpg"], "title": "One"}
_ALL = {"privacy_level": "PUBLIC_TO_EVERYONE"}


async def limit(world):
    await world.act("tiktok", "limit", login="dancing.duck", route="POST /v2/video/list/")


async def take_back(world, person):
    await world.act("tiktok", "revoke", login=person)


async def prepare(world, token):  # it is a deed, and needs none
    """Let TikTok take its time to fetch things, so that there is something to cancel."""
    await world.act("tiktok", "policy", downloading=3600)


CALLS = [
    ("user_info", {}),
    ("creator_info", {}),
    ("post_video", {"file": Held(b"\x00\x00\x00\x18ftypmp42" + bytes(100), "a.mp4"), **_ALL}),
    ("publish_status", lambda said: {"publish_id": said["post_video"]["publish_id"]}),
    ("list_videos", {"max_count": 2}),
    ("query_videos", lambda said: {"video_ids": said["post_video"]["post_ids"]}),
    ("upload_draft", {"file": Held(b"\x1a\x45\xdf\xa3" + bytes(100), "a.webm")}),
    ("upload_draft_from_url", _FILM),
    ("upload_photo_draft", _PHOTOS),
    ("post_video_from_url", {**_FILM, **_ALL}),
    ("post_photos", {**_PHOTOS, **_ALL}),
    ("cancel_publish", lambda said: {"publish_id": said["post_photos"]["publish_id"]}),
]
