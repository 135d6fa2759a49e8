"""Data keys wrapped anew and stored, one batch after another, with nothing around it."""

import os
import sqlite3
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from secrets import token_bytes

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchmarks.openbao import Bao

__all__ = ["local", "on_openbao"]

_COMMIT = 512
"""Data keys to one commit."""

_REQUEST = 128
"""Data keys to one request."""

_TABLE = """
    create table dek (dek_id blob primary key, version integer, wrapped blob) strict, without rowid
"""
_LIST = "select dek_id, wrapped from dek where dek_id > ? order by dek_id limit ?"
_SWAP = "update dek set version = 2, wrapped = ? where dek_id = ? and wrapped = ?"

_Rows = Sequence[tuple[bytes, bytes]]
"""Ids of data keys, which these are bound to, and the wrapped keys."""


def local(folder: Path, number: int) -> float:
    """Give the seconds that so many take by AES-GCM, in this process."""
    old, new = AESGCM(token_bytes(32)), AESGCM(token_bytes(32))

    def anew(dek_id: bytes, wrapped: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + new.encrypt(nonce, old.decrypt(wrapped[:12], wrapped[12:], dek_id), dek_id)

    ids = [token_bytes(16) for _ in range(number)]
    keys = {one: bytes(12) + old.encrypt(bytes(12), bytes(32), one) for one in ids}
    return _swapped(folder, keys, lambda rows: [anew(*row) for row in rows])


def on_openbao(folder: Path, number: int, bao: Bao) -> float:
    """Give the seconds that so many take by Transit, which gives no data key out."""
    name, plain = bao.make(), b64encode(bytes(32)).decode()
    with bao.asking("encrypt", name) as wrap, bao.asking("rewrap", name) as rewrap:

        def made(ids: Sequence[bytes]) -> list[bytes]:
            return _ciphertexts(wrap({"batch_input": [_item(one, plaintext=plain) for one in ids]}))

        def anew(rows: _Rows) -> list[bytes]:
            items = [_item(one, ciphertext=wrapped.decode()) for one, wrapped in rows]
            parts = [items[start : start + _REQUEST] for start in range(0, len(items), _REQUEST)]
            return [one for part in parts for one in _ciphertexts(rewrap({"batch_input": part}))]

        ids = [token_bytes(16) for _ in range(number)]
        parts = [ids[start : start + _REQUEST] for start in range(0, number, _REQUEST)]
        keys = {one: key for part in parts for one, key in zip(part, made(part), strict=True)}
        bao.ask("POST", f"transit/keys/{name}/rotate")
        return _swapped(folder, keys, anew)


def _item(dek_id: bytes, **said: str) -> Mapping[str, str]:
    return {"context": b64encode(dek_id).decode(), **said}


def _ciphertexts(data: Mapping[str, Sequence[Mapping[str, str]]]) -> list[bytes]:
    return [one["ciphertext"].encode() for one in data["batch_results"]]


def _swapped(
    folder: Path, keys: Mapping[bytes, bytes], anew: Callable[[_Rows], Sequence[bytes]]
) -> float:
    """Give the seconds from the first that is read to the last that is stored."""
    with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as database:
        for setting in ("journal_mode = wal", "synchronous = full", "secure_delete = on"):
            database.execute(f"pragma {setting}")
        database.execute(_TABLE)
        database.execute("begin")
        database.executemany("insert into dek values (?, 1, ?)", keys.items())
        database.execute("commit")
        begun, after = time.perf_counter(), b""
        while page := database.execute(_LIST, (after, _COMMIT)).fetchall():
            after = page[-1][0]
            swaps = [(new, *row) for new, row in zip(anew(page), page, strict=True)]
            database.execute("begin immediate")
            database.executemany(_SWAP, swaps)
            database.execute("commit")
        return time.perf_counter() - begun
