"""Facebook through a whole vault: one consent, several Pages, one grant, and its end."""

import httpx2
import pytest

from connector_vault import Gateway, Owner, State, emulator, registry
from connector_vault.connector import Delivery
from connector_vault.errors import NotAllowed, RateLimited, Reconnect, Refused
from tests.connectors.facebook_play import ADA as ADA_THERE
from tests.connectors.facebook_play import APP, BAKERY, BERT, CHOIR, DAY, GARAGE, TOKEN, Film
from tests.deeds import ADA, CALLBACK, all_of, renew, secret_of

EVE = Owner(tenant="evil", user="eve")
SCOPES = registry.load("facebook").oauth.scopes


@pytest.fixture
async def world():
    async with emulator.running("facebook") as world:
        yield world


@pytest.fixture
async def vault(opened):
    async with opened(clients=[APP]) as vault:
        yield vault


@pytest.fixture
def connect(vault, world):
    async def connect(login="ada", owner=ADA, scopes=None, **deed):
        await world.act("facebook", "sign_in", login=login, **deed)
        pending = await vault.connect("facebook", owner, redirect_uri=CALLBACK, scopes=scopes)
        async with httpx2.AsyncClient(trust_env=False, verify=False) as browser:
            back = (await browser.get(pending.url)).headers["location"]
        return await vault.finish(back, owner=owner)

    return connect


@pytest.fixture
async def gateway(vault):
    async with Gateway(vault, isolation="inline") as gateway:
        yield gateway


async def test_a_page_is_a_connection(connect):
    (page,) = await connect()
    assert (page.account, page.label) == (f"{ADA_THERE}/{BAKERY}", "Marsh Bakery")
    assert page.scopes == {*SCOPES, "public_profile"}
    assert (page.state, page.expires_at) == (State.ACTIVE, None)


async def test_two_pages_are_two_connections_with_what_is_allowed_on_each(connect):
    pages = {one.account: one.scopes for one in await connect("bert")}
    assert set(pages) == {f"{BERT}/{GARAGE}", f"{BERT}/{CHOIR}"}
    assert pages[f"{BERT}/{GARAGE}"] - pages[f"{BERT}/{CHOIR}"] == {
        "pages_manage_posts",
        "pages_messaging",
    }


async def test_only_shared_pages_are_connected(connect):
    assert [one.label for one in await connect("bert", pages=[GARAGE])] == ["Stone Garage"]


async def test_more_pages_than_one_answer_holds(connect, world):
    await world.act("facebook", "more_pages", login="bert", count=120)
    assert len(await connect("bert")) == 122


async def test_who_has_no_page_is_told_so(connect, vault):
    with pytest.raises(Refused, match="no Page") as caught:
        await connect("cleo")
    assert caught.value.code == "no_page"
    assert await all_of(vault) == []


async def test_a_configuration_asks_for_what_it_lists(connect):
    (page,) = await connect(scopes=["config_id=8100200300"])
    assert page.scopes == {*SCOPES, "public_profile"}


async def test_what_was_declined_is_not_granted(connect, gateway):
    (page,) = await connect(login="bert", scopes=SCOPES[:2], pages=[GARAGE])
    assert page.scopes == {"public_profile", *SCOPES[:2]}
    said = {"message": "x"}
    with pytest.raises(NotAllowed, match="pages_manage_posts"):
        await gateway.call(ADA, "facebook.create_post", said, connection=page.id)


@pytest.mark.parametrize(("exchange", "left"), [("extends", 60), ("keeps", 30)])
async def test_a_renewal_says_how_long_the_person_s_token_lives(
    connect, vault, world, exchange, left
):
    """Meta does not say whether an exchange lengthens it: the answer is believed."""
    await world.act("facebook", "policy", exchange=exchange)
    (page,) = await connect()
    before = await secret_of(vault, page)
    await world.advance(30 * DAY)
    newer = await renew(vault, page)
    assert (newer.generation, newer.secret == before) == (2, False)
    dies_on = (await vault.get(page.id, owner=ADA)).dies_on
    assert abs((dies_on - page.created_at).total_seconds() / DAY - left) < 1


async def test_a_life_that_is_not_named_is_sixty_days_once(connect, vault, world):
    """An exchange that gives what there was, and names no life, begins none anew."""
    await world.act("facebook", "policy", expires_in="missing")
    (page,) = await connect()
    assert abs((page.dies_on - page.created_at).total_seconds() / DAY - 60) < 1
    await world.advance(30 * DAY)
    assert (await renew(vault, page)).generation == 2
    dies_on = (await vault.get(page.id, owner=ADA)).dies_on
    assert abs((dies_on - page.created_at).total_seconds() / DAY - 30) < 1


async def test_a_permission_that_is_missing_is_no_end(connect, vault, world):
    (page,) = await connect()
    error = {"error": {"message": "(#200) Requires pages_read_engagement", "code": 200}}
    await world.fault(path=f"/v26.0/{BAKERY}", kind="status", status=403, body=error)
    with pytest.raises(Refused, match=r"access_denied.*200"):
        await renew(vault, page)
    after = await vault.get(page.id, owner=ADA)
    assert (after.state, after.dies_on, after.generation) == (State.ACTIVE, page.dies_on, 1)
    assert (await renew(vault, page)).generation == 2


