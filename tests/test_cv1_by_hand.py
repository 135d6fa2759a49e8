"""docs/reference/cv1.md, followed by hand: from a database to a token, without this package.

The holder is asked with its own tools, and all else is done by the format's second implementation.
"""

import base64
import hashlib
import json
import os
import runpy
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap

from connector_vault import Secret, Vault
from tests import kms, openbao
from tests.deeds import ADA
from tests.holders.hcvault import with_role
from tests.softhsm import KEY_WRAP_ONLY, softhsm

SPEC = runpy.run_path(str(Path(__file__).parent / "vectors" / "spec.py"))
TOKEN = "sk-by-hand-1234567890"
KEK = bytes(range(32))


@pytest.fixture(autouse=True)
def _told():
    """What this machine knows of AWS decides nothing."""
    with kms.told():
        yield


def hcvault(folder):
    """Open a data key with the server's own program."""
    server = openbao.server()
    uri = with_role(server, folder)
    name = uri.partition("?")[0].rpartition("/")[2]
    login = {"BAO_ADDR": f"http://127.0.0.1:{server.port}", "BAO_TOKEN": server.root}

    def unwrap(wrapped, context):
        said = (f"ciphertext={wrapped.decode()}", f"context={base64.b64encode(context).decode()}")
        command = (openbao.found(), "write", "-field=plaintext", f"transit/decrypt/{name}", *said)
        done = subprocess.run(command, env={**os.environ, **login}, check=True, capture_output=True)
        return base64.b64decode(done.stdout)

    return uri, unwrap


def pkcs11_gcm(folder):
    """Open a data key with the key that somebody put into the token."""
    hsm = softhsm(folder)
    hsm.put_key(KEK)

    def unwrap(wrapped, context):
        assert wrapped[:5] == b"\1\0\0\0\1"
        return AESGCM(KEK).decrypt(wrapped[5:17], wrapped[17:], context)

    return hsm.address(), unwrap


def pkcs11_key_wrap(folder):
    hsm = softhsm(folder, mechanisms=KEY_WRAP_ONLY)
    hsm.put_key(KEK)

    def unwrap(wrapped, context):
        assert wrapped[:5] == b"\2\0\0\0\1"
        inner = aes_key_unwrap(KEK, wrapped[5:])
        assert inner[48:] == hashlib.sha256(context).digest()
        return inner[16:48]

    return hsm.address(), unwrap


def aws_kms(_):
    """Open a data key as the key's owner, by a request of HTTP."""
    server = kms.server()
    arn = server.make()

    def unwrap(wrapped, context):
        bound = {"cv1": base64.b64encode(hashlib.sha256(context).digest()).decode()}
        blob = base64.b64encode(wrapped).decode()
        said = {"KeyId": arn, "CiphertextBlob": blob, "EncryptionContext": bound}
        return base64.b64decode(server.ask("Decrypt", **said)["Plaintext"])

    return server.address(arn), unwrap


def one_row(file, statement):
    with closing(sqlite3.connect(file)) as session:
        session.row_factory = sqlite3.Row
        return dict(session.execute(statement).fetchone())


@pytest.mark.parametrize(
    "holder", [hcvault, pkcs11_gcm, pkcs11_key_wrap, aws_kms], ids=lambda make: make.__name__
)
async def test_a_token_is_found_by_hand(holder, tmp_path):
    uri, unwrap = holder(tmp_path)
    file = tmp_path / "vault.db"
    async with Vault.open(f"sqlite:///{file}", keys=uri, background=False) as vault:
        await vault.add("openrouter", ADA, secret=Secret(TOKEN))

    store = one_row(file, "select value from meta where name = 'store_id'")["value"]
    row = one_row(file, "select * from connection")
    key = one_row(file, "select * from dek where connection <> ''")
    context = SPEC["context_of"](store, row["tenant"], row["id"], row["dek_id"])
    binding = {**row, "connection": row["id"], "endpoint": ""}
    dek = unwrap(key["wrapped"], context)
    plaintext = SPEC["unseal"](row["dek_id"], dek, binding, row["sealed"])

    assert json.loads(plaintext)["access"] == TOKEN
