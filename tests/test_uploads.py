"""Files on their way to a provider: whole, without the token, and never held in memory."""

import hashlib
from pathlib import Path

import pytest

from connector_vault import Gateway
from connector_vault.errors import ConnectorVaultError, OutcomeUnknown, Refused
from tests.deeds import ACME_SECRET, ADA
from tests.sink import sink
from tests.sparse import MIB, Sparse, peak

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="this kernel does not measure memory"
)

SIZES = {"0 B": 0, "1 B": 1, "4.9 MB": 4_900_000, "16 MiB": 16 * MIB, "200 MB": 200_000_000}
MOST = 16
"""MiB more than before, for all the pieces that are on their way."""


@pytest.fixture(scope="module")
def address():
    with sink() as address:
        yield address


@pytest.fixture(params=["auto", "inline"])
async def gateway(request, acme, address, opened):
    async with opened(emulator=address) as vault:
        await vault.add("acme", ADA, secret=ACME_SECRET)
        async with Gateway(vault, isolation=request.param) as gateway:
            yield gateway


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
async def test_a_file_arrives_whole_and_is_never_held(gateway, size, record_property):
    file, heard = Sparse(size), []
    expected = file.digest()
    peak()
    before = peak()

    result = await gateway.call(
        ADA,
        "acme.pass_on",
        {"file": file},
        timeout=100,
        progress=lambda sent, total: heard.append((sent, total)),
    )

    grown = peak() - before
    said = result.value
    assert (said["size"], said["digest"], said["token"]) == (size, expected, False)
    assert grown < MOST
    assert said["peak_kib"] / 1024 < MOST
    assert max(file.pieces, default=0) <= MIB
    if size > 16 * MIB:
        assert heard[-1] == (size, size)
        assert heard == sorted(heard)
    told = f"vault {grown:.0f} MiB more, worker {said['peak_kib'] / 1024:.0f}"
    record_property("measured", f"an upload of {size:,} bytes: {told}")


@pytest.mark.parametrize("first", [0, 1, 17 * MIB])
async def test_a_part_of_a_file_is_sent_alone(gateway, first):
    file = Sparse(40 * MIB)

    result = await gateway.call(ADA, "acme.pass_on", {"file": file, "first": first}, timeout=100)

    assert result.value["size"] == 40 * MIB - first
    assert result.value["digest"] == _digest(file, first)


def _digest(file, first):
    return hashlib.sha256(file.read(range(first, file.size))).hexdigest()


@pytest.mark.parametrize("size", [10 * MIB, 40 * MIB])
async def test_a_break_in_the_middle_is_told(gateway, size):
    arguments = {"file": Sparse(size), "url": f"/break/{3 * MIB}"}

    with pytest.raises(OutcomeUnknown):
        await gateway.call(ADA, "acme.pass_on", arguments, timeout=60)

    # The next one is not the worse for it.
    assert (await gateway.call(ADA, "acme.pass_on", {"file": Sparse(5)})).value["size"] == 5


@pytest.mark.parametrize("size", [10 * MIB, 40 * MIB])
async def test_a_refusal_before_the_end_is_told(gateway, size):
    arguments = {"file": Sparse(size), "url": f"/early/{3 * MIB}"}

    with pytest.raises((Refused, OutcomeUnknown)) as caught:
        await gateway.call(ADA, "acme.pass_on", arguments, timeout=60)

    assert not isinstance(caught.value, Refused) or caught.value.code == "413"
    assert (await gateway.call(ADA, "acme.pass_on", {"file": Sparse(5)})).value["size"] == 5


async def test_a_body_for_the_api_is_put_together_and_carries_the_token(gateway):
    file = Sparse(300_000)

    result = await gateway.call(ADA, "acme.append", {"file": file})

    whole = b"--begin--" + file.read(range(file.size)) + b"--end--"
    assert result.value["digest"] == hashlib.sha256(whole).hexdigest()
    assert result.value["token"] is True


class Shrinking(Sparse):
    """A file that has become shorter since it was handed over."""

    def read(self, piece):
        return super().read(piece)[: max(0, 1000 - piece.start)]


async def test_an_empty_part_is_empty(gateway):
    result = await gateway.call(ADA, "acme.pass_on", {"file": Sparse(10), "first": 10})

    assert result.value["size"] == 0


async def test_a_file_that_shrank_is_told_and_the_next_call_works(gateway):
    with pytest.raises(ConnectorVaultError):
        await gateway.call(ADA, "acme.pass_on", {"file": Shrinking(300_000)}, timeout=20)

    assert (await gateway.call(ADA, "acme.pass_on", {"file": Sparse(5)})).value["size"] == 5
