"""X, played, for a client that nobody here wrote: xdk, X's own, in the newer vocabulary.

Its models are made from X's OpenAPI document, which is not published as a package of its own. They
are held against what our tools send and what the played X answers, closed: what they do not name
is an error.
"""

import ast
import base64

import httpx2
import pytest
from pydantic import BaseModel, ValidationError

from connector_vault import registry
from tests.connectors.needed import needed
from tests.connectors.x_play import HOME, WREN, back, playing, sent

xdk = needed("xdk")
schemas = needed("xdk.schemas")
requests = needed("requests")

reading = registry.part("x", "tools.reading")
api = registry.part("x", "api")
FINCH = "2244994945"
PNG = b"\x89PNG\r\n\x1a\n"
GIF = b"GIF89a" + b"x" * 100


@pytest.fixture
async def play(anyio_backend, monkeypatch):
    # What it is built on wants https, and would ask a proxy.
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with playing() as play:
        await play.act("policy", words="new")
        yield play


@pytest.fixture
async def client(play):
    """It is synchronous: it blocks this loop, and the emulator runs in another."""
    tokens = await play.tokens()
    client = xdk.Client(base_url=f"{play.world.url}/api.x.com", access_token=tokens["access_token"])
    with client.session:
        yield client


@pytest.fixture
def signed_out(play):
    return xdk.Client(
        base_url=f"{play.world.url}/api.x.com",
        authorization_base_url=f"{play.world.url}/x.com/i",
        client_id="x-emulator",
        client_secret="emulator-secret",
        redirect_uri=HOME,
        scope=["tweet.read", "users.read", "offline.access"],
    )


def strange(found, path=""):
    """List what a model holds and X's document does not name."""
    if isinstance(found, BaseModel):
        extra = [f"{path}.{name}" for name in found.model_extra or ()]
        return extra + [
            one
            for name in type(found).model_fields
            for one in strange(getattr(found, name), f"{path}.{name}")
        ]
    if isinstance(found, list):
        return [one for item in found for one in strange(item, f"{path}[]")]
    return []


def create(client, **body):
    return client.posts.create(body).data


def choices(function, name):
    """Give the values that a parameter of the client takes, which only its source says."""
    annotation = ast.parse(function.__annotations__[name])
    return {node.value for node in ast.walk(annotation) if isinstance(node, ast.Constant)}


def test_it_signs_in_and_refreshes(signed_out):
    place = signed_out.get_authorization_url(state="s-9")
    found, said = back(httpx2.get(place, trust_env=False, verify=False))
    first = signed_out.fetch_token(f"{found}?code={said['code']}&state={said['state']}")
    assert (said["state"], first["expires_in"]) == ("s-9", 7200)
    second = signed_out.refresh_token()
    assert second["refresh_token"] != first["refresh_token"]
    assert signed_out.users.get_me().data.username == "wren"


def test_posts_are_made_read_and_deleted(client):
    made = create(client, text="From elsewhere", reply_settings="verified")
    found = client.posts.get_by_id(
        made.id,
        post_fields=["public_metrics", "created_at", "conversation_id", "reply_settings"],
        expansions=["author_id"],
    )
    assert (found.data.author_id, found.data.public_metrics.repost_count) == (WREN, 0)
    assert (found.includes.users[0].username, found.data.reply_settings) == ("wren", "verified")
    assert (strange(found), strange(made)) == ([], [])
    assert client.posts.delete(made.id).data.deleted
    assert client.posts.get_by_id(made.id).errors[0].resource_id == made.id


async def test_a_reply_is_made_listed_and_hidden(play, client):
    (page,) = client.users.get_mentions(WREN, post_fields=["conversation_id"])
    made = create(client, text="Songs", reply={"in_reply_to_tweet_id": page.data[0].id})
    found = client.posts.get_by_ids([made.id, "404"], expansions=["referenced_posts"])
    assert found.data[0].referenced_posts[0].type == "replied_to"
    assert (found.includes.posts[0].id, found.errors[0].value) == (page.data[0].id, "404")
    assert (strange(found), strange(page)) == ([], [])
    (own,) = client.users.get_posts(WREN, exclude=["replies"])
    other = await play.act("post", login="finch", text="Hm", reply_to=own.data[0].id)
    assert client.posts.hide_reply(other["id"], {"hidden": True}).data.hidden


def test_pages_are_followed(client):
    for number in range(7):
        create(client, text=f"number {number}")
    pages = list(client.users.get_posts(WREN, max_results=5))
    assert [len(page.data) for page in pages] == [5, 3]
    found = list(client.posts.search_recent("number", max_results=10))
    assert ([len(page.data) for page in found], strange(pages + found)) == ([7], [])


