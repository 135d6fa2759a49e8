"""Slack, played, for a client that nobody here wrote: slack_sdk."""

import time
from urllib.parse import parse_qs, urlsplit

import pytest

from connector_vault import oauth
from connector_vault.connector import Delivery, NotAllowed, Secret
from tests.connectors.slack import BOT, CLIENT, GENERAL, HOME, PERSON, playing, sdk
from tests.connectors.slack import slack as connector

sdk("slack_sdk")

from slack_sdk import WebClient  # noqa: E402
from slack_sdk.errors import SlackApiError, SlackTokenRotationError  # noqa: E402
from slack_sdk.oauth import AuthorizeUrlGenerator  # noqa: E402
from slack_sdk.oauth.installation_store import Installation  # noqa: E402
from slack_sdk.oauth.token_rotation import TokenRotator  # noqa: E402
from slack_sdk.signature import SignatureVerifier  # noqa: E402

APP = {"client_id": CLIENT.id, "client_secret": "emulator-secret"}
SIGNING = "emulator-signing-secret"
HALF_A_DAY = 43_200


@pytest.fixture
async def play(anyio_backend):
    async with playing() as play:
        yield play


@pytest.fixture
def client(play):
    """Give clients. They are synchronous: they block this loop, the emulator runs in another."""
    return lambda token=None: WebClient(token, base_url=f"{play.world.url}/slack.com/api/")


@pytest.fixture
async def bot(play, client):
    found = client(await play.bot())
    found.conversations_join(channel=GENERAL)
    return found


@pytest.fixture
async def ada(play, client):
    return client(await play.person())


@pytest.fixture
async def installation(play):
    """What slack_sdk keeps of a consent, with tokens that are about to end."""
    await play.act("policy", rotation=True)
    answer = await play.tokens()
    person, soon = answer["authed_user"], int(time.time()) + 60
    return Installation(
        app_id=answer["app_id"],
        team_id=answer["team"]["id"],
        user_id=person["id"],
        bot_token=answer["access_token"],
        bot_refresh_token=answer["refresh_token"],
        bot_token_expires_at=soon,
        user_token=person["access_token"],
        user_refresh_token=person["refresh_token"],
        user_token_expires_at=soon,
    )


def test_its_address_of_consent_is_ours():
    theirs = AuthorizeUrlGenerator(
        client_id=CLIENT.id, redirect_uri=HOME, scopes=["a:b", "c"], user_scopes=["d:e", "f"]
    ).generate("s-1")
    scopes = ("a:b", "c", "user:d:e", "user:f")
    ours = oauth.authorize(
        connector, CLIENT, redirect_uri=HOME, scopes=scopes, state="s-1", verifier="v" * 64
    )
    said = parse_qs(urlsplit(ours).query)
    assert said.pop("response_type") == ["code"]
    assert urlsplit(ours)[:3] == urlsplit(theirs)[:3]
    assert said == parse_qs(urlsplit(theirs).query)


async def test_a_code_is_exchanged(play, client):
    _, said = await play.authorize()
    answer = client().oauth_v2_access(**APP, code=said["code"], redirect_uri=HOME)
    assert set(answer["scope"].split(",")) == set(BOT.split(","))
    assert set(answer["authed_user"]["scope"].split(",")) == set(PERSON.split(","))
    with pytest.raises(SlackApiError, match="invalid_code"):
        client().oauth_v2_access(**APP, code=said["code"], redirect_uri=HOME)


async def test_both_tokens_are_rotated(play, client, installation):
    rotator = TokenRotator(**APP, client=client())
    rotated = rotator.perform_token_rotation(installation=installation)
    assert rotated.bot_token != installation.bot_token
    assert rotated.user_token != installation.user_token
    assert client(rotated.bot_token).auth_test()["bot_id"]
    assert client(rotated.user_token).auth_test()["user_id"] == "U0ADA"
    await play.world.advance(HALF_A_DAY)
    with pytest.raises(SlackApiError, match="token_expired"):
        client(rotated.bot_token).auth_test()
    again = rotator.perform_token_rotation(installation=rotated, minutes_before_expiration=1440)
    assert client(again.bot_token).auth_test()["ok"]


async def test_a_refresh_token_that_was_spent_long_ago_is_none(play, client, installation):
    rotator = TokenRotator(**APP, client=client())
    rotator.perform_token_rotation(installation=installation)
    await play.world.advance(61)
    with pytest.raises(SlackTokenRotationError):
        rotator.perform_token_rotation(installation=installation)


async def test_a_token_without_an_end_is_exchanged(play, client):
    token = await play.bot()
    answer = client().oauth_v2_exchange(**APP, token=token)
    assert answer["expires_in"] == HALF_A_DAY
    assert client(answer["access_token"]).auth_test()["expires_in"] <= HALF_A_DAY


