"""The format as the files in vectors/ fix it, and a second implementation beside them."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector_vault.envelope import Binding, DataKey, wrap_context
from connector_vault.errors import Corrupt, Misconfigured
from connector_vault.keys import Wrapped
from connector_vault.keys.local import LocalKeys

VECTORS = Path(__file__).parent / "vectors"


def vectors(pattern):
    paths = sorted(VECTORS.glob(pattern))
    assert paths
    return [pytest.param(json.loads(path.read_text()), id=path.stem) for path in paths]


def record_of(vector):
    zeros = bytes(vector.get("zeros", 0))
    return bytes.fromhex(vector["record"]) + zeros + bytes.fromhex(vector.get("tail", ""))


def binding_of(vector):
    fields = {**vector["binding"], "endpoint": bytes.fromhex(vector["binding"]["endpoint"])}
    return Binding(**fields)


def data_key(vector):
    return DataKey(bytes.fromhex(vector["dek_id"]), bytearray.fromhex(vector["dek"]))


def place_of(vector):
    place = vector["place"]
    ids = bytes.fromhex(place["store_id"]), bytes.fromhex(place["dek_id"])
    return wrap_context(ids[0], place["tenant"], place["connection"], ids[1])


def key_file(folder, vector, name="file"):
    """Write the key file of a vector, whose one repeated line may have been written once."""
    lines = (vector["line"].format(at + 1) for at in range(vector.get("lines", 0)))
    path = folder / "vault.key"
    path.touch(mode=0o600)
    path.write_bytes((vector[name] + "".join(lines)).encode())
    return path


@pytest.mark.parametrize("vector", vectors("record-golden*.json"))
def test_a_golden_record_is_sealed_to_the_byte(vector):
    plaintext, nonce = bytes.fromhex(vector["plaintext"]), bytes.fromhex(vector["nonce"])

    record = data_key(vector).seal(binding_of(vector), plaintext, lambda _: nonce)

    assert record.hex() == vector["record"]


@pytest.mark.parametrize("vector", vectors("record-*.json"))
def test_a_record_ends_as_its_vector_says(vector):
    if vector["outcome"] == "Corrupt":
        with pytest.raises(Corrupt, match=vector["reason"]):
            data_key(vector).open(binding_of(vector), record_of(vector))
        return

    plaintext = data_key(vector).open(binding_of(vector), record_of(vector))

    hashed = hashlib.sha256(plaintext).hexdigest()
    assert hashed == vector.get("plaintext_sha256", hashed)
    assert plaintext.hex() == vector.get("plaintext", plaintext.hex())


def test_only_the_commitment_keeps_a_record_from_opening_under_two_keys():
    first = json.loads((VECTORS / "record-two-keys-first.json").read_text())
    second = json.loads((VECTORS / "record-two-keys-second.json").read_text())
    record, aad = record_of(second), bytes.fromhex(second["raw_aad"])

    raw = AESGCM(bytes.fromhex(second["raw_key"])).decrypt(record[50:62], record[62:], aad)

    assert raw.hex() != first["plaintext"]
    assert record == record_of(first)


@pytest.mark.parametrize("vector", vectors("mac-*.json"))
def test_a_mac_is_what_its_vector_says(vector):
    mac = data_key(vector).mac(bytes.fromhex(vector["message"]))

    assert mac.hex() == vector["mac"]


@pytest.mark.parametrize("vector", vectors("context-*.json"))
def test_a_wrap_context_is_what_its_vector_says(vector):
    store_id, dek_id = bytes.fromhex(vector["store_id"]), bytes.fromhex(vector["dek_id"])

    context = wrap_context(store_id, vector["tenant"], vector["connection"], dek_id)

    assert context.hex() == vector["context"]


def test_the_vectors_are_what_their_script_writes(tmp_path):
    script = [sys.executable, "-B", str(VECTORS / "make.py"), str(tmp_path)]

    subprocess.run(script, check=True, timeout=30)

    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_text() for path in VECTORS.glob("*.json")}


@pytest.mark.parametrize("vector", vectors("wrap-*.json"))
async def test_a_wrapped_key_ends_as_its_vector_says(tmp_path, vector):
    keys = LocalKeys.open(key_file(tmp_path, vector, "key_file"))

    item = Wrapped(bytes.fromhex(vector["wrapped"]), place_of(vector))
    (answer,) = await keys.unwrap([item])

    if vector["outcome"] == "Corrupt":
        assert isinstance(answer, Corrupt)
        assert vector["reason"] in str(answer)
    else:
        assert answer.hex() == vector["dek"]


@pytest.mark.parametrize("vector", vectors("keyfile-*.json"))
async def test_a_key_file_ends_as_its_vector_says(tmp_path, vector):
    path = key_file(tmp_path, vector)
    if vector["outcome"] == "Misconfigured":
        with pytest.raises(Misconfigured, match=vector["reason"]):
            LocalKeys.open(path)
        return

    keys = LocalKeys.open(path)

    assert keys.id == f"local:{vector['id']}"
    assert await keys.version() == max(vector["versions"])
