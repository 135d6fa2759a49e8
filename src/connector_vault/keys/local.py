"""Keys in a file that only its owner can read. For one machine; rotate by adding a line."""

import base64
import errno
import os
import re
import secrets
import shlex
import stat
import struct
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector_vault.envelope import DEK_SIZE, wipe
from connector_vault.errors import BadArguments, Corrupt, Misconfigured
from connector_vault.keys import Raw, Wrapped

__all__ = ["LocalKeys"]

_MAX_FILE = 64 * 1024
"""Bytes. Holds more than the most versions there may be."""

_MAX_VERSIONS = 1000
"""A rotation each week for nineteen years."""

_MAX_VERSION = 2**32 - 1
_WRAPPED_SIZE = 64
"""Bytes: key version 4, nonce 12, data key 32, tag 16."""

_HEADER = re.compile(rb"connector_vault/cv1/keys ([0-9a-f]{32})")
_ENTRY = re.compile(rb"([1-9][0-9]{0,9}) ([A-Za-z0-9+/]{43}=)")

_version = struct.Struct(">I")
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""Without O_NONBLOCK, opening a named pipe waits for ever."""


class LocalKeys:
    """A holder whose keys lie in a file and, while it lives, in this process."""

    def __init__(self, path: Path, file_id: str, keys: Mapping[int, AESGCM]) -> None:
        self.id = f"local:{file_id}"
        self._path = path
        self._keys = keys
        self._latest = max(keys)

    @classmethod
    def create(cls, path: str | os.PathLike[str]) -> Self:
        """Make a key file with one new key, and open it.

        Raises:
            Misconfigured: something is there already, or the file cannot be written.
        """
        try:
            _publish(Path(path), _new_file())
        except FileExistsError as error:
            raise Misconfigured(f"{path} exists, and is not replaced by a new key") from error
        return cls.open(path)

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, create: bool = False) -> Self:
        """Open a key file. `create` makes it if it is missing; of two who try, one does.

        Raises:
            Misconfigured: it is missing, unsafe or malformed, or cannot be read or written.
        """
        path = Path(path)
        if create and not os.path.lexists(path):
            with suppress(FileExistsError):
                _publish(path, _new_file())
        file_id, keys = _parse(path, _read(path))
        return cls(path, file_id, keys)

    async def version(self) -> int:
        return self._latest

    async def wrap(self, items: Sequence[Raw]) -> list[bytes]:
        return [self._wrap(item) for item in items]

    async def unwrap(self, items: Sequence[Wrapped]) -> list[bytearray | Corrupt]:
        return [self._unwrap(item) for item in items]

    async def rewrap(self, items: Sequence[Wrapped]) -> list[bytes | Corrupt]:
        return [self._rewrap(item) for item in items]

    async def health(self) -> None:
        """Return if the file still opens what is wrapped here.

        A process lives on without its file, but the next one would not start.
        """
        later = LocalKeys.open(self._path)
        (probe,) = await self.wrap([Raw(bytearray(DEK_SIZE), b"health")])
        (answer,) = await later.unwrap([Wrapped(probe, b"health")])
        if later.id != self.id or isinstance(answer, Corrupt):
            raise Misconfigured(f"{self._path} no longer holds the key that was read from it")

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
        key = self._keys.get(version)
        if key is None:
            return Corrupt(f"a data key is wrapped under version {version}, not held by {self.id}")
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


def _new_file() -> bytes:
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    return f"connector_vault/cv1/keys {secrets.token_hex(16)}\n1 {key}\n".encode()


def _parse(path: Path, text: bytes) -> tuple[str, dict[int, AESGCM]]:
    header, *lines = text.split(b"\n")
    named = _HEADER.fullmatch(header)
    if named is None:
        raise Misconfigured(f"{path} is not a key file that this version reads")
    if not any(lines):
        raise Misconfigured(f"the key file {path} has no key")
    if lines.pop():
        raise Misconfigured(f"the key file {path} was cut off: its last line has no end")
    if len(lines) > _MAX_VERSIONS:
        raise Misconfigured(f"the key file {path} has more than {_MAX_VERSIONS} versions")
    keys: dict[int, AESGCM] = {}
    latest = 0
    for number, line in enumerate(lines, start=2):
        version, key = _entry(line)
        if not latest < version <= _MAX_VERSION:
            raise Misconfigured(
                f"line {number} of the key file {path} is malformed or out of order"
            )
        keys[version] = AESGCM(key)
        latest = version
    return named[1].decode(), keys


def _entry(line: bytes) -> tuple[int, bytes]:
    """Read a version and its key. Version 0, which none has, stands for a malformed line."""
    entry = _ENTRY.fullmatch(line)
    if entry is None:
        return 0, b""
    key = base64.b64decode(entry[2])
    # The last letter carries two bits that mean nothing: one key has one spelling.
    return (int(entry[1]), key) if base64.b64encode(key) == entry[2] else (0, b"")


def _read(path: Path) -> bytes:
    try:
        with open(path, "rb", opener=lambda name, _: os.open(name, _OPEN)) as file:
            _check(path, os.fstat(file.fileno()))
            text = file.read(_MAX_FILE + 1)
    except FileNotFoundError as error:
        mend = "bring it back or name it; a new vault is made by connector-vault init"
        raise Misconfigured(f"there is no key file {path}: {mend}") from error
    except OSError as error:
        why = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
        raise Misconfigured(f"the key file {path} cannot be read: {why}") from error
    if len(text) > _MAX_FILE:
        raise Misconfigured(f"the key file {path} is longer than {_MAX_FILE} bytes")
    return text


def _check(path: Path, status: os.stat_result) -> None:
    # Of the file that was opened, not of its name, which may lead elsewhere a moment later.
    if not stat.S_ISREG(status.st_mode):
        raise Misconfigured(f"the key file {path} cannot be read: it is not a regular file")
    if status.st_uid not in (0, os.geteuid()):
        raise Misconfigured(f"the key file {path} belongs to another user, number {status.st_uid}")
    if status.st_mode & 0o077:
        command = f"chmod 600 {shlex.quote(str(path))}"
        raise Misconfigured(f"others than its owner may use the key file {path}: run {command}")


def _publish(path: Path, text: bytes) -> None:
    """Make a file appear whole, or not at all.

    Raises:
        FileExistsError: the name is taken.
        Misconfigured: it cannot be written there.
    """
    try:
        _make_folder(path.parent)
        # mkstemp opens with O_CREAT, O_EXCL and O_NOFOLLOW, mode 0600.
        handle, draft = tempfile.mkstemp(prefix=".connector-vault-", dir=path.parent)
        try:
            _write(handle, text)
            os.link(draft, path)
        finally:
            Path(draft).unlink()
        _sync(path.parent)
    except FileExistsError:
        raise
    except OSError as error:
        raise Misconfigured(f"the key file {path} cannot be made: {error.strerror}") from error


def _write(handle: int, text: bytes) -> None:
    with os.fdopen(handle, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(handle)


def _make_folder(folder: Path) -> None:
    if folder.exists():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    """Make what was put into a folder outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