def test_a_conversation_is_held(bot):
    asked = bot.chat_postMessage(channel=GENERAL, text="question", blocks=[{"type": "divider"}])
    said = {"channel": GENERAL, "thread_ts": asked["ts"]}
    bot.chat_postMessage(**said, text="answer", reply_broadcast=True)
    bot.reactions_add(channel=GENERAL, timestamp=asked["ts"], name="thumbsup")
    bot.chat_update(channel=GENERAL, ts=asked["ts"], text="Question?")
    thread = bot.conversations_replies(channel=GENERAL, ts=asked["ts"])["messages"]
    assert [one["text"] for one in thread] == ["Question?", "answer"]
    assert (thread[0]["reply_count"], thread[0]["reactions"][0]["count"]) == (1, 1)
    link = bot.chat_getPermalink(channel=GENERAL, message_ts=asked["ts"])["permalink"]
    assert link.endswith(asked["ts"].replace(".", ""))
    bot.chat_delete(channel=GENERAL, ts=asked["ts"])
    with pytest.raises(SlackApiError, match="thread_not_found"):
        bot.conversations_replies(channel=GENERAL, ts=asked["ts"])


def test_pages_are_followed_to_the_end(ada):
    pages = ada.conversations_list(limit=1, types="public_channel,private_channel")
    names = [channel["name"] for page in pages for channel in page["channels"]]
    assert names == ["general", "random", "secrets"]
    people = [one["name"] for page in ada.users_list(limit=1) for one in page["members"]]
    assert people == ["ada", "grace", "emulated_app"]


def test_people_are_found_and_messages_searched(ada):
    found = ada.users_lookupByEmail(email="grace@acme.example")["user"]
    assert ada.users_info(user=found["id"])["user"]["profile"]["email"] == "grace@acme.example"
    matches = ada.search_messages(query="morning in:#general", count=5)["messages"]["matches"]
    assert [one["username"] for one in matches] == ["ada"]


def test_a_message_is_scheduled(bot):
    at = int(float(bot.chat_postMessage(channel=GENERAL, text="now")["ts"])) + 3600
    assert bot.chat_scheduleMessage(channel=GENERAL, post_at=at, text="later")["post_at"] == at
    with pytest.raises(SlackApiError, match="time_in_past"):
        bot.chat_scheduleMessage(channel=GENERAL, post_at=1, text="later")


async def test_a_file_is_uploaded_in_three_steps(play, bot):
    place = bot.files_getUploadURLExternal(filename="a.txt", length=7)
    # The library would go to the real host: the emulator stands for it.
    here = place["upload_url"].replace("https:/", "")
    assert (await play.http.post(here, content=b"1234567")).status_code == 200
    files = [{"id": place["file_id"], "title": "A"}]
    done = bot.files_completeUploadExternal(files=files, channel_id=GENERAL, initial_comment="see")
    assert done["files"][0]["title"] == "A"
    newest = bot.conversations_history(channel=GENERAL, limit=1)["messages"][0]
    assert (newest["text"], newest["files"][0]["id"]) == ("see", place["file_id"])


async def test_a_missing_scope_and_a_pause_are_told(play, client):
    narrow = client(await play.bot(scope="chat:write"))
    with pytest.raises(SlackApiError) as raised:
        narrow.users_list()
    assert raised.value.response["needed"] == "users:read"
    await play.act("limit", method="auth.test", seconds=30)
    with pytest.raises(SlackApiError) as raised:
        narrow.auth_test()
    assert (raised.value.response.status_code, raised.value.response["error"]) == (
        429,
        "ratelimited",
    )
    assert int(raised.value.response.headers["Retry-After"]) <= 30


async def test_a_token_is_revoked(bot):
    assert bot.auth_revoke()["revoked"] is True
    with pytest.raises(SlackApiError, match="token_revoked"):
        bot.auth_test()


async def test_an_app_is_uninstalled(play, bot, ada):
    assert bot.apps_uninstall(**APP)["ok"]
    for one in (bot, ada):
        with pytest.raises(SlackApiError, match="token_revoked"):
            one.auth_test()


@pytest.mark.parametrize("deed", ["challenge", "revoke", "uninstall"])
async def test_what_is_delivered_is_valid_to_both_of_us(play, deed):
    await play.tokens()
    details = {"challenge": {}, "revoke": {"login": "ada"}, "uninstall": {"team": "T0ACME"}}
    told = await play.act(deed, **details[deed])
    for sent in told.get("deliveries", [told]):
        delivery = Delivery(sent["headers"], sent["body"].encode(), at=int(time.time()))
        connector.notice.verify(delivery, Secret(SIGNING))
        assert SignatureVerifier(SIGNING).is_valid_request(sent["body"], sent["headers"])
        assert not SignatureVerifier("another").is_valid_request(sent["body"], sent["headers"])
        with pytest.raises(NotAllowed):
            connector.notice.verify(delivery, Secret("another"))
