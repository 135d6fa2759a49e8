"""Write the vectors, with spec.py alone: `python tests/vectors/make.py tests/vectors`."""

import base64
import hashlib
import json
import struct
import sys
from pathlib import Path

from collide import collide
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from spec import aad_of, context_of, key_file, keys_of, mac, seal, wrap


def value(name, size):
    return hashlib.sha256(b"vector: " + name.encode()).digest()[:size]


DEK_ID, DEK, NONCE = value("dek id", 16), value("dek", 32), value("nonce", 12)
OTHER_ID, OTHER_DEK = value("other dek id", 16), value("other dek", 32)
STORE_ID, FILE_ID = value("store", 16), value("key file", 16)
KEKS = {1: value("kek 1", 32), 2: value("kek 2", 32), 7: value("kek 7", 32)}
FILE = key_file(FILE_ID, KEKS)
PLAINTEXT = '{"access":"gho_example","expires_at":1800000000000,"refresh":"ghr_ex\u00e4mple"}'
BINDING = {
    "tenant": "acme",
    "user": "ada",
    "connection": "con_1",
    "grant_id": "grant_1",
    "kind": "oauth",
    "provider": "github",
    "client_id": "Iv1.example",
    "generation": 3,
    "expires_at": 1800000000000,
    "endpoint": "",
}
OTHER_BINDING = {**BINDING, "connection": "con_2", "grant_id": "grant_2"}
FOREIGN_BINDING = {**BINDING, "tenant": "evil"}
RECORD = seal(DEK_ID, DEK, BINDING, NONCE, PLAINTEXT.encode())


# The vectors: name and contents. Bytes are written in hexadecimal.


def golden(**change):
    binding = {**BINDING, **change}
    key, commitment = keys_of(DEK_ID, DEK)
    record = seal(DEK_ID, DEK, binding, NONCE, PLAINTEXT.encode())
    between = {"key": key, "aad": aad_of(binding, DEK_ID, commitment), "nonce": NONCE}
    return record_vector(record, binding, plaintext=PLAINTEXT.encode(), **between)


def record_vector(record, binding=BINDING, dek_id=DEK_ID, dek=DEK, **outcome):
    vector = {"dek_id": dek_id, "dek": dek, "binding": binding, "record": record, **outcome}
    return {"outcome": "opens" if "plaintext" in outcome else "Corrupt", **vector}


def golden_records():
    yield "golden", golden()
    yield "golden-user-none", golden(user="")
    yield "golden-never-expires", golden(expires_at=0)
    yield "golden-endpoint", golden(kind="api-key", endpoint=value("endpoint", 32).hex())
    yield "golden-text-beyond-ascii", golden(tenant="caf\u00e9 \U0001f510", user="\u738b")
    yield "golden-greatest-numbers", golden(generation=2**64 - 1, expires_at=2**64 - 1)


def changed_columns():
    """One column of the row is not what was sealed."""
    for name, changed in {
        "tenant": "evil",
        "user": "eve",
        "connection": "con_2",
        "grant_id": "grant_2",
        "kind": "token",
        "provider": "gitlab",
        "client_id": "Iv1.evil",
        "generation": 4,
        "expires_at": 0,
        "endpoint": value("endpoint", 32).hex(),
    }.items():
        yield f"column-{name}", record_vector(RECORD, {**BINDING, name: changed}, reason="altered")
    shifted = {**BINDING, "tenant": "acm", "user": "eada"}
    yield "column-boundary-moved", record_vector(RECORD, shifted, reason="altered")
    swapped = {**BINDING, "generation": BINDING["expires_at"], "expires_at": 3}
    yield "column-numbers-swapped", record_vector(RECORD, swapped, reason="altered")
    negative = {**BINDING, "expires_at": -1}
    yield "column-negative", record_vector(RECORD, negative, reason="altered")
    beyond = {**BINDING, "generation": 2**64}
    yield "column-beyond-64-bits", record_vector(RECORD, beyond, reason="altered")


def changed_bytes():
    """One part of the record is not what was sealed."""
    for name, (at, reason) in {
        "magic": (0, "begins with c501"),
        "suite": (1, "begins with c501"),
        "dek-id": (2, "another data key"),
        "commitment": (18, "another data key"),
        "nonce": (50, "altered"),
        "ciphertext": (62, "altered"),
        "tag": (len(RECORD) - 1, "altered"),
    }.items():
        flipped = RECORD[:at] + bytes([RECORD[at] ^ 0x80]) + RECORD[at + 1 :]
        yield f"flipped-{name}", record_vector(flipped, reason=reason)
    for name, record, reason in (
        ("empty", b"", "78 to 65614 bytes"),
        ("header-only", RECORD[:62], "78 to 65614 bytes"),
        ("one-short-of-the-shortest", RECORD[:77], "78 to 65614 bytes"),
        ("truncated-to-no-ciphertext", RECORD[:78], "altered"),
        ("truncated-by-one", RECORD[:-1], "altered"),
        ("truncated-tag", RECORD[:-16], "altered"),
        ("extended-by-one", RECORD + b"\0", "altered"),
        ("extended-by-a-record", RECORD + RECORD, "altered"),
        ("prefixed", b"\0" + RECORD, "begins with c501"),
        ("suite-zero", b"\xc5\x00" + RECORD[2:], "begins with c501"),
        ("suite-two", b"\xc5\x02" + RECORD[2:], "begins with c501"),
    ):
        yield name, record_vector(record, reason=reason)


