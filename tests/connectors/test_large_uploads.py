"""Files of 200 MB by the tools that upload: memory stays flat, and what breaks off is told."""

from pathlib import Path

import httpx2
import pytest

from connector_vault import Gateway, Owner, Secret
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
