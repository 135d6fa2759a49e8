"""Instagram, played, for a client that nobody here wrote: python-facebook-api."""

import pytest

from tests.connectors.instagram_play import GRAPH, HOME, JPEG, ROBIN, TOKEN, playing
from tests.connectors.needed import needed

pyfacebook = needed("pyfacebook")

SECRET = {"app_id": "instagram-emulator", "app_secret": "emulator-secret"}


@pytest.fixture
async def play(anyio_backend, monkeypatch):
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")
    async with playing() as play:
        yield play


@pytest.fixture
async def client(play):
    """It is synchronous: it blocks this loop, and the emulator runs in another."""
    token = await play.long()
    client = pyfacebook.IGBusinessApi(
        **SECRET,
        access_token=token,
        instagram_business_id=ROBIN,
        base_url=f"{play.world.url}{GRAPH}/",
        version="v26.0",
    )
    client.session.trust_env = False
    yield client
    client.session.close()


async def test_it_signs_in_and_renews(play):
    client = pyfacebook.BasicDisplayAPI(
        **SECRET,
        oauth_flow=True,
        base_url=f"{play.world.url}{GRAPH}/",
        authorization_url=f"{play.world.url}/www.instagram.com/oauth/authorize",
        access_token_url=f"{play.world.url}{TOKEN}",
    )
    client.session.trust_env = False
    wanted = {"redirect_uri": HOME, "scope": ["instagram_business_basic"]}
    url, _ = client.get_authorization_url(**wanted)
    back = (await play.http.get(url)).headers["location"]
    short = client.exchange_user_access_token(back.removesuffix("#_"), **wanted)
    long = client.exchange_long_lived_user_access_token(short["access_token"])
    await play.world.advance(90_000)
    fresh = client.refresh_access_token(long["access_token"])
    assert (fresh["expires_in"], fresh["token_type"]) == (5183944, "bearer")
    client.session.close()


def test_it_reads_the_account_its_media_and_comments(client):
    account = client.user.get_info()
    assert (account.username, account.media_count) == ("robin", 1)
    (media,) = client.user.get_media().data
    assert media.caption == "Hello, world."
    (comment,) = client.media.get_comments(media_id=media.id).data
    assert (comment.username, comment.text) == ("passerby", "Welcome!")
    limit = client.user.get_content_publishing_limit().data[0]
    assert (limit.quota_usage, limit.config.quota_total) == (0, 100)
    (metric,) = client.media.get_insights(media_id=media.id, metric=["reach"]).data
    assert metric.name == "reach"


def test_it_publishes_a_page_of_images_and_walks_through_them(client):
    for number in range(3):
        data = {"image_url": JPEG, "caption": f"{number}"}
        made = client.post_object(ROBIN, connection="media", data=data)
        assert client.container.get_info(made["id"]).status_code == "FINISHED"
        client.post_object(ROBIN, connection="media_publish", data={"creation_id": made["id"]})
    found = client.user.get_media(limit=2, count=None).data
    assert [one.caption for one in found] == ["2", "1", "0", "Hello, world."]


def test_it_publishes_a_carousel_and_answers_a_comment(client):
    def make(**data):
        return client.post_object(ROBIN, connection="media", data=data)["id"]

    items = [make(image_url=JPEG, is_carousel_item="true") for _ in range(2)]
    whole = make(media_type="CAROUSEL", children=",".join(items))
    said = client.post_object(ROBIN, connection="media_publish", data={"creation_id": whole})
    children = client.media.get_children(media_id=said["id"]).data
    assert [one.media_type for one in children] == ["IMAGE", "IMAGE"]
    first = client.post_object(said["id"], connection="comments", data={"message": "One"})
    client.post_object(first["id"], connection="replies", data={"message": "Two"})
    assert [one.text for one in client.comment.get_replies(comment_id=first["id"]).data] == ["Two"]
    assert client.delete_object(first["id"]) == {"success": True}


def test_it_reads_errors(client):
    client.access_token = "IGAAnobody"
    with pytest.raises(pyfacebook.FacebookError) as told:
        client.user.get_info()
    assert told.value.code == 190
