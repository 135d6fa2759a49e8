"""X through a whole vault and its gateway: connect, call, refresh, end."""

import httpx2
import pytest

from connector_vault import Client, Gateway, Secret, State, emulator
from connector_vault.errors import RateLimited, Reconnect, Refused
from tests.connectors.x_play import ALL, MP4, PNG, WREN, Made
from tests.deeds import ADA, CALLBACK, renew

APP = Client(provider="x", id="x-emulator", secret=Secret("emulator-secret"))
PHONE = Client(provider="x", id="x-emulator-public", name="phone")
TOKEN, REVOKE, APPEND = "/2/oauth2/token", "/2/oauth2/revoke", "/2/media/upload/*/append"


@pytest.fixture
async def world():
    async with emulator.running("x") as world:
        yield world


@pytest.fixture
async def vault(opened):
    async with opened(clients=[APP, PHONE]) as vault:
        yield vault


@pytest.fixture
def connect(vault):
    async def connect(**options):
        pending = await vault.connect("x", ADA, redirect_uri=CALLBACK, **options)
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


async def test_a_consent_gives_a_connection(connection):
    assert (connection.account, connection.label) == (WREN, "wren")
    assert connection.scopes == set(ALL.split())
    assert connection.state is State.ACTIVE
    assert 7100 < (connection.expires_at - connection.created_at).total_seconds() < 7300


async def test_every_offer_can_be_described(inline):
    offers = await inline.tools(ADA)
    assert len(offers) == 13
    assert all(offer.description and offer.input_schema for offer in offers)


async def test_a_picture_is_uploaded_and_posted_from_a_worker(vault, connection, world):
    """The tools run in processes of their own, with no network but the way out."""
    async with Gateway(vault) as gateway:
        file = Made(PNG, 100_000)
        media = (await gateway.call(ADA, "x.upload_media", {"file": file})).value
        film = (await gateway.call(ADA, "x.upload_media", {"file": Made(MP4, 5_000_000)})).value
        said = {"text": "Seen today", "media_ids": [media["media_id"]]}
        post = (await gateway.call(ADA, "x.create_post", said)).value
        shown = (await gateway.call(ADA, "x.get_post", {"post_id": post["id"]})).value
    seen = await world.act("x", "medium", media_id=media["media_id"])
    assert (seen["digest"], shown["media"][0]["type"]) == (file.digest(), "photo")
    seen = await world.act("x", "medium", media_id=film["media_id"])
    assert seen["digest"] == Made(MP4, 5_000_000).digest()


async def test_an_upload_that_broke_off_has_changed_nothing(inline, world):
    await world.fault(path=APPEND, kind="status", status=400, body={"detail": "Bad chunk"})
    with pytest.raises(Refused, match="Bad chunk"):
        await inline.call(ADA, "x.upload_media", {"file": Made(MP4, 100)})


async def test_two_hours_later_it_is_refreshed(vault, inline, connection, world):
    await world.advance(7201)
    assert (await inline.call(ADA, "x.get_me", {})).value["username"] == "wren"
    assert (await vault.get(connection.id, owner=ADA)).generation == 2


@pytest.mark.parametrize("error", ["invalid_request", "invalid_grant"])
async def test_a_dead_refresh_token_ends_the_connection(vault, inline, connection, world, error):
    await world.act("x", "policy", dead=error)
    await world.act("x", "revoke", login="wren")
    with pytest.raises(Reconnect):
        await inline.call(ADA, "x.get_me", {})
    assert (await vault.get(connection.id, owner=ADA)).state is State.RECONNECT


async def test_an_x_in_trouble_ends_nothing(vault, connection, world):
    dead = {"error": "invalid_request", "error_description": "Value for the token was invalid."}
    await world.fault(path=TOKEN, kind="status", status=503, body=dead)
    with pytest.raises(Exception, match="try again"):
        await renew(vault, connection)
    assert (await vault.get(connection.id, owner=ADA)).state is State.ACTIVE
    assert (await renew(vault, connection)).generation == 2


async def test_a_limit_is_passed_on(inline, world):
    await world.act("x", "limit", login="wren", route="GET /2/users/me")
    with pytest.raises(RateLimited):
        await inline.call(ADA, "x.get_me", {})


async def test_disconnecting_ends_both_tokens(vault, connection, world):
    receipt = await vault.disconnect(connection.id, owner=ADA)
    assert (receipt.outcome, receipt.reach, receipt.shredded) == ("revoked", "token", True)
    assert [one.status for one in await world.log(path=REVOKE)] == [200, 200]
    assert (await world.act("x", "revoke", login="wren"))["tokens"] == 0


@pytest.mark.parametrize(
    ("policy", "outcome"),
    [
        ({"revoked": "empty"}, "revoked"),
        ({"revoke_reach": "family"}, "revoked"),
        ({"revoke_reach": "family", "revoke_dead": 200}, "revoked"),
        ({"revoked": "false"}, "unconfirmed"),
        ({"revoke_reach": "nothing"}, "unconfirmed"),
    ],
)
async def test_a_receipt_says_what_was_proven(vault, connection, world, policy, outcome):
    await world.act("x", "policy", **policy)
    receipt = await vault.disconnect(connection.id, owner=ADA)
    assert (receipt.outcome, receipt.shredded) == (outcome, outcome != "unconfirmed")


async def test_an_access_token_that_expired_is_no_obstacle(vault, connection, world):
    await world.advance(7201)
    receipt = await vault.disconnect(connection.id, owner=ADA)
    assert [one.status for one in await world.log(path=REVOKE)] == [200, 400]
    assert (receipt.outcome, receipt.shredded) == ("revoked", True)


async def test_what_was_withdrawn_before_is_gone_already(vault, connection, world):
    await world.act("x", "revoke", login="wren")
    receipt = await vault.disconnect(connection.id, owner=ADA)
    assert (receipt.outcome, receipt.shredded) == ("already gone", True)


async def test_a_client_without_a_secret_connects_refreshes_and_ends(vault, connect, world):
    connection = await connect(client="phone")
    assert (await renew(vault, connection)).generation == 2
    receipt = await vault.disconnect(connection.id, owner=ADA)
    assert (connection.client, receipt.outcome) == ("phone", "revoked")
    assert {one.authorization for one in await world.log(path="/2/oauth2/*")} == {""}
