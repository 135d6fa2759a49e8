"""Notion through a whole vault: connect, refresh, call, lose, disconnect."""

from contextlib import suppress

import httpx2
import pytest

from connector_vault import Gateway, Owner, Vault, emulator
from connector_vault.errors import (
    NotAllowed,
    OutcomeUnknown,
    RateLimited,
    Reconnect,
    Refused,
)
from tests.calls import call
from tests.connectors.played_notion import CLIENT, HANDBOOK, ID
from tests.deeds import ADA, CALLBACK, renew, secret_of

GRACE = Owner(tenant="acme", user="grace")
SHAPES = ("ntn_" + "Ab1" * 15, "nrt_" + "Cd2" * 15, "secret_" + "Ef3" * 14)
TOKEN = "/v1/oauth/token"


@pytest.fixture
async def world():
    async with emulator.running("notion") as running:
        yield running


@pytest.fixture
async def opened(place, world):
    options = {"keys": place.keys, "clients": [CLIENT], "emulator": world.url}
    async with Vault.open(place.database, background=False, **options) as vault:
        yield vault


@pytest.fixture
async def vault(opened):
    """A vault whose tools run in this process: workers are slow to start."""
    async with Gateway(opened, isolation="inline") as opened.gateway:
        yield opened


async def agree(pending):
    async with httpx2.AsyncClient(trust_env=False, verify=False) as browser:
        return (await browser.get(pending.url)).headers["location"]


async def connect(vault, owner=ADA, **options):
    pending = await vault.connect("notion", owner, redirect_uri=CALLBACK, **options)
    (connection,) = await vault.finish(await agree(pending), owner=owner)
    return connection


async def test_a_person_is_connected_by_who_and_where_they_are(vault):
    connection = await connect(vault)
    assert (connection.label, connection.scopes) == ("Acme, Ada Lovelace", None)
    assert (connection.expires_at, connection.generation) == (None, 1)


async def test_a_person_who_removed_the_app_connects_again_as_the_same(vault, world):
    connection = await connect(vault)
    await world.act("notion", "revoke", login="ada")
    with pytest.raises(Reconnect):
        await call(vault, "notion.search", {})
    again = await connect(vault, reconnect=connection.id)
    assert (again.id, again.account) == (connection.id, connection.account)
    assert (await call(vault, "notion.search", {})).value["results"]


async def test_another_person_does_not_take_a_connections_place(vault, world):
    connection = await connect(vault)
    await world.act("notion", "sign_in", login="linus")
    with pytest.raises(NotAllowed):
        await connect(vault, reconnect=connection.id)


async def test_a_declined_consent_connects_nothing(vault):
    pending = await vault.connect("notion", ADA, redirect_uri=CALLBACK)
    with pytest.raises(Refused, match="access_denied"):
        await vault.finish(f"{CALLBACK}?error=access_denied&state={pending.state}", owner=ADA)


async def test_an_access_token_that_ends_unannounced_is_refreshed_once(vault, world):
    await world.act("notion", "policy", life=60)
    connection = await connect(vault)
    await world.advance(61)
    assert (await call(vault, "notion.list_users", {})).value["users"]
    assert (await vault.get(connection.id, owner=ADA)).generation == 2
    asked = [entry for entry in await world.log(path=TOKEN) if "refresh_token" in entry.fields]
    assert len(asked) <= 1


@pytest.mark.parametrize("errors", ["code", "error"])
async def test_a_dead_refresh_token_asks_for_consent_by_either_name(vault, world, errors):
    connection = await connect(vault)
    await world.act("notion", "policy", errors=errors)
    await world.act("notion", "revoke", login="ada")
    with pytest.raises(Reconnect):
        await renew(vault, connection)
    assert (await vault.get(connection.id, owner=ADA)).state.value == "reconnect"


@pytest.mark.parametrize(("reuse", "outcome"), [("grace", True), ("kill", False), ("plain", False)])
async def test_a_lost_answer_to_a_refresh_is_as_bad_as_notion_makes_it(
    vault, world, reuse, outcome
):
    await world.act("notion", "policy", reuse=reuse)
    connection = await connect(vault)
    await world.fault(path=TOKEN, kind="drop")
    with suppress(OutcomeUnknown, Reconnect):
        await renew(vault, connection)
    state = (await vault.get(connection.id, owner=ADA)).state.value
    assert state == ("active" if outcome else "reconnect")


