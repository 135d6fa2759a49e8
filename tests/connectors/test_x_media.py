"""Uploads to the played X: whole, in chunks, with what can go wrong on the way."""

from types import SimpleNamespace

import pytest

from connector_vault import registry
from connector_vault.connector import Api, BadArguments, Refused
from connector_vault.errors import Unreachable
from tests.connectors.x_play import GIF, MP4, PNG, TOOLS, Made, playing

media = registry.part("x", "tools.media")

MB = 1024 * 1024
CHUNK = 4 * MB
MOV = b"\x00\x00\x00\x14ftypqt  "
UPLOAD = "/2/media/upload"


class Nothing(Api):
    """Fails if anything is sent."""

    async def send(self, request):
        pytest.fail(f"{request.method} {request.url} was sent")


@pytest.fixture
async def play():
    async with playing() as play:
        yield play


@pytest.fixture
async def wren(play):
    return await play.tokens()


@pytest.fixture
def upload(play, wren):
    def upload(head, size, **arguments):
        return play.call("upload_media", wren, file=Made(head, size), **arguments)

    return upload


@pytest.fixture
def patient(play, monkeypatch):
    """Let time pass at X, and not here, whenever a tool waits. Gives how long it did."""
    waited = []

    async def sleep(seconds):
        waited.append(seconds)
        await play.world.advance(seconds)

    monkeypatch.setattr(media, "sleep", sleep)
    return waited


async def asked(play):
    return [(one.method, one.path) for one in await play.world.log(path=f"{UPLOAD}*")]


@pytest.mark.parametrize("size", [8, 5 * MB])
async def test_a_picture_is_one_request_and_arrives_as_it_is(play, upload, size):
    found = await upload(PNG, size)
    seen = await play.act("medium", media_id=found.media_id)
    assert (seen["size"], seen["digest"]) == (size, Made(PNG, size).digest())
    assert (found.state, found.expires_after_secs) == ("succeeded", 86_400)
    assert await asked(play) == [("POST", UPLOAD)]


@pytest.mark.parametrize(
    ("head", "size", "kind", "category", "chunks"),
    [
        (GIF, 6, "image/gif", "tweet_gif", 1),
        (MP4, CHUNK, "video/mp4", "tweet_video", 1),
        (MOV, 2 * CHUNK + 1, "video/quicktime", "tweet_video", 3),
    ],
)
async def test_a_film_is_sent_in_chunks(play, upload, head, size, kind, category, chunks):
    found = await upload(head, size)
    seen = await play.act("medium", media_id=found.media_id)
    assert (seen["type"], seen["category"]) == (kind, category)
    assert (seen["size"], seen["digest"]) == (size, Made(head, size).digest())
    appended = [path for _, path in await asked(play) if path.endswith("/append")]
    assert appended == [f"{UPLOAD}/{found.media_id}/append"] * chunks


async def test_a_picture_with_its_alt_text_is_posted(play, wren, upload):
    found = await upload(PNG, 100, alt_text="A wren on a post")
    made = await play.call("create_post", wren, media_ids=[found.media_id])
    (shown,) = (await play.call("get_post", wren, post_id=made.id)).media
    assert (shown.type, shown.alt_text) == ("photo", "A wren on a post")


async def test_it_waits_until_x_is_done(play, upload, patient):
    await play.act("policy", processing=90)
    assert (await upload(MP4, 100)).state == "succeeded"
    assert sum(patient) >= 90
    assert max(patient) <= 60


async def test_it_does_not_wait_beyond_its_time(play, wren, upload, patient, monkeypatch):
    """The loop's clock is not X's: here it moves with what was waited."""
    loop = SimpleNamespace(time=lambda: float(sum(patient)))
    monkeypatch.setattr(media, "get_running_loop", lambda: loop)
    await play.act("policy", processing=3600)
    found = await upload(MP4, 100)
    assert (found.state, found.check_after_secs > 60) == ("in_progress", True)
    assert sum(patient) < TOOLS["upload_media"].timeout
    await play.world.advance(3600)
    after = await play.call("get_media_status", wren, media_id=found.media_id)
    assert (after.state, after.progress_percent) == ("succeeded", 100)


async def test_what_x_has_not_finished_with_cannot_be_posted(play, wren, upload, monkeypatch):
    monkeypatch.setattr(media, "_PATIENCE", 0)
    await play.act("policy", processing=60)
    found = await upload(GIF, 100)
    with pytest.raises(Refused, match="invalid_request"):
        await play.call("create_post", wren, text="too soon", media_ids=[found.media_id])


@pytest.mark.parametrize("processing", [0, 5])
async def test_a_film_that_x_cannot_use_is_refused_with_the_reason(
    play, upload, patient, processing
):
    await play.act("policy", processing=processing, fails="Unsupported video codec")
    with pytest.raises(Refused) as raised:
        await upload(MP4, 100)
    assert (raised.value.code, raised.value.message) == (
        "processing_failed",
        "Unsupported video codec",
    )


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "status": 400, "body": {"detail": "Bad chunk"}}, Refused),
        ({"kind": "status", "status": 503}, Unreachable),
        ({"kind": "reset"}, Unreachable),
    ],
)
async def test_a_chunk_that_fails_ends_the_upload_and_nothing_is_posted(
    play, wren, upload, monkeypatch, fault, error
):
    monkeypatch.setattr(media, "_CHUNK", 1000)
    await play.world.fault(path=f"{UPLOAD}/*/append", kind="delay", seconds=0, times=2)
    await play.world.fault(path=f"{UPLOAD}/*/append", **fault)
    with pytest.raises(error):
        await upload(MP4, 4000)
    paths = [path for _, path in await asked(play)]
    assert [path.rpartition("/")[2] for path in paths] == ["initialize", *["append"] * 3]
    listed = await play.call("list_own_posts", wren)
    assert len(listed.posts) == 1


@pytest.mark.parametrize(
    ("head", "size", "words"),
    [
        (PNG, 5 * MB + 1, "5 MB"),
        (GIF, 15 * MB + 1, "15 MB"),
        (MP4, 512 * MB + 1, "512 MB"),
        (b"", 0, "JPEG"),
        (b"%PDF-1.7", 100, "JPEG"),
        (b"<svg>", 100, "JPEG"),
        (b"\x89P", 2, "JPEG"),
    ],
)
async def test_what_x_would_not_take_is_not_sent(head, size, words):
    file = Made(head, size)
    with pytest.raises(BadArguments, match=words):
        await TOOLS["upload_media"].function(Nothing(), file)
    assert file.read_to <= 16


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (PNG, "image/png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"GIF87a", "image/gif"),
        (MP4, "video/mp4"),
        (MOV, "video/quicktime"),
    ],
)
def test_a_file_is_what_its_first_bytes_say(head, kind):
    assert registry.part("x", "tools.kinds").kind_of(Made(head, 100)).type == kind


async def test_nothing_in_a_file_passes_for_a_field(play, upload):
    """A file may hold what ends a part, if it knows the boundary; nobody knows it before."""
    field = b'Content-Disposition: form-data; name="media_category"'
    false = PNG + b"\r\n--boundary\r\n" + field + b"\r\n\r\nx"
    found = await upload(false, len(false))
    seen = await play.act("medium", media_id=found.media_id)
    assert (seen["category"], seen["size"]) == ("tweet_image", len(false))


async def test_an_upload_that_is_not_there_is_refused(play, wren):
    with pytest.raises(Refused, match="resource_not_found"):
        await play.call("get_media_status", wren, media_id="404")