def transplants():
    """A genuine record in a place that is not its own."""
    other = seal(OTHER_ID, OTHER_DEK, OTHER_BINDING, NONCE, PLAINTEXT.encode())
    foreign = seal(OTHER_ID, OTHER_DEK, FOREIGN_BINDING, NONCE, PLAINTEXT.encode())
    yield "swapped-within-tenant", record_vector(other, reason="another data key")
    yield "swapped-between-tenants", record_vector(foreign, reason="another data key")
    graft = {"dek_id": OTHER_ID, "dek": OTHER_DEK, "reason": "altered"}
    yield "grafted-with-its-key", record_vector(other, **graft)
    yield "grafted-with-its-key-between-tenants", record_vector(foreign, **graft)
    renamed = RECORD[:2] + OTHER_ID + RECORD[18:]
    yield (
        "renamed-to-another-key",
        record_vector(renamed, dek_id=OTHER_ID, dek=OTHER_DEK, reason="another data key"),
    )
    yield "key-under-a-foreign-id", record_vector(RECORD, dek=OTHER_DEK, reason="another data key")


def sizes():
    """The longest record opens. One byte more does not, though it was sealed by the rules."""
    key, _ = keys_of(DEK_ID, DEK)
    for name, size in (("longest", 65536), ("oversize", 65537)):
        # A plaintext whose ciphertext is zeros keeps the file short.
        stream = Cipher(algorithms.AES(key), modes.CTR(NONCE + struct.pack(">I", 2)))
        plaintext = stream.encryptor().update(bytes(size))
        record = seal(DEK_ID, DEK, BINDING, NONCE, plaintext)
        assert record[62:-16] == bytes(size)
        pieces = {"record": record[:62], "zeros": size, "tail": record[-16:]}
        hashed = {"plaintext_sha256": hashlib.sha256(plaintext).digest()}
        outcome = {"outcome": "opens", **hashed} if size == 65536 else {"reason": "78 to 65614"}
        yield name, {**record_vector(**pieces), **outcome}


def collision():
    """AES-GCM opens this under two keys. The commitment names one."""
    key, commitment = keys_of(DEK_ID, DEK)
    aad = aad_of(BINDING, DEK_ID, commitment)
    raw_key, _ = keys_of(DEK_ID, OTHER_DEK)
    body = collide((key, raw_key), NONCE, aad)
    record = b"\xc5\x01" + DEK_ID + commitment + NONCE + body
    plaintext = AESGCM(key).decrypt(NONCE, body, aad)
    yield "two-keys-first", record_vector(record, plaintext=plaintext)
    second = {"dek": OTHER_DEK, "reason": "another data key", "raw_key": raw_key, "raw_aad": aad}
    yield "two-keys-second", record_vector(record, **second)


def macs():
    for name, message in (("empty", b""), ("row", b"pending consent")):
        expected = mac(DEK_ID, DEK, message)
        yield name, {"dek_id": DEK_ID, "dek": DEK, "message": message, "mac": expected}


PLACE = {"store_id": STORE_ID, "tenant": "acme", "connection": "con_1", "dek_id": DEK_ID}


def contexts():
    yield "golden", {**PLACE, "context": context_of(**PLACE)}
    place = {**PLACE, "tenant": "caf\u00e9", "connection": ""}
    yield "text-beyond-ascii-and-empty", {**place, "context": context_of(**place)}


def wrap_vector(wrapped, place=PLACE, file=FILE, **outcome):
    vector = {"key_file": file, "place": place, "wrapped": wrapped, **outcome}
    return {"outcome": "opens" if "dek" in outcome else "Corrupt", **vector}


def wraps():
    context = context_of(**PLACE)
    wrapped = {version: wrap(version, kek, NONCE, context, DEK) for version, kek in KEKS.items()}
    yield "golden", wrap_vector(wrapped[7], dek=DEK)
    yield "golden-older-version", wrap_vector(wrapped[1], dek=DEK)
    for name, changed in {
        "store_id": value("other store", 16),
        "tenant": "evil",
        "connection": "con_2",
        "dek_id": OTHER_ID,
    }.items():
        place = {**PLACE, name: changed}
        yield f"foreign-{name}", wrap_vector(wrapped[7], place, reason="altered")
    good = wrapped[7]
    for name, bad, reason in (
        ("under-another-version", wrapped[1][:3] + b"\2" + wrapped[1][4:], "altered"),
        ("under-an-unknown-version", good[:3] + b"\x08" + good[4:], "version 8"),
        ("under-version-zero", bytes(4) + good[4:], "version 0"),
        ("flipped-nonce", good[:4] + bytes([good[4] ^ 1]) + good[5:], "altered"),
        ("flipped-key", good[:16] + bytes([good[16] ^ 1]) + good[17:], "altered"),
        ("flipped-tag", good[:-1] + bytes([good[-1] ^ 1]), "altered"),
        ("truncated", good[:-1], "64 bytes"),
        ("extended", good + b"\0", "64 bytes"),
        ("empty", b"", "64 bytes"),
        ("short-key", wrap(7, KEKS[7], NONCE, context, DEK[:31]), "64 bytes"),
    ):
        yield name, wrap_vector(bad, reason=reason)
    other = key_file(value("other file", 16), {7: value("other kek", 32)})
    yield "under-another-key-file", wrap_vector(good, file=other, reason="altered")


