"""Facebook, played, for a client that nobody here wrote: python-facebook-api (`pyfacebook`)."""

import httpx2
import pytest

from connector_vault import emulator, registry
from tests.connectors.facebook_play import ADA, APP, BAKERY
from tests.connectors.needed import needed

pyfacebook = needed("pyfacebook")

HOME = "http://127.0.0.1:7777/callback"


@pytest.fixture
async def world(anyio_backend, monkeypatch):
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    async with emulator.running("facebook") as world:
        yield world


@pytest.fixture
def api(world):
    """It is synchronous: it blocks this loop, and the emulator runs in another."""

    def api(token=None, kind=pyfacebook.GraphAPI):
        return kind(
            app_id=APP.id,
            app_secret=APP.secret.reveal(),
            access_token=token,
            oauth_flow=token is None,
            version="v26.0",
            base_url=f"{world.url}/graph.facebook.com/",
            authorization_url=f"{world.url}/www.facebook.com/v26.0/dialog/oauth",
            access_token_url=f"{world.url}/graph.facebook.com/v26.0/oauth/access_token",
            redirect_uri=HOME,
            scope=list(registry.load("facebook").oauth.scopes),
            sleep_on_rate_limit=False,
        )

    return api


@pytest.fixture
def person(api):
    """Sign in as ada, by the client's own flow."""
    client = api()
    place, _ = client.get_authorization_url()
    back = httpx2.get(place, trust_env=False, verify=False).headers["location"]
    client.exchange_user_access_token(response=back)
    return client


@pytest.fixture
def page(api, person):
    long = person.exchange_long_lived_user_access_token()["access_token"]
    return api(api(long).exchange_page_access_token(BAKERY, long))


def test_it_signs_in_and_exchanges(person):
    assert person.get_object("me", fields="id,name") == {"id": ADA, "name": "Ada Marsh"}
    assert person.exchange_long_lived_user_access_token()["expires_in"] == 5_183_944


def test_it_lists_pages_with_their_tokens(api, person):
    long = person.exchange_long_lived_user_access_token()["access_token"]
    (page,) = api(long).get_connection("me", "accounts", fields="id,name,access_token")["data"]
    assert (page["id"], page["name"]) == (BAKERY, "Marsh Bakery")
    assert api(page["access_token"]).get_object("me", fields="id")["id"] == BAKERY


def test_it_looks_at_tokens(person, page):
    app = person.get_app_token()["access_token"]
    said = person.debug_token(page.access_token, access_token=app)["data"]
    assert (said["type"], said["profile_id"], said["expires_at"]) == ("PAGE", BAKERY, 0)
    said = person.debug_token(person.access_token, access_token=app)["data"]
    assert (said["user_id"], said["is_valid"]) == (ADA, True)


def test_it_posts_reads_and_deletes(page):
    made = page.post_object(BAKERY, "feed", data={"message": "By another"})
    found = page.get_full_connections(BAKERY, "published_posts", count=3, limit=1)["data"]
    assert (len(found), found[0]["message"]) == (3, "By another")
    assert page.delete_object(made["id"])["success"] is True
    with pytest.raises(pyfacebook.FacebookError) as caught:
        page.get_object(made["id"])
    assert caught.value.code == 100


def test_its_objects_are_read(api, page):
    client = api(page.access_token, pyfacebook.FacebookApi)
    found = client.page.get_info(BAKERY, fields="id,name,fan_count")
    assert (found.id, found.fan_count) == (BAKERY, 120)
    (post, *_) = client.page.get_published_posts(
        BAKERY, fields="id,message,created_time,comments.limit(0).summary(true)"
    ).data
    made = client.comment.create(post.id, message="Seen", return_json=True)
    (comment,) = client.post.get_comments(post.id, fields="id,message,from").data
    assert (comment.id, comment.message) == (made["id"], "Seen")
    assert client.comment.delete(made["id"])["success"] is True


def test_its_proof_is_ours(world, page, anyio_backend):
    """Both sign the token: a wrong proof is refused, and an absent one where it is required."""
    page.app_secret = "wrong"
    with pytest.raises(pyfacebook.FacebookError, match="appsecret_proof"):
        page.get_object("me")


async def test_a_removed_app_is_told_by_number(world, page):
    await world.act("facebook", "revoke", login="ada")
    with pytest.raises(pyfacebook.FacebookError) as caught:
        page.get_object("me")
    assert caught.value.code == 190
