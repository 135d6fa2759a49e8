"""Instagram accounts reached by Facebook Login: the same tools, another host, another consent."""

import httpx2
import pytest

from connector_vault import Client, Gateway, Owner, Secret, State, emulator, registry
from connector_vault.errors import BadArguments, OutcomeUnknown, Refused, Unreachable
from tests.connectors.x_play import MP4, Made
from tests.deeds import ADA, CALLBACK

CONNECTOR = registry.load("instagram_facebook")
INSTAGRAM = registry.load("instagram")
APP = Client(
    provider="facebook", id="1234567890123456", secret=Secret("emulator-secret-of-facebook")
)
EVE = Owner(tenant="evil", user="eve")
BAKERY = "17841400000000001"
JPEG = "https://media.example/bread.jpg"
UPLOAD, PUBLISH = "/ig-api-upload/*", "*/media_publish"


@pytest.fixture
async def world():
    async with emulator.running("facebook") as world:
        yield world


@pytest.fixture
async def vault(opened):
    async with opened(clients=[APP]) as vault:
        yield vault


@pytest.fixture
def connect(vault):
    async def connect(**options):
        pending = await vault.connect("instagram_facebook", ADA, redirect_uri=CALLBACK, **options)
        async with httpx2.AsyncClient(trust_env=False, verify=False) as browser:
            back = (await browser.get(pending.url)).headers["location"]
        return await vault.finish(back, owner=ADA)

    return connect


@pytest.fixture
async def call(vault, connect):
    await connect()
    async with Gateway(vault, isolation="inline") as gateway:

        async def call(tool, **arguments):
            return (await gateway.call(ADA, f"instagram_facebook.{tool}", arguments)).value

        yield call


async def published(world):
    return await world.act("facebook", "instagram_published", account=BAKERY)


def test_the_tools_are_those_of_instagram_login_and_one_more():
    ours = {tool.name: tool for tool in CONNECTOR.tools}
    theirs = {tool.name: tool for tool in INSTAGRAM.tools}
    assert ours.keys() - theirs.keys() == {"upload_reel"}
    for name, tool in theirs.items():
        assert (ours[name].function, ours[name].requests) == (tool.function, tool.requests)
        there = {one.replace("instagram_business_", "instagram_") for one in tool.scopes}
        assert ours[name].scopes == there


async def test_a_consent_gives_the_accounts_and_not_their_pages(connect):
    (connection,) = await connect()
    assert connection.provider == "instagram_facebook"
    assert connection.account.endswith(f"/{BAKERY}")
    assert connection.label == "marsh.bakery"
    assert CONNECTOR.oauth.scopes[0] in connection.scopes


async def test_a_person_without_such_an_account_is_told_what_to_do(connect, world):
    await world.act("facebook", "sign_in", login="cleo")
    with pytest.raises(Refused):
        await connect()


async def test_pages_without_one_are_left_out(connect, world):
    """Bert has two Pages, and one of them has an account."""
    await world.act("facebook", "sign_in", login="bert", pages=["104000000000002"])
    with pytest.raises(Refused, match="link it to one") as told:
        await connect()
    assert told.value.code == "no_instagram_account"
    await world.act("facebook", "sign_in", login="bert")
    (connection,) = await connect()
    assert connection.label == "hill.choir"


async def test_it_proves_that_it_has_the_secret_and_puts_none_in_an_address(call, world):
    await world.act("facebook", "policy", proof="required")
    await call("upload_reel", file=Made(MP4, 1000))
    assert await world.act("facebook", "leaks") == []


async def test_it_works_from_a_worker(vault, connect):
    """The tools run in processes of their own, with no network but the way out."""
    await connect()
    async with Gateway(vault) as gateway:
        film = {"file": Made(MP4, 1000), "caption": "From afar"}
        said = await gateway.call(ADA, "instagram_facebook.upload_reel", film)
    assert said.value["state"] == "published"


async def test_a_page_token_can_be_pasted(vault, connect):
    (connection,) = await connect()
    token = await vault.token(connection.id, owner=ADA, purpose="test")
    pasted = await vault.add("instagram_facebook", EVE, secret=token.secret)
    assert (pasted.account, pasted.label) == (BAKERY, "marsh.bakery")


async def test_an_image_is_published_and_read(call, world):
    said = await call("publish_image", image_url=JPEG, caption="Bread")
    assert said["state"] == "published"
    (newest, *_) = (await call("list_media"))["media"]
    assert (newest["id"], newest["caption"]) == (said["media_id"], "Bread")
    assert (await call("profile"))["username"] == "marsh.bakery"


async def test_a_film_is_uploaded_and_published(call, world):
    film = Made(MP4, 3_000_000)
    said = await call("upload_reel", file=film, caption="Baking")
    assert said["state"] == "published"
    seen = await world.act("facebook", "instagram_container", container=said["container_id"])
    assert (seen["size"], seen["digest"]) == (film.size, film.digest())
    assert (await call("get_media", media_id=said["media_id"]))["media_product_type"] == "REELS"


async def test_what_is_no_film_is_not_sent(call, world):
    await world.forget_log()
    with pytest.raises(BadArguments):
        await call("upload_reel", file=Made(b"GIF89a", 100))
    assert await world.log() == ()


@pytest.mark.parametrize("kind", ["drop", "reset", "truncate"])
async def test_an_upload_that_broke_off_posted_nothing(call, world, kind):
    await world.fault(path=UPLOAD, kind=kind)
    with pytest.raises(Unreachable, match="nothing was posted"):
        await call("upload_reel", file=Made(MP4, 1000))
    assert (await published(world))["posts"] == 0


@pytest.mark.parametrize(("kind", "posts"), [("drop", 1), ("truncate", 1), ("reset", 0)])
async def test_a_lost_answer_never_leads_to_two_posts(call, world, kind, posts):
    await world.fault(path=PUBLISH, kind=kind)
    try:
        said = await call("upload_reel", file=Made(MP4, 1000), caption="Once")
    except OutcomeUnknown:
        assert posts == 0
    else:
        newest = (await published(world))["media"][0]
        assert (said["state"], said["media_id"]) == ("published", newest["id"])
    assert (await published(world))["posts"] == posts
    assert len(await world.log(path=PUBLISH)) == 1


async def test_disconnecting_ends_what_the_person_granted(vault, connect, world):
    (connection,) = await connect()
    receipt = await vault.disconnect(connection.id, owner=ADA)
    assert (receipt.outcome, receipt.reach, receipt.shredded) == ("revoked", "grant", True)


async def test_a_person_who_removes_the_app_is_noticed_at_the_next_call(vault, call, world):
    await world.act("facebook", "revoke", login="ada")
    with pytest.raises(Exception, match="connect"):
        await call("profile")
    (row,) = [one async for one in vault.connections(owner=ADA)]
    assert row.state is State.RECONNECT