async def test_a_page_s_token_outlives_its_person_s(connect, vault, world, gateway):
    (page,) = await connect()
    await world.advance(61 * DAY)
    assert (await gateway.call(ADA, "facebook.get_page", {})).value["name"] == "Marsh Bakery"
    assert (await renew(vault, page)).generation == 1
    assert (await vault.get(page.id, owner=ADA)).state is State.ACTIVE


@pytest.mark.parametrize(
    ("deed", "details"),
    [("revoke", {}), ("password", {}), ("role", {"page": BAKERY, "tasks": []})],
)
async def test_what_ended_at_facebook_needs_the_person(
    connect, vault, world, gateway, deed, details
):
    (page,) = await connect()
    await world.act("facebook", deed, login="ada", **details)
    with pytest.raises(Reconnect):
        await gateway.call(ADA, "facebook.get_page", {})
    assert (await vault.get(page.id, owner=ADA)).state is State.RECONNECT
    await world.act("facebook", "role", login="ada", page=BAKERY)
    (again,) = await connect()
    assert (again.id, again.state) == (page.id, State.ACTIVE)


async def test_a_facebook_in_trouble_ends_nothing(connect, vault, world):
    (page,) = await connect()
    dead = {"error": {"code": 190, "message": "x"}}
    await world.fault(path=TOKEN, kind="status", status=503, body=dead)
    with pytest.raises(Exception, match="try again"):
        await renew(vault, page)
    assert (await vault.get(page.id, owner=ADA)).state is State.ACTIVE


async def test_the_last_page_out_ends_the_grant(connect, vault, world):
    first, last = await connect("bert")
    receipt = await vault.disconnect(first.id, owner=ADA)
    assert (receipt.outcome, receipt.note) == ("not revocable", "provider grant kept: shared")
    assert receipt.shredded
    assert (await renew(vault, last)).generation == 2
    receipt = await vault.disconnect(last.id, owner=ADA)
    assert (receipt.outcome, receipt.reach, receipt.probe) == ("revoked", "grant", "dead")
    assert (await world.act("facebook", "revoke", login="bert"))["apps"] == []


async def test_a_grant_ends_when_its_person_s_token_is_over(connect, vault, world):
    (page,) = await connect()
    await world.advance(61 * DAY)
    receipt = await vault.disconnect(page.id, owner=ADA)
    assert (receipt.outcome, receipt.reach) == ("revoked", "grant")


@pytest.mark.parametrize("error", ["458", "100"])
async def test_what_was_removed_before_is_gone_already(connect, vault, world, error):
    await world.act("facebook", "policy", gone=error)
    (page,) = await connect()
    await world.act("facebook", "revoke", login="ada")
    receipt = await vault.disconnect(page.id, owner=ADA)
    assert (receipt.outcome, receipt.shredded) == ("already gone", True)


async def test_an_app_that_requires_a_proof_gets_one_everywhere(connect, vault, world, gateway):
    await world.act("facebook", "policy", proof="required")
    (page,) = await connect()
    await gateway.call(ADA, "facebook.get_page", {})
    await renew(vault, page)
    assert (await vault.disconnect(page.id, owner=ADA)).outcome == "revoked"


async def test_a_limit_says_when_to_come_again(connect, world, gateway):
    await connect()
    await world.act("facebook", "limit", who=BAKERY, minutes=7)
    with pytest.raises(RateLimited) as caught:
        await gateway.call(ADA, "facebook.get_page", {})
    assert 360 < caught.value.retry_after <= 420


async def test_what_facebook_tells_of_a_removal_is_understood(connect, world):
    await connect()
    (told,) = (await world.act("facebook", "revoke", login="ada"))["deliveries"]
    said = Delivery(told["headers"], told["body"].encode(), at=told["at"])
    notice = registry.load("facebook").notice
    notice.verify(said, APP.secret)
    assert notice.accounts(said) == (f"{ADA_THERE}/",)


async def test_a_pasted_token_of_a_page_is_taken(connect, vault, gateway):
    (page,) = await connect()
    pasted = await vault.add("facebook", EVE, secret=await secret_of(vault, page))
    assert (pasted.account, pasted.label) == (BAKERY, "Marsh Bakery")
    assert (await gateway.call(EVE, "facebook.get_page", {})).value["id"] == BAKERY
    reel = await gateway.call(EVE, "facebook.publish_reel", {"video": Film(10)})
    assert reel.value["state"] == "published"


async def test_no_address_ever_holds_a_secret(connect, vault, world, gateway):
    """Addresses stand in logs: of proxies, of Facebook, of ours."""
    (page,) = await connect()
    for name, said in (("list_posts", {"limit": 1}), ("publish_reel", {"video": Film(9)})):
        await gateway.call(ADA, f"facebook.{name}", said)
    await renew(vault, page)
    await vault.disconnect(page.id, owner=ADA)
    assert await world.act("facebook", "leaks") == []


async def test_linked_accounts_on_instagram_are_connected_too(connect, vault):
    pages = await connect("ada", scopes=[*SCOPES, "instagram_basic"])
    assert {(one.provider, one.label) for one in pages} == {
        ("facebook", "Marsh Bakery"),
        ("instagram_facebook", "marsh.bakery"),
    }
    first, last = pages
    assert (await vault.disconnect(first.id, owner=ADA)).note == "provider grant kept: shared"
    assert (await vault.disconnect(last.id, owner=ADA)).outcome == "revoked"
