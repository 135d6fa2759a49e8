"""Seal a credential under the data key of its connection, bound to its place: format CV1.

docs/reference/cv1.md lays out every byte. Nothing here reads a clock, a file or a setting.
"""

import hmac
import json
import secrets
import struct
from collections.abc import Callable, Mapping
from typing import NamedTuple, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from connector_vault.errors import BadArguments, Corrupt

__all__ = [
    "DEK_ID_SIZE",
    "DEK_SIZE",
    "MAX_PLAINTEXT",
    "MAX_RECORD",
    "Binding",
    "DataKey",
    "decode",
    "dek_id_of",
    "encode",
    "length_prefixed",
    "wipe",
    "wrap_context",
]

DEK_SIZE = 32
"""Bytes of a raw data key."""

DEK_ID_SIZE = 16
"""Bytes, drawn at random with the key. The id is no secret."""

MAX_PLAINTEXT = 64 * 1024
"""Bytes. Token sets are a few hundred to a few thousand; whoever writes more is not writing one."""

_MAGIC = b"\xc5\x01"
"""Format and suite. Another suite is another number, never an option of this one."""

_HEAD = slice(0, 50)
"""Magic, data key id, commitment: the same in every record under one key."""

_NONCE = slice(50, 62)
_BODY = slice(62, None)
_TAG_SIZE = 16
_OVERHEAD = 62 + _TAG_SIZE

MAX_RECORD = MAX_PLAINTEXT + _OVERHEAD
"""Bytes. A longer row is not opened."""

_DOMAIN = b"connector_vault/cv1/"

_length = struct.Struct(">I").pack
_numbers = struct.Struct(">IQQ").pack


class Binding(NamedTuple):
    """What a record is bound to: every column that steers the use of the credential in it.

    A tuple, because one is built for each read of a credential.
    """

    tenant: str
    user: str
    """Empty: the connection belongs to the workspace itself."""
    connection: str
    grant_id: str
    kind: str
    provider: str
    client_id: str
    generation: int
    expires_at: int
    """Milliseconds since 1970 UTC. 0: never."""
    endpoint: bytes = b""
    """Digest of the addresses of a service defined by configuration. Empty: it has none."""


class DataKey:
    """The key of one connection. It seals, opens and signs, and never shows itself.

    `raw` is wiped, also when an error is raised. Safe to share between threads.

    Raises:
        Corrupt: the id or the key has the wrong length.
    """

    __slots__ = ("_aead", "_head", "_mac", "_place", "_tail", "id")

    def __init__(self, dek_id: bytes, raw: bytearray) -> None:
        try:
            if len(dek_id) != DEK_ID_SIZE or len(raw) != DEK_SIZE:
                sizes = f"{len(dek_id)} and {len(raw)}"
                raise Corrupt(f"a data key has an id of 16 bytes and is 32 bytes long, not {sizes}")
            derived = _derive(raw, b"enc+commit" + dek_id, 64)
            mac_key = _derive(raw, b"mac" + dek_id, 32)
        finally:
            wipe(raw)
        commitment = bytes(derived[32:])
        self.id = dek_id
        self._aead = AESGCM(memoryview(derived)[:32])
        self._mac = hmac.new(mac_key, None, "sha256")
        self._head = _MAGIC + dek_id + commitment
        self._tail = length_prefixed(dek_id, commitment)
        self._place: tuple[tuple[object, ...], bytes] = ((), b"")
        wipe(derived)
        wipe(mac_key)

    def seal(
        self,
        binding: Binding,
        plaintext: bytes | bytearray,
        nonce_of: Callable[[int], bytes] = secrets.token_bytes,
    ) -> bytes:
        """Give the record of `plaintext`. It opens only under an equal `binding`.

        Raises:
            BadArguments: the plaintext is too long, or a number of the binding is out of range.
        """
        if len(plaintext) > MAX_PLAINTEXT:
            raise BadArguments(f"a credential is at most {MAX_PLAINTEXT} bytes when it is sealed")
        try:
            bound = self._bound(binding)
        except struct.error as error:
            raise BadArguments("a generation or an expiry is not within 0 to 2^64 - 1") from error
        nonce = nonce_of(12)
        return self._head + nonce + self._aead.encrypt(nonce, plaintext, bound)

    def open(self, binding: Binding, record: bytes) -> bytearray:
        """Give the plaintext of a record. Hand it to `decode`, which wipes it, or to `wipe`.

        Raises:
            Corrupt: the record, or a column it is bound to, is not what was sealed.
        """
        # AES-GCM does not commit to its key: a record can be made that opens under two. So the
        # commitment is compared first.
        size = _size_of(record)
        if not hmac.compare_digest(record[_HEAD], self._head):
            raise Corrupt(f"the record of {_where(binding)} was sealed under another data key")
        plaintext = bytearray(size)
        try:
            self._aead.decrypt_into(record[_NONCE], record[_BODY], self._bound(binding), plaintext)
        except (InvalidTag, struct.error) as error:
            wipe(plaintext)
            what = f"the record of {_where(binding)}, or a column it is bound to, was altered"
            raise Corrupt(what) from error
        return plaintext

    def mac(self, message: bytes) -> bytes:
        """Give the HMAC-SHA256 of a row that is not secret. Compare with `hmac.compare_digest`."""
        mac = self._mac.copy()
        mac.update(message)
        return mac.digest()

    def _bound(self, binding: Binding) -> bytes:
        # The seven texts stay the same from one record of a connection to its next: they are
        # joined once. One attribute holds both, so that two threads cannot mix them.
        place, prefix = self._place
        if binding[:7] != place:
            prefix = length_prefixed(_DOMAIN + b"record", *map(_utf8, binding[:7]))
            self._place = (binding[:7], prefix)
        numbers = _numbers(16, binding.generation, binding.expires_at)
        endpoint = binding.endpoint
        return prefix + numbers + self._tail + _length(len(endpoint)) + endpoint

    def __repr__(self) -> str:
        return f"<DataKey {self.id.hex()}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a DataKey is not pickled")


