"""Data keys as Transit writes and reads them: base64 in JSON, wrapped ones as `vault:vN:…`."""

import re
from base64 import b64encode
from binascii import Error, a2b_base64
from collections.abc import Mapping
from typing import TypeAlias

from connector_vault.envelope import DEK_SIZE
from connector_vault.errors import Corrupt
from connector_vault.keys import Raw, Wrapped

__all__ = ["Entry", "corrupt", "data_key", "raw_entry", "version_of", "wrapped_entry"]

Entry: TypeAlias = Mapping[str, str]

_WRAPPED = re.compile(rb"vault:v([1-9][0-9]{0,8}):(?:[A-Za-z0-9+/]{4})+")
"""One wrapped key has one spelling: the server takes v0 and v01 for v1, too. Its base64 is never
filled up with =, because nonce, data key and tag together are 60 or 72 bytes."""

_CORRUPT = {
    "message authentication failed": "was altered, or belongs to another place or holder",
    "too old": "is wrapped under a version that was retired",
    "too new": "is wrapped under a version that this holder does not have",
    "invalid ciphertext": "was altered",
}
"""By parts of the server's words. What else it says of one item is no verdict on that item."""


def raw_entry(item: Raw) -> Entry:
    """Write a data key that is to be wrapped.

    This text, the body it becomes part of and the one that `data_key` reads cannot be wiped, as
    nothing in JSON can. They live as long as one request, in frames that no error of ours keeps.
    """
    return {"plaintext": _text(item.key), "context": _text(item.context)}


def wrapped_entry(item: Wrapped) -> Entry | Corrupt:
    """Write a wrapped data key. What the server would not have written itself is not sent."""
    if not version_of(item.key):
        return Corrupt("a wrapped data key is written vault:vN:…, and this one is not")
    return {"ciphertext": item.key.decode("ascii"), "context": _text(item.context)}


def version_of(wrapped: bytes) -> int:
    """Give the version that a data key is wrapped under. 0: it is not written as one."""
    named = _WRAPPED.fullmatch(wrapped)
    return int(named[1]) if named else 0


def corrupt(words: str) -> Corrupt | None:
    """Tell what the server's words for one item say of it. None: nothing."""
    for part, verdict in _CORRUPT.items():
        if part in words:
            return Corrupt(f"a wrapped data key {verdict}")
    return None


def data_key(plaintext: str) -> bytearray | Corrupt:
    """Read a data key."""
    raw = bytearray()
    try:
        # Letter by letter, so that no whole key is left behind in memory that nobody can wipe.
        for start in range(0, len(plaintext), 4):
            raw += a2b_base64(plaintext[start : start + 4])
    except (Error, ValueError):
        raw.clear()
    if len(raw) != DEK_SIZE:
        return Corrupt(f"what was wrapped is no data key of {DEK_SIZE} bytes")
    return raw


def _text(data: bytes | bytearray) -> str:
    return b64encode(data).decode("ascii")
