"""Slack, played: its Web API, for what our own tools never send, and its deliveries."""

import json

import pytest

from connector_vault.connector import Delivery, NotAllowed, Secret
from tests.connectors.slack import API, GENERAL, SECRETS, bearer, playing
from tests.connectors.slack import slack as connector

SIGNING = Secret("emulator-signing-secret")


@pytest.fixture
async def slack():
    async with playing() as slack:
        yield slack


@pytest.fixture
async def ada(slack):
    return await slack.person()


def delivery(sent, at=0, **changed):
    headers = sent["headers"] | changed
    time = int(sent["headers"]["x-slack-request-timestamp"])
    return Delivery(headers, sent["body"].encode(), at=time + at)


async def test_a_method_is_asked_by_get_and_by_post(slack, ada):
    for reply in (await slack.ask("users.list", ada), await slack.post("users.list", ada)):
        assert [one["name"] for one in reply.json()["members"]][:2] == ["ada", "grace"]


async def test_a_token_in_the_body_is_taken_and_one_in_the_address_is_not(slack, ada):
    address, said = f"{API}/auth.test", {"token": ada}
    assert (await slack.http.post(address, data=said)).json()["ok"]
    assert (await slack.http.get(address, params=said)).json()["error"] == "not_authed"


@pytest.mark.parametrize(("token", "error"), [("", "not_authed"), ("xoxb-unknown", "invalid_auth")])
async def test_who_is_not_known_is_told_with_200(slack, token, error):
    reply = await slack.post("users.list", token)
    assert (reply.status_code, reply.json()) == (200, {"ok": False, "error": error})


async def test_a_method_that_is_none_is_named(slack, ada):
    said = (await slack.post("chat.shout", ada)).json()
    assert (said["error"], said["req_method"]) == ("unknown_method", "chat.shout")


async def test_json_is_read_where_a_method_takes_it_and_ignored_elsewhere(slack, ada):
    body = {"channel": GENERAL, "text": "hi", "unfurl_links": False}
    for method, ok in (("chat.postMessage", True), ("conversations.history", False)):
        reply = await slack.http.post(f"{API}/{method}", json=body, headers=bearer(ada))
        assert reply.json()["ok"] is ok


async def test_slashes_are_escaped_and_scopes_stand_in_the_headers(slack, ada):
    reply = await slack.post("auth.test", ada)
    assert rb"https:\/\/acme.slack.com\/" in reply.content
    assert "search:read" in reply.headers["x-oauth-scopes"].split(",")
    asked = await slack.ask("users.list", ada)
    assert asked.headers["x-accepted-oauth-scopes"] == "users:read"


async def test_a_missing_scope_is_told_with_those_there_are(slack):
    token = await slack.bot(scope="chat:write,commands")
    said = (await slack.ask("users.list", token)).json()
    told = {"needed": "users:read", "provided": "chat:write,commands"}
    assert said == {"ok": False, "error": "missing_scope", **told}


async def test_the_twenty_first_call_in_a_minute_waits(slack, ada):
    replies = [await slack.ask("users.list", ada) for _ in range(21)]
    assert [one.status_code for one in replies] == [200] * 20 + [429]
    assert replies[-1].json() == {"ok": False, "error": "ratelimited"}
    wait = int(replies[-1].headers["retry-after"])
    assert 0 < wait <= 60
    await slack.world.advance(wait)
    assert (await slack.ask("users.list", ada)).status_code == 200


@pytest.mark.parametrize(
    ("method", "args", "error"),
    [
        ("conversations.list", {"types": "public"}, "invalid_types"),
        ("conversations.list", {"limit": "0"}, "invalid_limit"),
        ("conversations.list", {"cursor": "x"}, "invalid_cursor"),
        ("conversations.list", {"cursor": "bmV4dDotMQ=="}, "invalid_cursor"),
        ("conversations.history", {}, "channel_not_found"),
        ("conversations.history", {"channel": "C9"}, "channel_not_found"),
        ("conversations.history", {"channel": GENERAL, "oldest": "soon"}, "invalid_ts_oldest"),
        ("conversations.replies", {"channel": GENERAL, "ts": "1.000001"}, "thread_not_found"),
        ("conversations.join", {"channel": SECRETS}, "method_not_supported_for_channel_type"),
        ("chat.postMessage", {"channel": GENERAL}, "no_text"),
        ("chat.postMessage", {"channel": GENERAL, "text": "x" * 40_001}, "msg_too_long"),
        (
            "chat.postMessage",
            {"channel": GENERAL, "text": "x", "markdown_text": "y"},
            "markdown_text_conflict",
        ),
        ("chat.postMessage", {"channel": GENERAL, "blocks": "{"}, "invalid_blocks_format"),
        (
            "chat.postMessage",
            {"channel": GENERAL, "text": "x", "thread_ts": "1.000001"},
            "thread_not_found",
        ),
        ("chat.getPermalink", {"channel": GENERAL, "message_ts": "1.0"}, "message_not_found"),
        ("search.messages", {}, "no_query"),
        ("reactions.add", {"channel": GENERAL, "timestamp": "1.0"}, "message_not_found"),
        ("files.getUploadURLExternal", {"filename": "x"}, "missing_argument"),
        ("files.getUploadURLExternal", {"length": "7"}, "invalid_arguments"),
        ("files.completeUploadExternal", {"files": '[{"id":"F9"}]'}, "file_not_found"),
        ("files.completeUploadExternal", {"files": "F9"}, "invalid_arguments"),
    ],
)
async def test_what_is_wrong_has_slacks_name(slack, ada, method, args, error):
    assert (await slack.post(method, ada, **args)).json()["error"] == error


