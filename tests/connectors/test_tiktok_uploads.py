"""Sending films to TikTok: by its rules, with breaks at every place."""

import pytest

from connector_vault import registry
from connector_vault.connector import (
    BadArguments,
    OutcomeUnknown,
    Parts,
    RateLimited,
    Refused,
    Reply,
    Unreachable,
)
from tests.connectors.tiktok_play import (
    CAN,
    CREATOR,
    FETCH,
    INIT,
    PLACE,
    POSTED,
    TOOLS,
    Made,
    Script,
    has,
    no,
    ok,
    playing,
)

MB = 1_000_000
CHUNK = 10 * MB
SIZE = 2 * CHUNK + 7
FIRST, LAST = f"bytes 0-{CHUNK - 1}/{SIZE}", f"bytes {CHUNK}-{SIZE - 1}/{SIZE}"
WHERE = "https://open-upload.tiktokapis.com/video/"
MORE, DONE = Reply(206, b""), Reply(201, b"")
ME = {"privacy_level": "SELF_ONLY"}
OUT_OF_STEP = Reply(416, b"")


@pytest.fixture
def waits(monkeypatch):
    """Give how long tools waited: nobody does here."""
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    for module in ("tools.status", "tools.uploading"):
        monkeypatch.setattr(registry.part("tiktok", module), "sleep", sleep)
    return waited


@pytest.fixture
async def play():
    async with playing() as play:
        yield play


async def post(api, size=SIZE, **arguments):
    return await TOOLS["post_video"].function(api, file=Made(size), **ME | arguments)


async def test_a_film_is_asked_about_announced_sent_and_looked_after():
    api = Script(CAN, PLACE, MORE, DONE, POSTED)
    done = await post(api)
    assert api.addresses == [CREATOR, INIT, WHERE, WHERE, FETCH]
    assert api.asked[1].json["source_info"] == {
        "source": "FILE_UPLOAD",
        "video_size": SIZE,
        "chunk_size": CHUNK,
        "total_chunk_count": 2,
    }
    sent = api.asked[2]
    assert (sent.method, sent.query) == ("PUT", {"upload_id": "7", "upload_token": "Xza+1"})
    assert sent.headers == {"Content-Type": "video/mp4", "Content-Range": FIRST}
    assert isinstance(sent.content, Parts)
    assert [len(one.content) for one in api.asked[2:4]] == [CHUNK, CHUNK + 7]
    assert api.ranges == [FIRST, LAST]
    assert api.asked[4].json == {"publish_id": "v_pub_file~v2-1.7"}
    assert (done.status, done.post_ids) == ("PUBLISH_COMPLETE", ("7400000000000000009",))


