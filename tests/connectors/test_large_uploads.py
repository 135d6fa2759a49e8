"""Files of 200 MB by the tools that upload: memory stays flat, and what breaks off is told."""

import json
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from connector_vault import Client, Gateway, Owner, Secret
from connector_vault.emulator import attach
from connector_vault.errors import ConnectorVaultError, OutcomeUnknown
from tests.connectors.taker import taker
from tests.sparse import Sparse, peak

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="this kernel does not measure memory"
)

ADA = Owner(tenant="acme", user="ada")
MP4 = b"\x00\x00\x00\x18ftypmp42"
PNG = b"\x89PNG\r\n\x1a\n"
MOST = 32
"""MiB more than before. X's pieces of 4 MB are held, so that they could be sent again."""

FILES = {
    "slack-1 B": ("slack.upload_file", 1, b""),
    "slack-4.9 MB": ("slack.upload_file", 4_900_000, b""),
    "slack-200 MB": ("slack.upload_file", 200_000_000, b""),
    "x-4.9 MB": ("x.upload_media", 4_900_000, PNG),
    "x-200 MB": ("x.upload_media", 200_000_000, MP4),
}
TOKENS = {"slack": Secret("xo" + "xp-1-2-3-" + "a" * 20), "x": Secret("b" * 60)}


@pytest.fixture(scope="module")
def address():
    with taker() as address:
        yield address


@pytest.fixture
async def gateway(address, opened):
    async with opened(emulator=address) as vault:
        for provider, token in TOKENS.items():
            await vault.add(provider, ADA, secret=token)
        async with Gateway(vault) as gateway:
            yield gateway


def asked(address, path):
    return httpx2.get(f"{address}{path}").json()


@pytest.mark.parametrize(("tool", "size", "head"), FILES.values(), ids=FILES)
async def test_a_file_arrives_and_memory_stays_flat(
    gateway, address, tool, size, head, record_property
):
    file, heard = Sparse(size, head=head), []
    asked(address, "/break/0")
    peak()
    before = peak()

    await gateway.call(
        ADA, tool, {"file": file}, timeout=200, progress=lambda sent, _: heard.append(sent)
    )

    grown, taken = peak() - before, asked(address, "/count")
    # X's pieces stand in forms, whose fields are counted too.
    assert size <= taken["bytes"] <= size + 1000 * taken["requests"]
    assert grown < MOST
    assert heard or size < 100_000 or tool.startswith("x.")
    record_property("measured", f"{tool} of {size:,} bytes: {grown:.0f} MiB more in the vault")


@pytest.mark.parametrize(
    ("tool", "head", "last"), [("slack.upload_file", b"", 1), ("x.upload_media", MP4, 3)]
)
async def test_a_break_at_the_third_piece_is_told_and_nothing_is_shown(
    gateway, address, tool, head, last
):
    asked(address, f"/break/{last}")

    with pytest.raises(ConnectorVaultError) as caught:
        await gateway.call(ADA, tool, {"file": Sparse(30_000_000, head=head)}, timeout=60)

    # Nobody sees anything of it, so it may be tried again.
    assert not isinstance(caught.value, OutcomeUnknown)
    assert asked(address, "/count")["completed"] == 0


PLAYED = {
    "tiktok-64 MB": ("tiktok", "post_video", 64_000_000, {"privacy_level": "PUBLIC_TO_EVERYONE"}),
    "tiktok-200 MB": ("tiktok", "post_video", 200_000_000, {"privacy_level": "PUBLIC_TO_EVERYONE"}),
    "facebook-200 MB": ("facebook", "publish_reel", 200_000_000, {}),
    "instagram-30 MB": ("instagram_facebook", "upload_reel", 30_000_000, {}),
}
CLIENTS = [
    Client(provider="tiktok", id="tiktok-emulator", secret=Secret("emulator-secret")),
    Client(
        provider="facebook", id="1234567890123456", secret=Secret("emulator-secret-of-facebook")
    ),
]


@pytest.fixture(scope="module")
def apart():
    """Play providers in a process of its own, so that what they hold is not counted."""
    names = ("tiktok", "facebook", "instagram_facebook")
    command = [sys.executable, "-m", "connector_vault", "emulate", *names, "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield attach(json.loads(process.stdout.readline())["url"])
        process.terminate()


async def arrived(world, provider, done):
    """Give how much of a film came to a provider, and its digest there."""
    if provider == "tiktok":
        *_, last = await world.act("tiktok", "publications")
        return last["size"], last["digest"]
    if provider == "facebook":
        kept = await world.act("facebook", "medium", id=done.value["video_id"])
        return kept["size"], kept["digest"]
    last = await world.act(
        "instagram_facebook", "instagram_container", container=done.value["container_id"]
    )
    return last["size"], last["digest"]


@pytest.mark.parametrize(("provider", "tool", "size", "more"), PLAYED.values(), ids=PLAYED)
async def test_a_film_arrives_as_it_is_and_memory_stays_flat(
    apart, opened, provider, tool, size, more, record_property
):
    file, heard = Sparse(size, head=MP4), []
    async with opened(emulator=apart.url, clients=CLIENTS) as vault, Gateway(vault) as gateway:
        pending = await vault.connect(provider, ADA, redirect_uri="http://127.0.0.1:9/callback")
        async with httpx2.AsyncClient() as browser:
            back = (await browser.get(pending.url)).headers["location"]
        await vault.finish(back, owner=ADA)
        peak()
        before = peak()
        done = await gateway.call(
            ADA,
            f"{provider}.{tool}",
            {"file" if provider != "facebook" else "video": file, **more},
            timeout=300,
            progress=lambda sent, _: heard.append(sent),
        )
        grown = peak() - before

    assert await arrived(apart, provider, done) == (size, file.digest())
    assert grown < MOST
    record_property("measured", f"{provider}.{tool} of {size:,} bytes: {grown:.0f} MiB more")