async def test_two_tenants_of_one_person_share_a_grant(vault, world):
    await world.act("notion", "policy", reauthorize="keep")
    other = Owner(tenant="other", user="ada")
    first, second = await connect(vault), await connect(vault, other)
    rows = [await vault.room.row(first.id, ADA), await vault.room.row(second.id, other)]
    receipt = await vault.disconnect(first.id, owner=ADA)
    assert rows[0].grant_key == rows[1].grant_key
    assert (receipt.outcome, receipt.reach) == ("revoked", "token")
    assert (await call(vault, "notion.search", {}, owner=other)).value["results"]


@pytest.mark.parametrize(
    ("policy", "outcome", "probe"),
    [
        ({"revoke": "token"}, "revoked", "dead"),
        ({"revoke": "pair"}, "revoked", "dead"),
        ({"revoke": "grant"}, "revoked", "dead"),
        ({"revoke": "access"}, "unconfirmed", "alive"),
    ],
)
async def test_a_receipt_says_what_notion_says(vault, world, policy, outcome, probe):
    connection = await connect(vault)
    await world.act("notion", "policy", **policy)
    receipt = await vault.disconnect(connection.id, owner=ADA)
    assert (receipt.outcome, receipt.probe) == (outcome, probe)
    assert receipt.shredded == (outcome == "revoked")


@pytest.mark.parametrize("dead", ["invalid_grant", "invalid_request"])
@pytest.mark.parametrize("errors", ["code", "error"])
async def test_what_the_person_removed_is_already_gone(vault, world, dead, errors):
    connection = await connect(vault)
    await world.act("notion", "policy", dead=dead, errors=errors)
    await world.act("notion", "revoke", login="ada", client_id=ID)
    receipt = await vault.disconnect(connection.id, owner=ADA)
    assert (receipt.outcome, receipt.probe) == ("already gone", "dead")
    assert (await vault.disconnect(connection.id, owner=ADA)).outcome == "already gone"


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("public_api_request_rate_limit", RateLimited),
        ("public_api_space_request_rate_limit", RateLimited),
        ("public_api_request_blocked", Refused),
    ],
)
async def test_a_limit_is_a_pause_and_a_block_is_a_refusal(vault, world, reason, kind):
    await connect(vault)
    await world.act("notion", "limit", login="ada", reason=reason)
    with pytest.raises(kind):
        await call(vault, "notion.list_users", {})


async def test_a_change_that_failed_but_was_made_is_told_with_its_id(opened, world):
    await connect(opened)
    await world.act("notion", "fail", retry_after=3)
    new = {"parent_page_id": HANDBOOK, "title": "There"}
    with pytest.raises(OutcomeUnknown, match="committed_resource_id"):
        await call(opened, "notion.create_page", new)


async def test_a_refusal_is_not_told_as_a_change(vault, world):
    await connect(vault)
    await world.act("notion", "capabilities", capabilities=["read_content"])
    with pytest.raises(Refused, match="restricted_resource"):
        await call(vault, "notion.trash_page", {"page_id": HANDBOOK})


async def test_no_token_comes_out_of_an_answer_and_a_canary_does(opened):
    own = (await secret_of(opened, await connect(opened))).reveal()
    seeded = " ".join((*SHAPES, own, "canary"))
    page = {"parent_page_id": HANDBOOK, "title": "Seeded", "markdown": seeded}
    made = (await call(opened, "notion.create_page", page)).value
    shown = (await call(opened, "notion.get_page_markdown", {"page_id": made["id"]})).value
    assert "canary" in shown["markdown"]
    assert not [token for token in (*SHAPES, own) if token in str(shown)]


async def test_no_token_comes_out_of_an_error_and_a_canary_does(opened, world):
    own = (await secret_of(opened, await connect(opened))).reveal()
    words = " ".join(("canary", own, *SHAPES))
    body = {"object": "error", "status": 400, "code": "validation_error", "message": words}
    await world.fault(path="/v1/users", kind="status", status=400, body=body)
    with pytest.raises(Refused, match="canary") as raised:
        await call(opened, "notion.list_users", {})
    assert not [token for token in (*SHAPES, own) if token in str(raised.value)]