async def test_an_archived_channel_takes_nothing(slack, ada):
    await slack.act("archive", channel=GENERAL)
    said = {"channel": GENERAL, "text": "x"}
    assert (await slack.post("chat.postMessage", ada, **said)).json()["error"] == "is_archived"


async def test_thirty_messages_are_scheduled_for_five_minutes(slack, ada):
    (ts,) = (await slack.act("say", login="ada", channel=GENERAL, text="now"))["ts"]
    at = str(int(float(ts)) + 86_400)
    said = {"channel": GENERAL, "text": "x", "post_at": at}
    codes = []
    for number in range(31):
        if number == 20:
            await slack.world.advance(60)
        codes.append((await slack.post("chat.scheduleMessage", ada, **said)).json().get("error"))
    assert codes == [None] * 30 + ["restricted_too_many"]


class TestBytes:
    async def place(self, slack, token, length=7):
        said = {"filename": "a.txt", "length": str(length)}
        answer = (await slack.ask("files.getUploadURLExternal", token, **said)).json()
        return answer["upload_url"].replace("https:/", ""), answer["file_id"]

    async def complete(self, slack, token, file):
        said = {"files": json.dumps([{"id": file}]), "channel_id": GENERAL}
        answer = await slack.post("files.completeUploadExternal", token, **said)
        return answer.json().get("error", "ok")

    async def test_they_come_raw_or_as_a_form(self, slack, ada):
        for body in ({"content": b"1234567"}, {"files": {"file": ("a.txt", b"1234567")}}):
            url, file = await self.place(slack, ada)
            reply = await slack.http.post(url, **body)
            assert (reply.status_code, reply.text) == (200, "OK - 7")
            assert await self.complete(slack, ada, file) == "ok"
            assert await self.complete(slack, ada, file) == "file_not_found"

    async def test_they_come_once_and_whole(self, slack, ada):
        url, file = await self.place(slack, ada)
        assert (await slack.http.post(url, content=b"123456")).status_code == 400
        assert await self.complete(slack, ada, file) == "file_not_found"
        assert (await slack.http.post(url, content=b"1234567")).status_code == 200
        assert (await slack.http.post(url, content=b"1234567")).status_code == 404

    async def test_somebody_elses_file_is_not_shared(self, slack, ada):
        url, file = await self.place(slack, ada)
        await slack.http.post(url, content=b"1234567")
        bot = await slack.bot()
        assert await self.complete(slack, bot, file) == "file_not_found"


class TestDeliveries:
    async def test_who_took_back_what_is_told_signed(self, slack):
        await slack.tokens()
        sent = (await slack.act("revoke", login="ada"))["deliveries"]
        assert [one["event"] for one in sent] == ["tokens_revoked"]
        connector.notice.verify(delivery(sent[0]), SIGNING)
        with pytest.raises(NotAllowed):
            connector.notice.verify(delivery(sent[0]), Secret("another"))
        with pytest.raises(NotAllowed):
            connector.notice.verify(delivery(sent[0], at=301), SIGNING)

    async def test_our_own_revocation_is_told_too(self, slack):
        token = await slack.bot()
        await slack.post("auth.revoke", token)
        (sent,) = await slack.act("deliveries")
        assert connector.notice.accounts(delivery(sent))[0].startswith("T0ACME/U")
        assert await slack.act("deliveries") == []

    async def test_a_challenge_is_answered_if_it_is_slacks(self, slack):
        sent = await slack.act("challenge")
        said = connector.notice.challenge(delivery(sent), SIGNING)
        assert (said.status, said.body.decode()) == (200, json.loads(sent["body"])["challenge"])
        with pytest.raises(NotAllowed):
            connector.notice.challenge(delivery(sent), Secret("another"))

    async def test_what_is_no_challenge_has_no_answer(self, slack):
        await slack.tokens()
        (sent,) = (await slack.act("revoke", login="ada"))["deliveries"]
        assert connector.notice.challenge(delivery(sent), SIGNING) is None

    async def test_an_app_that_is_gone_is_told(self, slack):
        answer = await slack.tokens()
        whose = await slack.post("auth.test", answer["access_token"])
        gone, ended = (await slack.act("uninstall", team="T0ACME"))["deliveries"]
        account = f"T0ACME/{whose.json()['user_id']}"
        assert account.startswith(tuple(connector.notice.accounts(delivery(gone))))
        assert account in connector.notice.accounts(delivery(ended))
