"""Keys in a file that only its owner can read: for development, or for one small machine."""

import asyncio
import os
import secrets
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector_vault.envelope import DEK_SIZE, wipe
from connector_vault.errors import BadArguments, Corrupt, KeysUnavailable, Misconfigured
from connector_vault.keys import Raw, Wrapped
from connector_vault.keys.local.file import Keys, fresh, publish, read, replacing

__all__ = ["LocalKeys"]

_WRAPPED_SIZE = 64
"""Bytes: key version 4, nonce 12, data key 32, tag 16."""

_TURN = 32
"""Data keys wrapped anew before others have a turn."""

_version = struct.Struct(">I")


class LocalKeys:
    """A holder whose keys lie in a file and, while it lives, in this process."""

    def __init__(self, path: Path, keys: Keys, seen: "_Seen | None") -> None:
        self.id = f"local:{keys.id}"
        self._path = path
        self._seen = seen
        self._keys: Mapping[int, AESGCM] = {}
        self._latest = 0
        self._learn(keys)

    @classmethod
    def create(cls, path: str | os.PathLike[str]) -> Self:
        """Make a key file with one new key, and open it.

        Raises:
            Misconfigured: something is there already, or the file cannot be written.
        """
        try:
            publish(_place(path), fresh())
        except FileExistsError as error:
            raise Misconfigured(f"{path} exists, and is not replaced by a new key") from error
        return cls.open(path)

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, create: bool = False) -> Self:
        """Open a key file. `create` makes it if it is missing; of two who try, one does.

        Raises:
            Misconfigured: it is missing, unsafe or malformed, or cannot be read or written.
        """
        path = _place(path)
        if create and not os.path.lexists(path):
            with suppress(FileExistsError):
                publish(path, fresh())
        seen = _look(path)
        return cls(path, read(path), seen)

    async def version(self) -> int:
        self._look_again()
        return self._latest

    async def wrap(self, items: Sequence[Raw]) -> list[bytes]:
        self._check_open()
        return [self._wrap(item) for item in items]

    async def unwrap(self, items: Sequence[Wrapped]) -> list[bytearray | Corrupt]:
        self._check_open()
        return [self._unwrap(item) for item in items]

    async def rewrap(self, items: Sequence[Wrapped]) -> list[bytes | Corrupt]:
        answers: list[bytes | Corrupt] = []
        for start in range(0, len(items), _TURN):
            self._check_open()
            answers += map(self._rewrap, items[start : start + _TURN])
            # A rotation makes many of these, and whoever wants a token meanwhile has a turn.
            await asyncio.sleep(0)
        return answers

    async def health(self) -> None:
        """Return if the file still opens what is wrapped here.

        A process lives on without its file, but the next one would not start.
        """
        later = LocalKeys.open(self._path)
        (probe,) = await self.wrap([Raw(bytearray(DEK_SIZE), b"health")])
        (answer,) = await later.unwrap([Wrapped(probe, b"health")])
        if later.id != self.id or isinstance(answer, Corrupt):
            raise Misconfigured(f"{self._path} no longer holds the key that was read from it")

    async def close(self) -> None:
        """Forget the keys."""
        self._keys = {}

    async def oldest(self) -> int:
        self._look_again()
        return min(self._keys)

    async def rotate(self) -> int:
        """Add a version to the file. Of two who try at once, each adds one.

        Raises:
            Misconfigured: the file cannot be replaced.
        """
        with replacing(self._path):
            self._replace(self._read().with_new())
        return self._latest

    async def retire(self, before: int) -> None:
        """Take older versions out of the file, and wipe the file that had them.

        What a disk, a snapshot or a backup keeps of it is out of our reach.

        Raises:
            BadArguments: nothing would be left that wraps.
            Misconfigured: the file cannot be replaced.
        """
        with replacing(self._path):
            keys = self._read()
            if before > keys.latest:
                raise BadArguments(f"version {keys.latest} is the newest one, and stays")
            self._replace(keys.since(before))

    def _check_open(self) -> None:
        if not self._keys:
            raise KeysUnavailable("the vault was closed: open it again")

    def _read(self) -> Keys:
        keys = read(self._path)
        if f"local:{keys.id}" != self.id:
            raise Misconfigured(f"{self._path} is another key file than the one that was opened")
        return keys

    def _replace(self, keys: Keys) -> None:
        publish(self._path, keys, over=True)
        self._seen = _look(self._path)
        self._learn(keys)

    def _learn(self, keys: Keys) -> None:
        self._keys = {version: AESGCM(key) for version, key in keys.keys.items()}
        self._latest = keys.latest

    def _look_again(self) -> None:
        """See what other processes did to the file. What cannot be read changes nothing."""
        seen = _look(self._path)
        if seen not in (self._seen, None):
            with suppress(Misconfigured):
                self._learn(self._read())
                self._seen = seen

    def _wrap(self, item: Raw) -> bytes:
        if len(item.key) != DEK_SIZE:
            raise BadArguments(f"a data key is {DEK_SIZE} bytes long, not {len(item.key)}")
        nonce = secrets.token_bytes(12)
        sealed = self._keys[self._latest].encrypt(nonce, item.key, item.context)
        return _version.pack(self._latest) + nonce + sealed

    def _unwrap(self, item: Wrapped) -> bytearray | Corrupt:
        if len(item.key) != _WRAPPED_SIZE:
            size = len(item.key)
            return Corrupt(f"a wrapped data key is {_WRAPPED_SIZE} bytes long, not {size}")
        (version,) = _version.unpack_from(item.key)
        if version not in self._keys:
            self._look_again()
        key = self._keys.get(version)
        if key is None:
            words = f"a data key is wrapped under version {version}, not held by {self.id}"
            newer = version > self._latest
            why = "bring its newest key file back" if newer else "that version was destroyed"
            return Corrupt(f"{words}: {why}")
        raw = bytearray(DEK_SIZE)
        try:
            key.decrypt_into(item.key[4:16], item.key[16:], item.context, raw)
        except InvalidTag:
            wipe(raw)
            return Corrupt("a wrapped data key was altered, or belongs to another place or holder")
        return raw

    def _rewrap(self, item: Wrapped) -> bytes | Corrupt:
        raw = self._unwrap(item)
        if isinstance(raw, Corrupt):
            return raw
        try:
            return self._wrap(Raw(raw, item.context))
        finally:
            wipe(raw)

    def __repr__(self) -> str:
        return f"<LocalKeys {self.id}>"


_Seen = tuple[int, int, int, int]


def _place(path: str | os.PathLike[str]) -> Path:
    """Give the place of a key file for good, as that of a database is: a program may move about."""
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError:
        raise Misconfigured(f"{path} begins in a home that is not known: write it out") from None


def _look(path: Path) -> _Seen | None:
    """Give what tells a file from the one that replaced it. None: there is none."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
