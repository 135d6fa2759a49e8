"""How records lie in a journal's file: each begins on a block of its own."""

import re
import struct
import zlib

__all__ = ["BLOCK", "MAX_FILE", "MAX_RECORD", "Space", "blocks", "frame", "header", "owner", "read"]

BLOCK = 4096
"""Bytes. A disk writes no less at once: what tears one record does not touch another."""

MAX_RECORD = 128 * 1024
"""Bytes. The longest answer of a token endpoint that is read, once it is sealed."""

MAX_FILE = 64 * 1024 * 1024
"""Bytes: sixteen thousand usual records that wait for a database."""

_HEADER = re.compile(rb"connector_vault/cv1/journal 1 ([0-9a-z.-]{1,64})\n\0*")
_head = struct.Struct(">QII")
"""A record's number, its length in bytes, and the checksum of both and of the record."""


class Space:
    """Which blocks of a file are taken. The first is the header's."""

    def __init__(self) -> None:
        self._taken = bytearray(b"\1")

    def take(self, count: int) -> int:
        """Take so many free blocks in a row, beyond all others if need be. Give the first."""
        first = self._taken.find(bytes(count))
        if first < 0:
            first = len(self._taken.rstrip(b"\0"))
        self._taken[first : first + count] = b"\1" * count
        return first

    def give(self, first: int, end: int) -> None:
        """Give the blocks before `end` back."""
        self._taken[first:end] = bytes(end - first)


def blocks(size: int) -> int:
    """Count the blocks that so many bytes need."""
    return -(-size // BLOCK)


def frame(number: int, record: bytes) -> bytes:
    """Say of a record, in front of it, what tells it from a torn one."""
    return _head.pack(number, len(record), _checksum(number, record)) + record


def header(process: str) -> bytes:
    """Give the first block: whose file it is."""
    return f"connector_vault/cv1/journal 1 {process}\n".encode().ljust(BLOCK, b"\0")


def owner(content: bytes) -> str | None:
    """Tell whose file it is. None: it is of a version that is not read here."""
    first = content[:BLOCK]
    if not first.strip(b"\0"):
        # Its process ended before it had said so, and so before its first record.
        return ""
    named = _HEADER.fullmatch(first)
    return named[1].decode() if named else None


def read(content: bytes) -> list[bytes]:
    """Give the records of a file, by their numbers.

    What was torn or wiped is passed over. It hides no other: every block may begin a record.
    """
    found: dict[int, bytes] = {}
    at = BLOCK
    while at + _head.size <= len(content):
        number, size, checksum = _head.unpack_from(content, at)
        record = content[at + _head.size : at + _head.size + size] if size <= MAX_RECORD else b""
        whole = bool(record) and _checksum(number, record) == checksum
        if whole:
            found[number] = record
        at += blocks(_head.size + size) * BLOCK if whole else BLOCK
    return [found[number] for number in sorted(found)]


def _checksum(number: int, record: bytes) -> int:
    return zlib.crc32(record, zlib.crc32(struct.pack(">QI", number, len(record))))
