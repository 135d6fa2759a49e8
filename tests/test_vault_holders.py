"""A vault's life on each key holder: connect, use, refresh, rotate, move elsewhere, disconnect."""

from contextlib import asynccontextmanager, nullcontext
from importlib import import_module

import pytest

from connector_vault import rotation
from connector_vault.errors import ConnectorVaultError, NotConnected
from connector_vault.keys import open_keys
from tests.deeds import ADA, row_of, secret_of

HOLDERS = ["local", "hcvault", "pkcs11", "aws_kms"]


@asynccontextmanager
async def addressed(name, folder):
    """Give the address of a key that is fresh."""
    match name:
        case "local":
            yield f"local:{folder / 'vault.key'}"
        case "hcvault":
            here = import_module("tests.holders.hcvault")
            yield here.with_role(here.server(), folder)
        case "pkcs11":
            yield import_module("tests.softhsm").softhsm(folder).address()
        case "aws_kms":
            here = import_module("tests.kms")
            kms = here.server()
            with here.told():
                yield kms.address(kms.make(), timeout=60)


@pytest.fixture(params=HOLDERS)
async def keys(request, tmp_path):
    async with addressed(request.param, tmp_path) as address:
        yield address


@pytest.fixture
async def vault(opened, keys):
    async with opened(keys=keys) as vault:
        yield vault


async def used(vault, connection):
    return await vault.token(connection.id, owner=ADA, purpose="test")


async def test_a_connection_lives_and_ends(vault, connect, raw):
    connection = await connect(vault)
    first = await used(vault, connection)
    second = await vault.token(
        connection.id, owner=ADA, purpose="test", newer_than=first.generation
    )

    receipt = await vault.disconnect(connection.id, owner=ADA)

    assert (first.generation, second.generation) == (1, 2)
    assert receipt.outcome == "revoked"
    assert receipt.shredded
    assert raw("select count(*) from dek where connection = ?", connection.id) == [(0,)]
    with pytest.raises(NotConnected):
        await used(vault, connection)


async def test_what_was_kept_opens_in_another_process(opened, keys, connect):
    async with opened(keys=keys) as vault:
        connection = await connect(vault)
        secret = await secret_of(vault, connection)

    async with opened(keys=keys) as other:
        assert (await used(other, connection)).secret == secret


async def test_its_key_is_rotated_while_it_is_used(vault, opened, keys, connect):
    connection = await connect(vault)

    status = await vault.rotate()

    assert (status.stale, status.version) == (0, status.oldest + 1)
    async with opened(keys=keys) as other:
        assert (await used(other, connection)).secret == (await used(vault, connection)).secret


@pytest.mark.parametrize("keys", ["local", "hcvault", "pkcs11"], indirect=True)
async def test_old_versions_are_retired(vault, opened, keys, connect, monkeypatch):
    monkeypatch.setattr(rotation, "_UNDER_WAY", 0.0)
    connection = await connect(vault)
    await vault.rotate()

    status = await vault.rotation.retire()

    assert status.oldest == status.version
    async with opened(keys=keys) as other:
        await used(other, connection)


@pytest.mark.parametrize("keys", ["aws_kms"], indirect=True)
async def test_a_holder_that_cannot_retire_says_what_to_do(vault, monkeypatch):
    monkeypatch.setattr(rotation, "_UNDER_WAY", 0.0)

    with pytest.raises(ConnectorVaultError, match="delet"):
        await vault.rotation.retire()


@pytest.mark.parametrize("to", HOLDERS)
async def test_a_vault_moves_to_another_holder(opened, keys, connect, raw, tmp_path, to):
    """No connection is lost, and no token is opened for it: what is sealed stays as it was."""
    (tmp_path / "new").mkdir()
    async with opened(keys=keys) as vault:
        connection = await connect(vault)
        secret, sealed = await secret_of(vault, connection), raw("select sealed from connection")

    # Of one HSM a process has one configuration: its second key lies in the same token.
    same = to == "pkcs11" and keys.startswith("pkcs11:")
    beside = nullcontext(keys.replace("object=", "object=new-"))
    async with beside if same else addressed(to, tmp_path / "new") as new:
        if to in ("local", "pkcs11"):
            await open_keys(new, create=True).close()
        async with opened(keys=[new, keys]) as vault:
            assert (await used(vault, connection)).secret == secret
            assert await vault.rotation.rewrap() > 1
        async with opened(keys=new) as vault:
            assert (await used(vault, connection)).secret == secret
            assert (await row_of(vault, connection)).state == "active"
            assert (await vault.rotation.status()).stale == 0

    assert raw("select sealed from connection") == sealed
