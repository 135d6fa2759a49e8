"""TikTok through a whole vault and its gateway: connect, call, refresh, end."""

import json

import httpx2
import pytest

from connector_vault import Client, Gateway, Secret, State, emulator
from connector_vault.connector import Delivery
from connector_vault.errors import RateLimited, Reconnect, Refused
from tests.connectors.tiktok_play import DUCK, FETCH, FILM, QUAIL, TIKTOK, WEB, Made
from tests.deeds import ADA, CALLBACK, renew
from tests.times import Time

APP = Client(provider="tiktok", id="tiktok-emulator", secret=Secret("emulator-secret"))
TOKEN, REVOKE = "/v2/oauth/token/", "/v2/oauth/revoke/"
DAY = 86_400
EVERYBODY = {"privacy_level": "PUBLIC_TO_EVERYONE"}


@pytest.fixture
async def world():
    async with emulator.running("tiktok") as world:
        yield world


@pytest.fixture
def time(world):
    return Time(world)


@pytest.fixture
async def vault(opened, time):
    async with opened(clients=[APP], clock=time.clock) as vault:
        yield vault


@pytest.fixture
def connect(vault):
    async def connect(redirect_uri=CALLBACK, **options):
        pending = await vault.connect("tiktok", ADA, redirect_uri=redirect_uri, **options)
        async with httpx2.AsyncClient(trust_env=False, verify=False) as browser:
            back = (await browser.get(pending.url)).headers["location"]
        (connection,) = await vault.finish(back, owner=ADA)
        return connection

    return connect


@pytest.fixture
async def connection(connect):
    return await connect()


@pytest.fixture
async def inline(vault, connection):
    async with Gateway(vault, isolation="inline") as gateway:
        yield gateway


@pytest.mark.parametrize("redirect_uri", [CALLBACK, WEB])
async def test_a_consent_gives_a_connection(connect, world, redirect_uri):
    connection = await connect(redirect_uri)
    assert (connection.label, connection.state) == ("Dancing Duck", State.ACTIVE)
    assert connection.account.startswith("-000")
    assert connection.scopes == set(TIKTOK.oauth.scopes)
    assert 7100 < (connection.expires_at - connection.created_at).total_seconds() < 7300
    (asked,) = await world.log(path=TOKEN)
    # Only a desktop proves itself.
    assert ("code_verifier" in asked.fields) == (redirect_uri == CALLBACK)
    assert {"client_key", "client_secret"} <= set(asked.fields)
    assert "client_id" not in asked.fields


async def test_what_was_granted_is_what_counts(connect, world):
    await world.act("tiktok", "sign_in", login=QUAIL, scopes=["user.info.basic", "video.list"])
    assert (await connect()).scopes == {"user.info.basic", "video.list"}


async def test_every_offer_can_be_described(inline):
    offers = await inline.tools(ADA)
    assert len(offers) == 12
    assert all(offer.description and offer.input_schema for offer in offers)


@pytest.mark.parametrize("size", [0, 20_000_001])
async def test_a_film_is_posted_from_a_worker(vault, connection, world, size):
    """The tools run in processes of their own, with no network but the way out."""
    film = Made(size)
    async with Gateway(vault) as gateway:
        said = {"file": film, **EVERYBODY}
        if not size:
            with pytest.raises(Exception, match="empty"):
                await gateway.call(ADA, "tiktok.post_video", said)
            return
        done = (await gateway.call(ADA, "tiktok.post_video", said)).value
        fetched = (await gateway.call(ADA, "tiktok.list_videos", {"max_count": 1})).value
    (kept,) = await world.act("tiktok", "publications")
    assert (kept["digest"], kept["size"]) == (film.digest(), size)
    assert done["post_ids"] == [fetched["videos"][0]["id"]]


async def test_what_tiktok_refuses_reaches_the_caller_in_words(inline, world):
    await world.act("tiktok", "policy", audited=False)
    with pytest.raises(Refused, match=r"unaudited_client.*has not audited the app"):
        await inline.call(ADA, "tiktok.post_video", {"file": Made(10), **EVERYBODY})
    await world.act("tiktok", "policy", audited=True)
    said = {"video_url": FILM.replace("media", "other")}
    with pytest.raises(Refused, match="verified at TikTok"):
        await inline.call(ADA, "tiktok.upload_draft_from_url", said)


