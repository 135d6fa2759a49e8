"""Uploading a file to Slack: asked for, sent to the host for files, and only then shared."""

import hashlib
import json

import pytest

from connector_vault.connector import (
    BadArguments,
    OutcomeUnknown,
    Parts,
    Refused,
    Reply,
    Request,
    Unreachable,
)
from tests.connectors.slack import GENERAL, Catch, Held, Script, playing, tools
from tests.replay import says

PLACE = {"ok": True, "upload_url": "https://files.slack.com/upload/v1/AbC?x=1", "file_id": "F1"}
SHARED = {"ok": True, "files": [{"id": "F1", "title": "t", "url_private": "dropped"}]}


@pytest.fixture
async def slack():
    async with playing() as slack:
        yield slack


@pytest.fixture
async def bot(slack):
    """A bot's token; the bot is in #general."""
    token = await slack.bot()
    await slack.do("join_channel", token, channel=GENERAL)
    return token


async def upload(api, **arguments):
    return await tools["upload_file"].function(api, **arguments)


async def test_an_upload_is_asked_for_sent_and_shared():
    file = Held(b"x" * 7)
    api = Script(says(PLACE), Reply(200, b"OK - 7"), says(SHARED))
    done = await upload(
        api,
        file=file,
        channel="C1",
        title="t",
        initial_comment="see",
        thread_ts="1.000001",
        alt_text="a",
    )
    place, sent, shared = api.asked
    assert place == Request(
        "GET",
        "/files.getUploadURLExternal",
        query={"filename": "notes.txt", "length": "7", "alt_txt": "a"},
    )
    assert (sent.method, sent.url, sent.query) == (
        "POST",
        "https://files.slack.com/upload/v1/AbC",
        {"x": "1"},
    )
    assert sent.headers == {"Content-Type": "application/octet-stream"}
    assert json.loads(shared.form["files"]) == [{"id": "F1", "title": "t"}]
    assert {**shared.form, "files": ""} == {
        "files": "",
        "channel_id": "C1",
        "initial_comment": "see",
        "thread_ts": "1.000001",
    }
    assert (done.id, done.title) == ("F1", "t")


@pytest.mark.parametrize("size", [1, 200_000_000])
async def test_the_bytes_are_read_only_while_they_are_sent(size):
    file = Held(b"")
    file.size = size
    api = Script(says(PLACE), Reply(200, b"OK"), says(SHARED))
    await upload(api, file=file)
    content = api.asked[1].content
    assert isinstance(content, Parts)
    assert (len(content), file.pieces) == (size, [])


async def test_an_empty_file_is_not_sent():
    with pytest.raises(BadArguments, match="empty"):
        await upload(Catch(), file=Held(b""))


@pytest.mark.parametrize("more", [{"thread_ts": "1.000001"}, {"initial_comment": "hi"}])
async def test_what_stands_beside_a_file_needs_a_channel(more):
    with pytest.raises(BadArguments, match="name the channel"):
        await upload(Catch(), file=Held(b"x"), **more)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/upload/v1/x",
        "http://files.slack.com/upload/v1/x",
        "https://files.slack.com:444/upload/v1/x",
        "https://files.slack.com.evil.example/x",
        "https://files.slack.com@evil.example/x",
        "https://a@files.slack.com/x",
        "//files.slack.com/x",
        "https://[",
        "",
    ],
)
async def test_bytes_go_to_slacks_host_for_files_alone(url):
    api = Script(says({**PLACE, "upload_url": url}))
    with pytest.raises(Refused, match=r"unexpected_host.*nothing was shared"):
        await upload(api, file=Held(b"x"), channel="C1")
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (Reply(413, b"too large"), Refused),
        (Reply(500, b""), Unreachable),
        (Unreachable("no connection"), Unreachable),
        (OutcomeUnknown("it broke off"), Unreachable),
    ],
    ids=["refused", "failed", "not sent", "broken off"],
)
async def test_nothing_is_shared_if_the_bytes_do_not_arrive(failure, error):
    api = Script(says(PLACE), failure)
    with pytest.raises(error, match="nothing was shared"):
        await upload(api, file=Held(b"x"), channel="C1")
    assert len(api.asked) == 2


async def test_whether_a_file_was_shared_may_be_open():
    api = Script(says(PLACE), Reply(200, b"OK"), says({"ok": False, "error": "internal_error"}))
    with pytest.raises(OutcomeUnknown, match=r"files\.completeUploadExternal"):
        await upload(api, file=Held(b"x"), channel="C1")


@pytest.mark.parametrize("size", [1, 4_900_000])
async def test_a_file_arrives_whole_and_is_shared(slack, bot, size):
    content = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    file = Held(content)
    done = await slack.do("upload_file", bot, file=file, channel=GENERAL, initial_comment="see")
    (kept,) = await slack.act("files")
    assert (kept["sha256"], kept["shared"]) == (hashlib.sha256(content).hexdigest(), [GENERAL])
    (message, _) = (await slack.do("channel_history", bot, channel=GENERAL)).messages
    assert (message.text, [one.id for one in message.files]) == ("see", [done.id])
    assert max(file.pieces) <= 256 * 1024
    (sent,) = await slack.world.log(host="files.slack.com")
    assert sent.authorization == ""


async def test_a_file_for_nobody_is_shared_nowhere(slack, bot):
    await slack.do("upload_file", bot, file=Held(b"x"))
    (kept,) = await slack.act("files")
    assert (kept["completed"], kept["shared"]) == (True, [])


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500, "body": "oops"},
        {"kind": "status", "status": 413, "body": "too large"},
        {"kind": "reset"},
        {"kind": "drop"},
    ],
    ids=lambda fault: str(fault.get("status", fault["kind"])),
)
async def test_bytes_that_do_not_arrive_are_shared_with_nobody(slack, bot, fault):
    await slack.world.fault(host="files.slack.com", **fault)
    with pytest.raises((Refused, Unreachable), match="nothing was shared"):
        await slack.do("upload_file", bot, file=Held(b"x" * 100_000), channel=GENERAL)
    (kept,) = await slack.act("files")
    assert (kept["completed"], kept["shared"]) == (False, [])


async def test_bytes_go_nowhere_else(slack, bot):
    await slack.act("policy", upload_origin="https://files.evil.example")
    with pytest.raises(Refused, match="unexpected_host"):
        await slack.do("upload_file", bot, file=Held(b"x"))


async def test_an_empty_file_is_refused_by_us_as_slack_would(slack, bot):
    asked = await slack.ask("files.getUploadURLExternal", bot, filename="x", length="0")
    assert asked.json()["error"] == "missing_argument"
    with pytest.raises(BadArguments):
        await slack.do("upload_file", bot, file=Held(b""))
