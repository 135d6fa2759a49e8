"""Slack through a whole vault: one consent, two connections, and how each lives and ends."""

import hashlib

import httpx2
import pytest

from connector_vault import Gateway, Owner, Secret, emulator
from connector_vault.connector import Delivery
from connector_vault.errors import NotAllowed, Reconnect, Refused
from connector_vault.masking import HIDDEN
from tests.calls import call
from tests.connectors.slack import CLIENT, GENERAL, HOME, TOKENS, Held, slack
from tests.deeds import ADA, renew

BOB = Owner(tenant="acme", user="bob")
HALF_A_DAY = 43_200
TOKEN = "/api/oauth.v2.access"
SIGNING = Secret("emulator-signing-secret")


@pytest.fixture
async def world():
    async with emulator.running("slack") as running:
        yield running


@pytest.fixture
async def sandboxed(opened):
    async with opened(clients=[CLIENT]) as vault:
        yield vault


@pytest.fixture
def vault(sandboxed):
    """Tools run in this process, which is begun sooner."""
    sandboxed.gateway = Gateway(sandboxed, isolation="inline")
    return sandboxed


@pytest.fixture
async def rotating(world):
    await world.act("slack", "policy", rotation=True)


@pytest.fixture
def connect(world):
    async def connect(vault, owner=ADA, login="ada", **options):
        """Give the bot's connection and, if there is one, the person's."""
        await world.act("slack", "sign_in", login=login)
        pending = await vault.connect("slack", owner, redirect_uri=HOME, **options)
        async with httpx2.AsyncClient(verify=False, trust_env=False) as browser:
            back = (await browser.get(pending.url)).headers["location"]
        return await vault.finish(back, owner=owner)

    return connect


async def living(world, login="ada"):
    """Count somebody's tokens that live at Slack, and end them."""
    return (await world.act("slack", "revoke", login=login))["tokens"]


async def test_one_consent_is_two_connections(vault, connect):
    bot, person = await connect(vault)
    assert (bot.label, person.label) == ("emulated_app in Acme", "ada in Acme")
    assert (person.account, person.scopes) == ("T0ACME/U0ADA", {"search:read"})
    assert "chat:write" in bot.scopes
    assert not any(":search" in scope or scope.startswith("user:") for scope in bot.scopes)
    assert bot.expires_at is person.expires_at is None


async def test_connecting_again_finds_both(vault, connect):
    first, again = await connect(vault), await connect(vault)
    assert [one.id for one in first] == [one.id for one in again]


async def test_a_tool_goes_to_whose_scopes_fit(vault, connect):
    bot, person = await connect(vault)
    await call(vault, "slack.join_channel", {"channel": GENERAL})
    made = await call(vault, "slack.post_message", {"channel": GENERAL, "text": "deploy"})
    found = await call(vault, "slack.search_messages", {"query": "deploy"})
    assert (made.connection, found.connection) == (bot.id, person.id)
    assert [one["ts"] for one in found.value["matches"]] == [made.value["ts"]]


async def test_a_persons_scope_that_was_withheld_leaves_the_bot(vault, connect, world):
    await world.act("slack", "policy", withheld=["search:read", "chat:write"])
    (bot,) = await connect(vault)
    with pytest.raises(NotAllowed, match="chat:write"):
        await call(vault, "slack.post_message", {"channel": GENERAL, "text": "x"})
    assert "chat:write" not in bot.scopes


async def test_only_a_person_may_be_asked(vault, connect):
    (person,) = await connect(vault, scopes=["user:users:read", "user:search:read"])
    listed = await call(vault, "slack.list_users", {})
    assert (person.scopes, len(listed.value["members"])) == ({"users:read", "search:read"}, 2)


async def test_a_refused_question_keeps_slacks_code(vault, connect):
    await connect(vault)
    with pytest.raises(Refused, match="user_not_found"):
        await call(vault, "slack.get_user", {"user": "U0NOBODY"})


async def test_a_refused_change_keeps_slacks_code_although_its_status_says_yes(vault, connect):
    await connect(vault)
    with pytest.raises(Refused, match="channel_not_found"):
        await call(vault, "slack.post_message", {"channel": "C0NOWHERE", "text": "x"})


@pytest.mark.usefixtures("rotating")
@pytest.mark.parametrize("shape", ["flat", "nested"])
async def test_each_of_the_two_is_refreshed_when_slack_says_it_ended(vault, connect, world, shape):
    await world.act("slack", "policy", refresh=shape)
    pair = await connect(vault)
    await world.advance(HALF_A_DAY + 1)
    await call(vault, "slack.list_users", {})
    await call(vault, "slack.search_messages", {"query": "x"})
    now = [await vault.get(one.id, owner=ADA) for one in pair]
    assert [one.generation for one in now] == [2, 2]
    assert [one.scopes for one in now] == [one.scopes for one in pair]


@pytest.mark.usefixtures("rotating")
async def test_a_lost_answer_is_made_good_within_the_grace(vault, connect, world):
    bot, _ = await connect(vault)
    await world.fault(path=TOKEN, kind="drop")
    await renew(vault, bot)
    assert (await vault.get(bot.id, owner=ADA)).generation == 2


@pytest.mark.usefixtures("rotating")
@pytest.mark.parametrize(
    ("refusal", "code"), [("slack", "invalid_refresh_token"), ("rfc", "invalid_grant")]
)
async def test_after_the_grace_a_lost_answer_costs_the_connection(
    vault, connect, world, refusal, code
):
    await world.act("slack", "policy", grace=0, refusal=refusal)
    bot, _ = await connect(vault)
    await world.fault(path=TOKEN, kind="drop")
    with pytest.raises(Reconnect, match=code):
        await renew(vault, bot)
    assert not (await vault.get(bot.id, owner=ADA)).live


