"""Slack's connector and its emulator, held against the samples that Slack's own library publishes.

They are not ours to ship: CONNECTOR_VAULT_SPECS names a folder that holds slack/*.json, the
responses and events of java-slack-sdk, their values blanked.
"""

import json
import os
from pathlib import Path

import pytest

from connector_vault.connector import Delivery, Reply
from connector_vault.grants import read_grants
from tests.connectors.slack import (
    API,
    CLIENT,
    DIRECT,
    GENERAL,
    Held,
    Script,
    playing,
    slack,
    tools,
)
from tests.replay import says

PLACE = {"ok": True, "upload_url": "https://files.slack.com/upload/v1/x", "file_id": "F1"}
REACTION = {"channel": "C1", "timestamp": "1.000001", "name": "tada"}


@pytest.fixture(scope="module")
def sample():
    folder = os.environ.get("CONNECTOR_VAULT_SPECS")
    wanted = "set CONNECTOR_VAULT_SPECS to a folder that holds slack/*.json"
    if not folder:
        if os.environ.get("CONNECTOR_VAULT_REQUIRE_ALL") == "1":
            pytest.fail(wanted)
        pytest.skip(wanted)

    def sample(name, **filled):
        """Give a sample that says ok, with some of its blanks filled."""
        said = json.loads(Path(folder, "slack", f"{name}.json").read_text(encoding="utf-8"))
        return said | ({"ok": True} if "ok" in said else {}) | filled

    return sample


async def do(tool, *replies, **arguments):
    return await tools[tool].function(Script(*replies), **arguments)


async def test_conversations_are_read(sample):
    found = await do("list_channels", says(sample("conversations.list")))
    assert [(one.id, one.is_im, one.num_members) for one in found.channels] == [
        ("D00000000", False, 12345)
    ]
    assert found.next_cursor is None
    joined = await do("join_channel", says(sample("conversations.join")), channel="C1")
    assert joined.channel.id == "C00000000"


async def test_people_are_read(sample):
    found = await do("list_users", says(sample("users.list")))
    assert [(one.id, one.profile.email) for one in found.members] == [("U00000000", "")]


async def test_a_reaction_and_an_upload_are_read(sample):
    assert not (await do("add_reaction", says(sample("reactions.add")), **REACTION)).already_reacted
    step, done = sample("files.getUploadURLExternal"), sample("files.completeUploadExternal")
    step["upload_url"] = PLACE["upload_url"]
    made = await do("upload_file", says(step), Reply(200, b"OK"), says(done), file=Held(b"x"))
    assert (made.id, made.size) == ("F00000000", 12345)


@pytest.mark.parametrize("name", ["oauth.v2.access", "oauth.v2.exchange"])
def test_both_token_sets_are_read(sample, name):
    said = sample(name, access_token="xoxb-1", refresh_token="xoxe-1-b", scope="chat:write")
    person = {"access_token": "xoxp-1", "refresh_token": "xoxe-1-p", "scope": "search:read"}
    said["authed_user"] |= person
    bot, user = read_grants(slack, says(said), now=0, asked=None)
    assert (bot.access.reveal(), bot.refresh.reveal()) == ("xoxb-1", "xoxe-1-b")
    assert (user.access.reveal(), user.refresh.reveal()) == ("xoxp-1", "xoxe-1-p")
    assert (bot.scopes, user.scopes) == ({"chat:write"}, {"search:read"})
    assert (bot.expires_at, user.expires_at) == (123_000, 123_000)


def test_an_account_is_read(sample):
    found = slack.identity.account(says(sample("auth.test")))
    assert (found.id, found.grant) == ("T00000000/U00000000", "T00000000")
    whole = slack.identity.account(says(sample("auth.test", is_enterprise_install=True)))
    assert (whole.id, whole.grant) == ("E00000000/U00000000", "E00000000")


def test_the_end_of_a_token_is_read(sample):
    said = slack.oauth.revocation.said
    assert said(says(sample("auth.revoke", revoked=True))) == "revoked"
    assert said(says(sample("auth.revoke", ok=False, error="token_revoked"))) == "already gone"


