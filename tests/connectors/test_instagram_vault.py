"""Instagram Login through a whole vault: connect, keep alive, lose, end."""

import httpx2
import pytest

from connector_vault import Gateway, State, emulator
from connector_vault.errors import ConnectorVaultError, Reconnect, Refused
from tests.connectors.instagram_play import ALL, APP, JPEG, ROBIN
from tests.deeds import ADA, CALLBACK, renew, secret_of
from tests.times import Time

DAY = 86_400
RENEW, EXCHANGE = "/refresh_access_token", "/access_token"


@pytest.fixture
async def world():
    async with emulator.running("instagram") as world:
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
    async def connect(**options):
        pending = await vault.connect("instagram", ADA, redirect_uri=CALLBACK, **options)
        async with httpx2.AsyncClient(trust_env=False, verify=False) as browser:
            back = (await browser.get(pending.url)).headers["location"]
        (connection,) = await vault.finish(back, owner=ADA)
        return connection

    return connect


@pytest.fixture
async def connection(connect):
    return await connect()


async def state(vault, connection):
    return (await vault.get(connection.id, owner=ADA)).state


async def test_a_consent_gives_a_connection_for_sixty_days(connection):
    assert (connection.label, connection.account.partition("/")[2]) == ("robin", ROBIN)
    assert connection.scopes == ALL
    days = (connection.expires_at - connection.created_at).total_seconds() / DAY
    assert 59 < days < 61
    assert connection.dies_on is not None


@pytest.mark.parametrize("policy", [{"answer": "data"}, {"permissions": "text", "ids": "text"}])
async def test_every_answer_that_was_reported_is_read(connect, world, policy):
    await world.act("instagram", "policy", **policy)
    assert (await connect()).scopes == ALL


async def test_less_may_be_granted(connect, world):
    await world.act("instagram", "sign_in", login="robin", scopes=[])
    assert (await connect()).scopes == {"instagram_business_basic"}


async def test_a_personal_account_is_refused_in_words(connect, world):
    await world.act("instagram", "policy", personal="let in")
    await world.act("instagram", "sign_in", login="sparrow")
    with pytest.raises(Refused, match="professional") as told:
        await connect()
    assert told.value.code == "personal_account"


async def test_an_exchange_in_trouble_is_asked_for_again(connect, world):
    await world.fault(path=EXCHANGE, kind="status", status=503)
    assert (await connect()).state is State.ACTIVE


async def test_a_token_that_is_a_day_old_is_renewed(vault, connection, time):
    await time.on(DAY + 60)
    assert (await renew(vault, connection)).generation == 2
    await time.on(30 * DAY)
    assert (await renew(vault, connection, 2)).generation == 3
    assert await state(vault, connection) is State.ACTIVE


async def test_a_token_that_is_too_young_is_not_renewed_and_goes_on(vault, connection, world):
    await world.forget_log()
    assert (await renew(vault, connection)).generation == 1
    assert await world.log(path=RENEW) == ()


async def test_a_refusal_because_it_is_too_young_ends_nothing(vault, connection, time, world):
    """By Instagram's clock it may be younger than by ours."""
    time.jump(DAY + 60)
    with pytest.raises(ConnectorVaultError) as told:
        await renew(vault, connection)
    assert not isinstance(told.value, Reconnect)
    assert await state(vault, connection) is State.ACTIVE
    assert await secret_of(vault, connection)


async def test_a_renewal_whose_answer_is_lost_costs_nothing(vault, connection, time, world):
    await time.on(2 * DAY)
    await world.fault(path=RENEW, kind="drop")
    # It is asked for once more, with the old token.
    assert (await renew(vault, connection)).generation == 2
    assert [one.fault for one in await world.log(path=RENEW)] == ["drop", ""]
    assert await state(vault, connection) is State.ACTIVE


async def test_what_stands_in_addresses_is_not_logged(vault, connect, time, caplog):
    """Instagram wants the token, and once the secret, in the query."""
    caplog.set_level("DEBUG")
    connection = await connect()
    await time.on(2 * DAY)
    await renew(vault, connection)
    assert "IGAA" not in caplog.text
    assert APP.secret.reveal() not in caplog.text


async def test_the_same_token_may_come_back_with_a_longer_life(vault, connection, time, world):
    await world.act("instagram", "policy", renewed="same")
    before = await secret_of(vault, connection)
    await time.on(50 * DAY)
    assert (await renew(vault, connection)).generation == 2
    now = await vault.get(connection.id, owner=ADA)
    assert before == await secret_of(vault, connection)
    assert (now.expires_at - connection.expires_at).days in (49, 50)


async def test_a_token_of_more_than_sixty_days_is_lost(vault, connection, time):
    await time.on(61 * DAY)
    with pytest.raises(Reconnect):
        await renew(vault, connection, None)
    assert await state(vault, connection) is State.RECONNECT


async def test_a_person_who_removed_the_app_is_noticed(vault, connection, world):
    await world.act("instagram", "revoke", login="robin")
    async with Gateway(vault, isolation="inline") as gateway:
        with pytest.raises(Reconnect):
            await gateway.call(ADA, "instagram.profile", {})
    assert await state(vault, connection) is State.RECONNECT


async def test_an_image_is_published_from_a_worker(vault, connection):
    """The tools run in processes of their own, with no network but the way out."""
    async with Gateway(vault) as gateway:
        said = await gateway.call(ADA, "instagram.publish_image", {"image_url": JPEG})
        offers = await gateway.tools(ADA)
    assert said.value["state"] == "published"
    assert len(offers) == 17
    assert all(offer.description and offer.input_schema for offer in offers)


async def test_a_disconnect_forgets_the_token_and_says_that_it_was_not_ended(
    vault, connection, world
):
    await world.forget_log()
    receipt = await vault.disconnect(connection.id, owner=ADA)
    assert (receipt.outcome, receipt.reach) == ("not revocable", "none")
    assert receipt.shredded
    assert await world.log() == ()
    assert (await world.act("instagram", "revoke", login="robin"))["tokens"] >= 1