@pytest.mark.parametrize("size", [1, 4_900_000, 64 * MB - 1, 64 * MB, 64 * MB + 1, 200 * MB])
async def test_every_size_arrives_whole_by_the_rules(play, size):
    """The emulator refuses what breaks a rule, and holds no more than a chunk."""
    film = Made(size)
    done = await play.call("post_video", await play.tokens(), file=film, **ME)
    (kept,) = await play.act("publications")
    assert (done.status, kept["size"]) == ("PUBLISH_COMPLETE", size)
    assert kept["digest"] == film.digest()
    assert film.longest <= max(256 * 1024, 1_000_003)
    assert kept["chunks"] == max(1, size // CHUNK)
    sent = await play.world.log(host="open-upload.tiktokapis.com")
    assert {one.authorization for one in sent} == {""}


async def test_nothing_is_sent_of_nothing():
    for name, more in (("post_video", ME), ("upload_draft", {})):
        with pytest.raises(BadArguments, match="empty"):
            await TOOLS[name].function(Script(), file=Made(0), **more)


@pytest.mark.parametrize(
    "broken", [OutcomeUnknown("it broke off"), Unreachable("no connection"), no("internal", 500)]
)
async def test_a_chunk_that_did_not_come_is_sent_again(broken):
    api = Script(CAN, PLACE, broken, has(0), MORE, DONE, POSTED)
    assert (await post(api)).status == "PUBLISH_COMPLETE"
    assert api.ranges == [FIRST, FIRST, LAST]


@pytest.mark.parametrize("broken", [OutcomeUnknown("it broke off"), OUT_OF_STEP])
async def test_one_that_came_is_not(broken):
    api = Script(CAN, PLACE, broken, has(CHUNK), DONE, POSTED)
    assert (await post(api)).status == "PUBLISH_COMPLETE"
    assert api.ranges == [FIRST, LAST]


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (has(5), "TikTok has 5 bytes, and the chunk begins at 0"),
        (has(None), "does not say how much it has"),
        (has(0, "FAILED", fail_reason="auth_removed"), "given it up .auth_removed."),
        (has(0, "FAILED"), "given it up .it does not say why."),
        (no("internal_error", 500), "does not say how much it has"),
        (RateLimited(60), "does not say how much it has"),
    ],
)
async def test_one_of_which_that_is_not_known_ends_the_upload(known, words):
    api = Script(CAN, PLACE, OutcomeUnknown("it broke off"), known)
    with pytest.raises(Refused, match=f"it broke off; .*{words}.*nothing was posted"):
        await post(api)
    assert api.ranges == [FIRST]


async def test_a_chunk_is_sent_three_times_at_most():
    gone = [Unreachable("no connection"), has(0)] * 3
    api = Script(CAN, PLACE, *gone)
    with pytest.raises(Unreachable, match="3 times: nothing was posted"):
        await post(api)
    assert api.ranges == [FIRST] * 3


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(400), "malformed"),
        (Reply(401), "did not let the chunk in"),
        (Reply(403), "expired"),
        (Reply(404), "does not know this upload"),
        (no("odd", 400, "why"), "odd; why"),
        (Reply(429), "rate limited"),
    ],
)
@pytest.mark.parametrize("before", [[], [MORE]], ids=["the first", "the last"])
async def test_a_chunk_that_is_refused_ends_the_upload(reply, words, before):
    api = Script(CAN, PLACE, *before, reply)
    with pytest.raises(Refused, match=rf"upload_failed.*{words}.*nothing was posted"):
        await post(api)


LOST = [OutcomeUnknown("it broke off"), no("internal", 500), Reply(206)]


@pytest.mark.parametrize("lost", LOST, ids=["lost", "failed", "wants more"])
@pytest.mark.parametrize(
    "known",
    [
        POSTED,
        has(SIZE),
        has(SIZE, "SEND_TO_USER_INBOX"),
        has(SIZE, "FAILED", fail_reason="spam_risk"),
    ],
    ids=["posted", "has all", "in the inbox", "failed"],
)
async def test_what_became_of_the_last_chunk_is_looked_up(waits, lost, known):
    api = Script(CAN, PLACE, MORE, lost, known, known, POSTED)
    done = await post(api)
    assert api.ranges == [FIRST, LAST]
    assert done.status in {"PUBLISH_COMPLETE", "SEND_TO_USER_INBOX", "FAILED"}
    assert done.advice


@pytest.mark.parametrize("lost", LOST, ids=["lost", "failed", "wants more"])
@pytest.mark.parametrize(
    "known", [has(CHUNK), has(None), Unreachable("gone")], ids=["has not", "says not", "gone"]
)
async def test_the_last_chunk_is_never_sent_again(waits, lost, known):
    api = Script(CAN, PLACE, MORE, lost, known, known, known)
    with pytest.raises(OutcomeUnknown, match=r"publish_status for v_pub_file~v2-1\.7 before"):
        await post(api)
    assert api.ranges == [FIRST, LAST]
    assert waits == [0, 2, 5]