def dek_id_of(record: bytes) -> bytes:
    """Give the id of the data key that opens `record`.

    Raises:
        Corrupt: it is not a record.
    """
    _size_of(record)
    return record[2:18]


def wrap_context(store_id: bytes, tenant: str, connection: str, dek_id: bytes) -> bytes:
    """Give what a wrapped data key is bound to: this key, of this connection, in this database."""
    return length_prefixed(_DOMAIN + b"dek", store_id, _utf8(tenant), _utf8(connection), dek_id)


def encode(mapping: Mapping[str, object]) -> bytes:
    """Write canonical JSON: UTF-8, keys sorted, no spaces, no escapes beyond the needed.

    Raises:
        BadArguments: it holds what JSON or UTF-8 cannot: NaN, an object, half a surrogate pair.
    """
    try:
        return _encode(dict(mapping)).encode()
    except (TypeError, ValueError, RecursionError) as error:
        kind = type(error).__name__
    # Not inside the except: the error, which quotes the secret, would hang on ours as its context.
    raise BadArguments(f"a credential cannot be written as JSON ({kind})")


def decode(plaintext: bytearray) -> dict[str, object]:
    """Read what `encode` wrote, and wipe `plaintext`. The texts in the result cannot be wiped.

    Raises:
        Corrupt: it is not a JSON object.
    """
    value: dict[str, object] | list[object] | str | float | None
    try:
        value = _decode(plaintext.decode())
    except (ValueError, RecursionError):
        value = None
    finally:
        wipe(plaintext)
    if isinstance(value, dict):
        return value
    raise Corrupt("a record was opened, but does not hold a JSON object")


def wipe(buffer: bytearray) -> None:
    """Write zeros over `buffer`, in place."""
    buffer[:] = bytes(len(buffer))


def length_prefixed(*fields: bytes) -> bytes:
    """Join fields so that no other list of fields gives the same bytes."""
    return b"".join(_length(len(field)) + field for field in fields)


def _derive(raw: bytearray, purpose: bytes, size: int) -> bytearray:
    derived = bytearray(size)
    HKDFExpand(SHA256(), size, _DOMAIN + purpose).derive_into(raw, derived)
    # The library frees a copy of the last block. These are laid over it, where Python's own
    # allocator is used.
    _ = [bytes(32) for _ in range(4)]
    return derived


def _size_of(record: bytes) -> int:
    size = len(record) - _OVERHEAD
    if not 0 <= size <= MAX_PLAINTEXT:
        bounds = f"{_OVERHEAD} to {MAX_RECORD}"
        raise Corrupt(f"a record is {bounds} bytes long, this one has {len(record)}")
    if record[:2] != _MAGIC:
        raise Corrupt(f"a record begins with {_MAGIC.hex()}, this one with {record[:2].hex()}")
    return size


def _where(binding: Binding) -> str:
    return f"connection {binding.connection[:64]!r}, generation {binding.generation}"


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise BadArguments("a name holds half a surrogate pair, which no text can") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode
_decode = json.JSONDecoder(parse_constant=_refuse).decode
