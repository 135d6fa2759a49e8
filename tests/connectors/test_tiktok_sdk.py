"""TikTok, played, for a client that nobody here wrote: tiktok-api-client.

It shows the challenge of RFC 7636 to be none on a desktop, as others found who relied on it.
"""

import httpx2
import pytest

from tests.connectors.needed import needed
from tests.connectors.tiktok_play import FILM, HOME, PHOTOS, WEB, Made, back, playing

client = needed("tiktok_api_client")
adapters = needed("requests.adapters")

MIB = 1024 * 1024


@pytest.fixture
async def play(anyio_backend, monkeypatch):
    """Take what is for TikTok to the emulator: the client knows no other address."""
    send = adapters.HTTPAdapter.send
    async with playing() as play:

        def redirected(self, request, **options):
            if request.url.startswith("https://"):
                request.url = f"{play.world.url}/{request.url.removeprefix('https://')}"
            return send(self, request, **{**options, "proxies": {}})

        monkeypatch.setattr(adapters.HTTPAdapter, "send", redirected)
        yield play


def agree(play, tiktok):
    """Let the person agree: it is synchronous, and the emulator runs in another thread."""
    asked = tiktok.get_authorization_url().removeprefix("https://")
    return back(httpx2.get(f"{play.world.url}/{asked}", trust_env=False, verify=False))[1]


@pytest.fixture
def tiktok(play):
    tiktok = client.TikTok("tiktok-emulator", "emulator-secret", WEB, state="s-1")
    tiktok.exchange_code_for_token(agree(play, tiktok)["code"])
    return tiktok


def film(tmp_path, size):
    path = tmp_path / "film.mp4"
    path.write_bytes(Made(size).read(range(size)))
    return str(path)


def post(tiktok, **more):
    return tiktok.create_video(title="From elsewhere", privacy_level="SELF_ONLY", **more)


def test_it_signs_in_refreshes_and_ends(tiktok):
    first = tiktok.token_data
    assert (first["scope"], first["expires_in"]) == ("video.publish", 7200)
    assert tiktok.get_creator_info()["data"]["creator_nickname"] == "Dancing Duck"
    second = tiktok.refresh_access_token()
    assert second["refresh_token"] != first["refresh_token"]
    assert tiktok.revoke_access_token() == {}
    with pytest.raises(Exception, match="access_token_invalid"):
        tiktok.get_creator_info()


def test_its_challenge_is_none_on_a_desktop(play):
    tiktok = client.TikTok("tiktok-emulator", "emulator-secret", HOME, state="s-1")
    with pytest.raises(Exception, match="400"):
        tiktok.exchange_code_for_token(agree(play, tiktok)["code"])


@pytest.mark.parametrize("size", [1, 61 * MIB])
async def test_a_film_it_sends_arrives(play, tiktok, tmp_path, size):
    """Above 60 MiB it cuts: into 10 MiB each, and a longer last one."""
    path = film(tmp_path, size)
    sent = post(tiktok, source="FILE_UPLOAD", upload_type="POST_VIDEO_FILE", video_path=path)
    publish_id = sent["initial_response"]["data"]["publish_id"]
    (kept,) = await play.act("publications")
    assert (kept["publish_id"], kept["size"]) == (publish_id, size)
    assert kept["digest"] == Made(size).digest()
    assert tiktok.check_upload_status(publish_id)["data"]["status"] == "PUBLISH_COMPLETE"


def test_a_cut_that_breaks_the_rules_is_refused(tiktok, tmp_path):
    """It counts one chunk too few where a film is a whole number of them."""
    path = film(tmp_path, 70 * MIB)
    with pytest.raises(Exception, match="chunk count is invalid"):
        post(tiktok, source="FILE_UPLOAD", upload_type="POST_VIDEO_FILE", video_path=path)


async def test_what_it_has_fetched_is_posted(play, tiktok):
    post(tiktok, source="PULL_FROM_URL", upload_type="POST_VIDEO_URL", video_url=FILM)
    tiktok.create_photo("DIRECT_POST", "Two", "SELF_ONLY", photo_images=PHOTOS)
    assert [one["title"] for one in await play.act("posts")] == ["From elsewhere", "Two"]