def test_people_are_read(client):
    fields = ["public_metrics", "description", "created_at", "verified"]
    found = client.users.get_by_username("finch", user_fields=fields)
    assert (found.data.id, found.data.public_metrics.post_count) == (FINCH, 2)
    me = client.users.get_me(user_fields=["name"])
    assert (me.data.id, strange(found), strange(me)) == (WREN, [], [])


async def test_a_picture_is_uploaded_described_and_posted(client):
    media = base64.b64encode(PNG).decode()
    made = client.media.upload({"media": media, "media_category": "tweet_image"})
    metadata = {"alt_text": {"text": "a wren"}}
    said = client.media.create_metadata({"id": made.data.id, "metadata": metadata})
    post = create(client, text="See", media={"media_ids": [made.data.id]})
    found = client.posts.get_by_id(
        post.id, expansions=["attachments.media_keys"], media_fields=["alt_text", "type", "url"]
    )
    assert found.includes.media[0].alt_text == "a wren"
    assert strange(made) + strange(said) + strange(found) == []


async def test_a_film_is_uploaded_in_chunks(play, client):
    await play.act("policy", processing=60)
    new = {"media_type": "image/gif", "media_category": "tweet_gif", "total_bytes": len(GIF)}
    begun = client.media.initialize_upload(new)
    for index, chunk in enumerate((GIF[:50], GIF[50:])):
        body = {"media": base64.b64encode(chunk).decode(), "segment_index": index}
        assert strange(client.media.append_upload(begun.data.id, body)) == []
    done = client.media.finalize_upload(begun.data.id)
    assert done.data.processing_info.state == "pending"
    await play.world.advance(61)
    seen = client.media.get_upload_status(begun.data.id, command="STATUS")
    assert seen.data.processing_info.state == "succeeded"
    assert strange(begun) + strange(done) + strange(seen) == []


async def test_a_withdrawn_grant_is_an_error_there_too(play, client):
    await play.act("revoke", login="wren")
    with pytest.raises(requests.HTTPError, match="401"):
        client.users.get_me()


@pytest.mark.parametrize(
    ("parameter", "name"),
    [
        ("post_fields", "post.fields"),
        ("expansions", "expansions"),
        ("user_fields", "user.fields"),
        ("media_fields", "media.fields"),
        ("poll_fields", "poll.fields"),
    ],
)
@pytest.mark.parametrize("method", ["get_by_id", "get_by_ids", "search_recent"])
def test_x_foresees_every_field_our_tools_ask_for(method, parameter, name):
    asked = set(reading.wanted(api.NEW)[name].split(","))
    assert asked <= choices(getattr(xdk.posts.client.PostsClient, method), parameter)


BODIES = [
    ("create_post", {"text": "a", "media_ids": ["1"], "made_with_ai": True}, "CreatePostsRequest"),
    (
        "create_post",
        {
            "text": "a",
            "poll_options": ["b", "c"],
            "poll_minutes": 5,
            "reply_settings": "mentionedUsers",
            "paid_partnership": True,
            "community_id": "7",
        },
        "CreatePostsRequest",
    ),
    ("reply_to_post", {"post_id": "7", "text": "a"}, "CreatePostsRequest"),
    ("hide_reply", {"post_id": "7"}, "HidePostsReplyRequest"),
]


@pytest.mark.parametrize(("name", "arguments", "model"), BODIES)
def test_x_foresees_every_body_our_tools_send(name, arguments, model):
    found = getattr(schemas, model).model_validate(sent(name, **arguments).json)
    assert strange(found) == []


def test_x_foresees_how_an_upload_begins():
    class Film:
        name, size = "a", 16
        read = staticmethod(lambda piece: b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00"[: len(piece)])

    found = schemas.InitializeMediaUploadRequest.model_validate(
        sent("upload_media", file=Film).json
    )
    assert (strange(found), found.media_category) == ([], "tweet_video")


@pytest.mark.parametrize(
    "slip",
    [
        {"text": "a", "quote": "7"},
        {"text": "a", "reply_settings": "everyone"},
        {"text": "a", "poll": {"options": ["b", "c"]}},
        {"text": "a", "reply": {"in_reply_to_post_id": "7"}},
    ],
)
def test_a_slip_does_not_pass(slip):
    try:
        found = schemas.CreatePostsRequest.model_validate(slip)
    except ValidationError:
        return
    assert strange(found) != []
