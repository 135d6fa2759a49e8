"""Instagram by Facebook Login, for the contract suite: the accounts that belong to Pages."""

from tests.connectors.held import Held
from tests.connectors.lives import facebook, instagram

PROVIDER = "instagram_facebook"
CLIENT = facebook.CLIENT
PEOPLE = facebook.PEOPLE
SCOPES = None
FEW = (
    ("instagram_basic", "pages_show_list", "pages_read_engagement"),
    "publish_image",
    {"image_url": "https://media.example/seen.jpg"},
)
ACCESS = 0
TOKEN = facebook.TOKEN
ENDED = facebook.ENDED
GONE = facebook.GONE
SHARED = facebook.SHARED
LIMITED = ("profile", {})


async def limit(world):
    await world.act(PROVIDER, "limit", who=facebook.PAGE, minutes=5)


async def take_back(world, person):
    await world.act(PROVIDER, "revoke", login=person)


async def prepare(world, token):  # it is a deed, and needs none
    """Nothing: there is a post with a comment from the beginning."""


CALLS = [
    *instagram.CALLS,
    ("upload_reel", {"file": Held(b"\x00\x00\x00\x18ftypmp42" + bytes(1000), "oven.mp4")}),
]