def test_events_are_read(sample):
    ids = {"team_id": "T0", "enterprise_id": "E0"}
    revoked = sample("TokensRevokedPayload", **ids)
    revoked["event"]["tokens"] = {"oauth": ["U1"], "bot": ["U2"]}
    gone = sample("AppUninstalledPayload", **ids)
    told = [
        slack.notice.accounts(Delivery({}, json.dumps(one).encode())) for one in (revoked, gone)
    ]
    assert told == [["T0/U1", "T0/U2", "E0/U1", "E0/U2"], ["T0/", "E0/"]]


class TestEmulator:
    """What the emulator says, it says in the places and kinds that Slack does."""

    @pytest.fixture(params=[False, True], ids=["lasting", "rotating"])
    async def play(self, request):
        async with playing() as play:
            await play.act("policy", rotation=request.param)
            yield play

    async def test_of_a_consent(self, play, sample):
        answer = await play.tokens()
        check(answer, sample("oauth.v2.access"), "oauth.v2.access")
        whose = (await play.post("auth.test", answer["access_token"])).json()
        check(whose, sample("auth.test"), "auth.test")
        if "refresh_token" in answer:
            again = await play.refresh(answer["refresh_token"])
            check(again, sample("oauth.v2.access"), "oauth.v2.access")

    async def test_of_an_exchange(self, play, sample):
        await play.act("policy", rotation=False)
        form = {"client_id": CLIENT.id, "client_secret": "emulator-secret"}
        address = f"{API}/oauth.v2.exchange"
        answer = await play.http.post(address, data={**form, "token": await play.bot()})
        check(answer.json(), sample("oauth.v2.exchange"), "oauth.v2.exchange")

    async def test_of_channels_and_people(self, play, sample):
        ada = await play.person()
        listed = await play.ask(
            "conversations.list", ada, types="public_channel,private_channel,im"
        )
        assert DIRECT in listed.text
        check(listed.json(), sample("conversations.list"), "conversations.list")
        for _ in range(2):
            joined = await play.post("conversations.join", ada, channel=GENERAL)
            check(joined.json(), sample("conversations.join"), "conversations.join")
        await play.bot()
        people = await play.ask("users.list", ada)
        check(people.json(), sample("users.list"), "users.list")

    async def test_of_a_file(self, play, sample):
        ada = await play.person()
        place = (await play.ask("files.getUploadURLExternal", ada, filename="a", length="1")).json()
        check(place, sample("files.getUploadURLExternal"), "files.getUploadURLExternal")
        await play.http.post(place["upload_url"].replace("https:/", ""), content=b"x")
        said = {"files": json.dumps([{"id": place["file_id"]}]), "channel_id": GENERAL}
        done = (await play.post("files.completeUploadExternal", ada, **said)).json()
        check(done, sample("files.completeUploadExternal"), "files.completeUploadExternal")

    async def test_of_what_was_taken_back(self, play, sample):
        await play.tokens()
        gone, ended = (await play.act("uninstall", team="T0ACME"))["deliveries"]
        check(json.loads(gone["body"]), sample("AppUninstalledPayload"), "app_uninstalled")
        check(json.loads(ended["body"]), sample("TokensRevokedPayload"), "tokens_revoked")

    def test_a_slip_does_not_pass(self, sample):
        whose = sample("auth.test")
        for slip in ({"user_ids": "U1"}, {"user_id": 7}, {"ok": "true"}):
            with pytest.raises(AssertionError):
                check({**whose, **slip}, whose, "auth.test")


def check(said, shown, place):
    """Refuse a name that the sample does not show, and a value of another kind. None fits all."""
    if said is None:
        return
    if isinstance(said, dict):
        assert isinstance(shown, dict), place
        assert said.keys() <= shown.keys(), place
        for name in said.keys() & shown.keys():
            check(said[name], shown[name], f"{place}.{name}")
    elif isinstance(said, list):
        assert isinstance(shown, list), place
        for one in said:
            check(one, shown[0] if shown else one, f"{place}[]")
    else:
        assert type(said) is type(shown), f"{place}: {said!r} is no {shown!r}"