async def test_a_last_chunk_that_was_not_sent_posted_nothing():
    with pytest.raises(Unreachable, match="no connection; nothing was posted"):
        await post(Script(CAN, PLACE, MORE, Unreachable("no connection")))


async def test_a_last_chunk_out_of_step_posted_nothing(waits):
    api = Script(CAN, PLACE, MORE, OUT_OF_STEP, *[has(CHUNK + 1)] * 3)
    with pytest.raises(Refused, match="10000001 bytes, and the chunk begins at 10000000; nothing"):
        await post(api)


@pytest.mark.parametrize(("seconds", "looks"), [(6, 1), (4, 0)])
async def test_a_film_is_not_waited_for_into_the_end_of_the_call(waits, seconds, looks):
    api = Script(CAN, PLACE, MORE, DONE, *[has(SIZE)] * looks)
    api.left = seconds
    done = await post(api)
    assert (done.publish_id, done.status) == ("v_pub_file~v2-1.7", "PROCESSING_UPLOAD")
    assert (api.script, waits) == ([], [])


async def test_what_is_lost_at_the_end_of_the_call_is_told_with_its_id(waits):
    api = Script(CAN, PLACE, MORE, OutcomeUnknown("it broke off"), has(CHUNK))
    api.left = 6
    with pytest.raises(OutcomeUnknown, match="publish_status for v_pub_file"):
        await post(api)
    assert (api.script, waits) == ([], [0])


async def test_tiktok_may_take_its_time(waits):
    slow = [has(SIZE)] * 3
    done = await post(Script(CAN, PLACE, MORE, DONE, *slow, POSTED))
    assert (done.status, waits) == ("PUBLISH_COMPLETE", [2, 4, 8])


async def test_what_cannot_be_learned_is_on_its_way(monkeypatch):
    monkeypatch.setattr(registry.part("tiktok", "tools.posting"), "PATIENCE", 0)
    done = await post(Script(CAN, PLACE, MORE, DONE, no("rate_limit_exceeded", 429)))
    assert (done.publish_id, done.status) == ("v_pub_file~v2-1.7", "PROCESSING_UPLOAD")
    assert "do not post it again" in done.advice


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/video/",
        "http://open-upload.tiktokapis.com/video/",
        "https://open-upload.tiktokapis.com:444/video/",
        "https://open-upload.tiktokapis.com.evil.example/",
        "https://open-upload.tiktokapis.com@evil.example/",
        "https://a@open-upload.tiktokapis.com/",
        "https://eviltiktokapis.com/",
        "https://[",
        "",
    ],
)
async def test_a_film_goes_to_tiktoks_hosts_alone(url):
    api = Script(CAN, ok({"publish_id": "p", "upload_url": url}))
    with pytest.raises(Refused, match=r"unexpected_host.*nothing was posted"):
        await post(api)
    assert api.ranges == []


@pytest.mark.parametrize(
    "host",
    ["open-upload-sg.tiktokapis.com", "upload.us.tiktokapis.com", "open-upload.tiktokapis.com"],
)
async def test_which_of_its_hosts_tiktok_says(play, host):
    await play.act("policy", upload_host=host)
    done = await play.call("upload_draft", await play.tokens(), file=Made(100))
    assert done.status == "SEND_TO_USER_INBOX"
    assert len(await play.world.log(host=host)) == 1


async def test_another_host_is_refused_by_the_door_too(play):
    await play.act("policy", upload_host="a.b.c.tiktokapis.com")
    with pytest.raises(Refused, match=r"upload_failed.*not a host.*nothing was posted"):
        await play.call("upload_draft", await play.tokens(), file=Made(100))


@pytest.mark.parametrize("problem", [OutcomeUnknown("lost"), Unreachable("gone"), ok(), Reply(200)])
async def test_without_a_place_nothing_was_posted(problem):
    api = Script(CAN, problem)
    with pytest.raises(Unreachable, match="nothing was posted"):
        await post(api)
    assert api.addresses == [CREATOR, INIT]
