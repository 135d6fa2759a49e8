"""Facebook, played, for Meta's own client: facebook_business."""

import httpx2
import pytest

from connector_vault import emulator, registry
from tests.connectors.facebook_play import ADA, APP, BAKERY, TOKEN
from tests.connectors.needed import needed

session = needed("facebook_business.session")
ads_api = needed("facebook_business.api")
exceptions = needed("facebook_business.exceptions")
Page = needed("facebook_business.adobjects.page").Page
PagePost = needed("facebook_business.adobjects.pagepost").PagePost
User = needed("facebook_business.adobjects.user").User

HOME = "http://127.0.0.1:7777/callback"


@pytest.fixture
async def world(anyio_backend):
    async with emulator.running("facebook") as world:
        yield world


@pytest.fixture
def api(world):
    def api(token):
        found = session.FacebookSession(APP.id, APP.secret.reveal(), token)
        found.GRAPH = f"{world.url}/graph.facebook.com"
        found.requests.trust_env = False
        return ads_api.FacebookAdsApi(found)

    return api


@pytest.fixture
def person(world, api):
    ask = {
        "client_id": APP.id,
        "redirect_uri": HOME,
        "state": "s",
        "scope": ",".join(registry.load("facebook").oauth.scopes),
    }
    with httpx2.Client(trust_env=False, verify=False) as http:
        back = http.get(f"{world.url}/www.facebook.com/v26.0/dialog/oauth", params=ask)
        code = httpx2.URL(back.headers["location"]).params["code"]
        form = {"code": code, "redirect_uri": HOME, "client_id": APP.id}
        form["client_secret"] = APP.secret.reveal()
        tokens = http.post(f"{world.url}/graph.facebook.com{TOKEN}", data=form).json()
    return api(tokens["access_token"])


@pytest.fixture
def page(api, person):
    fields = ["id", "name", "access_token"]
    (found,) = User("me", api=person).get_accounts(fields=fields)
    return Page(BAKERY, api=api(found["access_token"]))


def test_it_asks_in_the_version_that_we_play(person):
    assert registry.load("facebook").api.rpartition("/")[2] == person.API_VERSION
    assert User("me", api=person).api_get(fields=["id", "name"])["id"] == ADA


def test_it_posts_schedules_and_deletes(page):
    page.create_feed(params={"message": "By Meta's own"})
    found = page.get_published_posts(fields=["message", "created_time"])
    assert found[0]["message"] == "By Meta's own"
    with pytest.raises(exceptions.FacebookRequestError) as caught:
        page.create_feed(params={"message": "x", "published": False, "scheduled_publish_time": 1})
    assert caught.value.api_error_code() == 100
    PagePost(found[0]["id"], api=page.get_api()).api_delete()
    assert page.get_published_posts()[0]["id"] != found[0]["id"]


def test_it_begins_a_reel_and_comments(page):
    assert page.create_video_reel(params={"upload_phase": "start"})["upload_url"]
    (post, *_) = page.get_published_posts()
    PagePost(post["id"], api=page.get_api()).create_comment(params={"message": "Seen"})
    comments = PagePost(post["id"], api=page.get_api()).get_comments(fields=["message", "from"])
    assert [one["message"] for one in comments] == ["Seen"]


def test_it_reads_numbers_and_conversations(page):
    # It knows no names of metrics, and warns of every list of them.
    with pytest.warns(UserWarning, match="metric"):
        (metric,) = page.get_insights(params={"metric": ["page_follows"], "period": "day"})
    assert metric["name"] == "page_follows"
    (thread,) = page.get_conversations(fields=["snippet"], params={"platform": "MESSENGER"})
    assert thread["snippet"] == "Are you open today?"


async def test_an_error_has_the_parts_it_reads(world, page):
    await world.act("facebook", "revoke", login="ada")
    with pytest.raises(exceptions.FacebookRequestError) as caught:
        page.api_get(fields=["name"])
    found = caught.value
    assert (found.http_status(), found.api_error_code(), found.api_error_subcode()) == (
        400,
        190,
        458,
    )
