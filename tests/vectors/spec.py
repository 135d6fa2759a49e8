"""The format, from docs/reference/cv1.md, a second time: nothing of connector_vault is imported.

The vectors are made with this, and connector_vault has to agree with it on every byte.
"""

import base64
import hmac
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TEXTS = ("tenant", "user", "connection", "grant_id", "kind", "provider", "client_id")


def lp(*fields):
    return b"".join(struct.pack(">I", len(field)) + field for field in fields)


def expand(key, info, size):
    """HKDF-Expand, spelt out (RFC 5869 section 2.3), so that it is not the same code twice."""
    block, out = b"", b""
    for counter in range(1, -(-size // 32) + 1):
        block = hmac.digest(key, block + info + bytes([counter]), "sha256")
        out += block
    return out[:size]


def keys_of(dek_id, dek):
    both = expand(dek, b"connector_vault/cv1/enc+commit" + dek_id, 64)
    return both[:32], both[32:]


def aad_of(binding, dek_id, commitment):
    texts = [binding[name].encode() for name in TEXTS]
    numbers = struct.pack(">QQ", binding["generation"], binding["expires_at"])
    endpoint = bytes.fromhex(binding["endpoint"])
    domain = b"connector_vault/cv1/record"
    return lp(domain, *texts, numbers, dek_id, commitment, endpoint)


def seal(dek_id, dek, binding, nonce, plaintext):
    key, commitment = keys_of(dek_id, dek)
    body = AESGCM(key).encrypt(nonce, plaintext, aad_of(binding, dek_id, commitment))
    return b"\xc5\x01" + dek_id + commitment + nonce + body


def unseal(dek_id, dek, binding, record):
    key, commitment = keys_of(dek_id, dek)
    assert record[:50] == b"\xc5\x01" + dek_id + commitment
    return AESGCM(key).decrypt(record[50:62], record[62:], aad_of(binding, dek_id, commitment))


def mac(dek_id, dek, message):
    return hmac.digest(expand(dek, b"connector_vault/cv1/mac" + dek_id, 32), message, "sha256")


def context_of(store_id, tenant, connection, dek_id):
    domain = b"connector_vault/cv1/dek"
    return lp(domain, store_id, tenant.encode(), connection.encode(), dek_id)


def wrap(version, kek, nonce, context, dek):
    return struct.pack(">I", version) + nonce + AESGCM(kek).encrypt(nonce, dek, context)


def key_file(file_id, keks):
    lines = [f"{version} {base64.b64encode(kek).decode()}\n" for version, kek in keks.items()]
    return f"connector_vault/cv1/keys {file_id.hex()}\n" + "".join(lines)