def key_files():
    yield "golden", key_file_vector(FILE, versions=[1, 2, 7])
    one = key_file(FILE_ID, {2**32 - 1: KEKS[1]})
    versions = [2**32 - 1]
    yield "golden-greatest-version", key_file_vector(one, versions=versions)
    header, first, second, _ = FILE.splitlines(keepends=True)
    key = first[2:]
    for name, text, reason in (
        ("empty", "", "not a key file"),
        ("junk", "-----BEGIN PRIVATE KEY-----\n", "not a key file"),
        ("unknown-format", FILE.replace("cv1", "cv2"), "not a key file"),
        ("short-id", header[:-2] + "\n" + first, "not a key file"),
        ("id-in-capitals", header[:-33] + FILE_ID.hex().upper() + "\n" + first, "not a key file"),
        ("byte-order-mark", "\ufeff" + FILE, "not a key file"),
        ("no-keys", header, "has no key"),
        ("header-without-end", header[:-1], "has no key"),
        ("no-last-newline", FILE[:-1], "was cut off"),
        ("cut-within-a-key", FILE[:-10], "was cut off"),
        ("windows-lines", FILE.replace("\n", "\r\n"), "not a key file"),
        ("windows-line", header + first[:-1] + "\r\n", "line 2"),
        ("blank-line", header + first + "\n", "line 3"),
        ("comment", header + "# mine\n" + first, "line 2"),
        ("two-spaces", header + "1  " + key, "line 2"),
        ("space-at-end", header + first[:-1] + " \n", "line 2"),
        ("version-zero", header + "0 " + key, "line 2"),
        ("version-with-zeros", header + "01 " + key, "line 2"),
        ("version-negative", header + "-1 " + key, "line 2"),
        ("version-beyond-32-bits", header + f"{2**32} " + key, "line 2"),
        ("version-twice", header + first + first, "line 3"),
        ("versions-descending", header + second + first, "line 3"),
        ("digits-beyond-ascii", header + "\u0661 " + key, "line 2"),
        ("key-too-short", header + "1 " + base64.b64encode(bytes(31)).decode() + "\n", "line 2"),
        ("key-too-long", header + "1 " + base64.b64encode(bytes(33)).decode() + "\n", "line 2"),
        ("key-without-padding", header + first[:-2] + "\n", "line 2"),
        ("key-not-canonical", header + "1 " + "A" * 42 + "B=\n", "line 2"),
        ("key-url-safe", header + "1 " + "_" * 42 + "8=\n", "line 2"),
        ("key-in-hexadecimal", header + "1 " + bytes(32).hex() + "\n", "line 2"),
        ("header-twice", header + header + first, "line 2"),
        ("text-after-keys", FILE + "end\n", "line 5"),
    ):
        yield name, key_file_vector(text, reason=reason)


def long_key_files():
    """Written as a header and a line that is repeated, {} being its version."""
    repeated = {
        "file": f"connector_vault/cv1/keys {FILE_ID.hex()}\n",
        "line": "{} " + "A" * 43 + "=\n",
    }
    versions = list(range(1, 1001))
    yield "most-versions", key_file_vector(**repeated, lines=1000, versions=versions)
    yield "too-many-versions", key_file_vector(**repeated, lines=1001, reason="1000 versions")
    yield "too-long", key_file_vector(**repeated, lines=1400, reason="65536 bytes")


def key_file_vector(file, **outcome):
    if "versions" in outcome:
        return {"outcome": "opens", "file": file, "id": FILE_ID, **outcome}
    return {"outcome": "Misconfigured", "file": file, **outcome}


KINDS = {
    "record": (golden_records, changed_columns, changed_bytes, transplants, sizes, collision),
    "mac": (macs,),
    "context": (contexts,),
    "wrap": (wraps,),
    "keyfile": (key_files, long_key_files),
}


def vectors():
    for kind, groups in KINDS.items():
        for group in groups:
            for name, vector in group():
                text = json.dumps(vector, indent=2, sort_keys=True, default=bytes.hex)
                yield f"{kind}-{name.replace('_', '-')}.json", text + "\n"


if __name__ == "__main__":
    # The format never changes: a run may add a file, but changes none.
    for name, text in vectors():
        (Path(sys.argv[1]) / name).write_text(text)
