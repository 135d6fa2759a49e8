"""Instagram Login, for the contract suite."""

from connector_vault import Client, Secret

CLIENT = Client(provider="instagram", id="instagram-emulator", secret=Secret("emulator-secret"))
PEOPLE = ("robin", "wagtail")
SCOPES = None
_JPEG = "https://media.example/seen.jpg"
FEW = (("instagram_business_basic",), "publish_image", {"image_url": _JPEG})
ACCESS = 5_183_944
RIPE = 86_400 + 60
CLIENT_IS_ASKED = False
TOKEN = "/refresh_access_token"
ENDED = ("not revocable", "none", "not asked")
GONE = "not revocable"
SHARED = "provider grant kept: shared"
LIMITED = ("profile", {})


async def limit(world):
    await world.act("instagram", "limit", login="robin")


async def take_back(world, person):
    await world.act("instagram", "revoke", login=person)


async def prepare(world, token):  # it is a deed, and needs none
    """Nothing: there is a post with a comment from the beginning."""


def _oldest(said):
    return said["list_media"]["media"][-1]["id"]


def _comment(said):
    return {"comment_id": said["list_comments"]["comments"][-1]["id"]}


def _container(said):
    return {"container_id": said["publish_image"]["container_id"]}


CALLS = [
    ("profile", {}),
    ("publishing_limit", {}),
    ("publish_image", {"image_url": _JPEG, "caption": "Seen"}),
    ("publish_reel", {"video_url": "https://media.example/seen.mp4"}),
    ("publish_story", {"image_url": _JPEG}),
    ("publish_carousel", {"slides": [{"image_url": _JPEG}, {"image_url": _JPEG}]}),
    ("container_status", _container),
    ("publish_container", _container),
    ("list_media", {}),
    ("get_media", lambda said: {"media_id": _oldest(said)}),
    ("media_insights", lambda said: {"media_id": _oldest(said)}),
    ("account_insights", {}),
    ("list_comments", lambda said: {"media_id": _oldest(said)}),
    ("reply_comment", lambda said: {**_comment(said), "message": "Thank you"}),
    ("comment_on_media", lambda said: {"media_id": _oldest(said), "message": "More soon"}),
    ("hide_comment", _comment),
    ("delete_comment", _comment),
]