async def test_two_hours_later_it_is_refreshed_and_the_token_replaced(
    vault, inline, connection, world
):
    await world.advance(7201)
    assert (await inline.call(ADA, "tiktok.user_info", {})).value["display_name"] == "Dancing Duck"
    assert (await renew(vault, connection, newer_than=2)).generation == 3
    assert [one.status for one in await world.log(path=TOKEN)] == [200, 200, 200]


async def test_lifetimes_are_those_of_the_answer(connect, world):
    await world.act("tiktok", "policy", lifetimes="old")
    connection = await connect()
    assert DAY - 60 < (connection.expires_at - connection.created_at).total_seconds() < DAY + 60


@pytest.mark.parametrize("status", [200, 400])
async def test_a_dead_refresh_token_ends_the_connection(vault, inline, connection, world, status):
    await world.act("tiktok", "policy", token_errors=status)
    await world.act("tiktok", "revoke", login=DUCK)
    with pytest.raises(Reconnect):
        await inline.call(ADA, "tiktok.user_info", {})
    assert (await vault.get(connection.id, owner=ADA)).state is State.RECONNECT


async def test_a_tiktok_in_trouble_ends_nothing(vault, connection, world):
    dead = {"error": "invalid_grant", "error_description": "d"}
    await world.fault(path=TOKEN, kind="status", status=503, body=dead)
    with pytest.raises(Exception, match="try again"):
        await renew(vault, connection)
    assert (await vault.get(connection.id, owner=ADA)).state is State.ACTIVE
    assert (await renew(vault, connection)).generation == 2


async def test_a_dead_token_that_is_told_with_200_is_refreshed(vault, inline, connection, world):
    body = {"data": {}, "error": {"code": "access_token_invalid", "message": ""}}
    await world.fault(path="/v2/video/list/", kind="status", status=200, body=body)
    assert len((await inline.call(ADA, "tiktok.list_videos", {})).value["videos"]) == 3
    assert (await vault.get(connection.id, owner=ADA)).generation == 2


async def test_a_limit_is_passed_on(inline, world):
    await world.act("tiktok", "limit", login=DUCK, route=f"POST {FETCH}")
    with pytest.raises(RateLimited, match="60 s"):
        await inline.call(ADA, "tiktok.publish_status", {"publish_id": "p"})


async def test_disconnecting_ends_all_and_asks_whether_it_did(vault, connection, world):
    receipt = await vault.disconnect(connection.id, owner=ADA)
    assert (receipt.outcome, receipt.reach, receipt.probe) == ("revoked", "grant", "dead")
    assert receipt.shredded
    assert [one.status for one in await world.log(path=REVOKE)] == [200]
    assert (await world.act("tiktok", "revoke", login=DUCK))["apps"] == 0


async def test_an_access_token_that_expired_is_refreshed_so_that_it_can_be_ended(
    vault, connection, world, time
):
    await time.on(7201)
    receipt = await vault.disconnect(connection.id, owner=ADA)
    assert (receipt.outcome, receipt.shredded) == ("revoked", True)
    assert [one.status for one in await world.log(path=REVOKE)] == [200]
    assert (await world.act("tiktok", "revoke", login=DUCK))["apps"] == 0


@pytest.mark.parametrize("said", ["invalid_grant", "invalid_request", "access_token_invalid"])
async def test_what_was_withdrawn_before_is_gone_already(vault, connection, world, said):
    await world.act("tiktok", "policy", revoke_dead=said)
    await world.act("tiktok", "revoke", login=DUCK)
    receipt = await vault.disconnect(connection.id, owner=ADA)
    assert (receipt.outcome, receipt.shredded) == ("already gone", True)


async def test_a_notice_names_the_account_of_the_connection(connection, world):
    (sent,) = (await world.act("tiktok", "revoke", login=DUCK))["deliveries"]
    at = json.loads(sent["body"])["create_time"]
    told = Delivery(headers=sent["headers"], body=sent["body"].encode(), at=at)
    TIKTOK.notice.verify(told, APP.secret)
    assert TIKTOK.notice.accounts(told) == (connection.account,)