async def test_what_a_person_takes_back_is_told_and_found_out(vault, connect, world):
    pair = await connect(vault)
    told = await world.act("slack", "revoke", login="ada")
    (sent,) = told["deliveries"]
    time = int(sent["headers"]["x-slack-request-timestamp"])
    delivery = Delivery(sent["headers"], sent["body"].encode(), at=time)
    slack.notice.verify(delivery, SIGNING)
    assert {one.account for one in pair} == set(slack.notice.accounts(delivery))
    with pytest.raises(Reconnect):
        await call(vault, "slack.list_users", {})


async def test_without_rotation_the_last_one_out_ends_the_authorisation(vault, connect, world):
    bot, person = await connect(vault)
    first = await vault.disconnect(bot.id, owner=ADA)
    assert (first.outcome, first.note) == ("not revocable", "provider grant kept: shared")
    assert (first.shredded, await world.log(path="/api/auth.revoke")) == (True, ())
    last = await vault.disconnect(person.id, owner=ADA)
    assert (last.outcome, last.reach, last.probe) == ("revoked", "grant", "dead")
    assert await living(world) == 0


@pytest.mark.usefixtures("rotating")
async def test_with_rotation_each_ends_with_its_own_tokens(vault, connect, world):
    bot, person = await connect(vault)
    first = await vault.disconnect(bot.id, owner=ADA)
    assert (first.outcome, first.reach, first.probe) == ("revoked", "token", "dead")
    await call(vault, "slack.search_messages", {"query": "x"})
    last = await vault.disconnect(person.id, owner=ADA)
    assert (last.outcome, last.reach, last.probe) == ("revoked", "token", "dead")
    assert len(await world.log(path="/api/auth.revoke")) == 4
    assert not await world.log(path="/api/apps.uninstall")
    assert await living(world) == 0


@pytest.mark.usefixtures("rotating")
async def test_an_expired_token_needs_no_refresh_to_be_revoked(vault, connect, world):
    bot, _ = await connect(vault)
    await world.advance(HALF_A_DAY + 1)
    receipt = await vault.disconnect(bot.id, owner=ADA)
    assert (receipt.outcome, receipt.probe) == ("revoked", "dead")
    assert not [one for one in await world.log(path=TOKEN) if "refresh_token" in one.fields]


@pytest.mark.parametrize("said", ["token_revoked", "invalid_auth", "account_inactive"])
@pytest.mark.parametrize("rotation", [True, False])
async def test_a_token_that_was_gone_before_is_gone(vault, connect, world, said, rotation):
    await world.act("slack", "policy", rotation=rotation, revoked=said)
    (person,) = await connect(vault, scopes=["user:search:read"])
    await world.act("slack", "revoke", login="ada")
    receipt = await vault.disconnect(person.id, owner=ADA)
    assert (receipt.outcome, receipt.probe) == ("already gone", "dead")
    assert (await vault.disconnect(person.id, owner=ADA)).outcome == "already gone"


async def test_of_two_owners_in_one_workspace_each_leaves_alone(vault, connect, world):
    (ada,) = await connect(vault, scopes=["users:read"])
    (bob,) = await connect(vault, BOB, "grace", scopes=["users:read"])
    assert ada.account == bob.account
    await vault.disconnect(ada.id, owner=ADA)
    assert (await call(vault, "slack.list_users", {}, owner=BOB)).value["members"]
    assert (await vault.disconnect(bob.id, owner=BOB)).reach == "grant"
    assert await living(world, "grace") == 0


async def test_a_pasted_token_knows_its_scopes(vault, connect):
    bot, _ = await connect(vault)
    token = await renew(vault, bot, None)
    pasted = await vault.add("slack", BOB, secret=token.secret)
    assert (pasted.account, pasted.scopes) == (bot.account, bot.scopes)


async def test_a_large_file_passes_through(sandboxed, connect, world):
    await connect(sandboxed)
    await call(sandboxed, "slack.join_channel", {"channel": GENERAL})
    content = bytes(range(256)) * 4096 * 17
    heard = []
    said = {"file": Held(content), "channel": GENERAL}
    await call(
        sandboxed,
        "slack.upload_file",
        said,
        progress=lambda sent, whole: heard.append((sent, whole)),
    )
    (kept,) = await world.act("slack", "files")
    assert kept["sha256"] == hashlib.sha256(content).hexdigest()
    assert heard[-1] == (len(content), len(content))


async def test_no_token_that_somebody_posted_reaches_a_model(vault, connect, world):
    await connect(vault)
    await call(vault, "slack.join_channel", {"channel": GENERAL})
    for token in (*TOKENS.values(), "canary"):
        await world.act("slack", "say", login="ada", channel=GENERAL, text=f"<{token}>")
    found = (await call(vault, "slack.channel_history", {"channel": GENERAL})).value
    told = [one["text"] for one in found["messages"]][: len(TOKENS) + 1]
    assert told == ["<canary>"] + [f"<{HIDDEN.decode()}>"] * len(TOKENS)


async def test_no_token_in_an_error_reaches_a_model(sandboxed, connect, world):
    await connect(sandboxed)
    for token in TOKENS.values():
        told = {"messages": [f"canary {token}"]}
        body = {"ok": False, "error": "invalid_arguments", "response_metadata": told}
        await world.fault(path="/api/users.list", kind="status", status=200, body=body)
        with pytest.raises(Refused, match="canary") as raised:
            await call(sandboxed, "slack.list_users", {})
        assert raised.value.message == f"canary {HIDDEN.decode()}"
