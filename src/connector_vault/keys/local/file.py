"""The file that holds keys: read with care, and replaced as a whole."""

import base64
import errno
import fcntl
import os
import re
import secrets
import shlex
import stat
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from connector_vault.errors import Misconfigured

__all__ = ["Keys", "fresh", "publish", "read", "replacing"]

_MAX_FILE = 64 * 1024
"""Bytes. Holds more than the most versions there may be."""

_MAX_VERSIONS = 1000
"""A rotation each week for nineteen years."""

_MAX_VERSION = 2**32 - 1

_HEADER = re.compile(rb"connector_vault/cv1/keys ([0-9a-f]{32})")
_ENTRY = re.compile(rb"([1-9][0-9]{0,9}) ([A-Za-z0-9+/]{43}=)")

_OPEN = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""Without O_NONBLOCK, opening a named pipe waits for ever."""


class Keys(NamedTuple):
    """What a key file says: its own name, and 32 bytes for each version, oldest first."""

    id: str
    keys: Mapping[int, bytes]

    def __repr__(self) -> str:
        return f"Keys(id={self.id!r}, keys='••••')"

    @property
    def latest(self) -> int:
        """The version that wraps from now on."""
        return max(self.keys)

    def text(self) -> bytes:
        """Write it as a file holds it."""
        lines = [f"{version} {_base64(key)}\n" for version, key in self.keys.items()]
        return f"connector_vault/cv1/keys {self.id}\n{''.join(lines)}".encode()

    def with_new(self) -> "Keys":
        """Add a version. A file that is full has to retire old ones first.

        Raises:
            Misconfigured: it is full.
        """
        if len(self.keys) >= _MAX_VERSIONS or self.latest >= _MAX_VERSION:
            raise Misconfigured("the key file is full: run connector-vault keys retire")
        return Keys(self.id, {**self.keys, self.latest + 1: secrets.token_bytes(32)})

    def since(self, version: int) -> "Keys":
        """Leave out what is older than a version."""
        return Keys(self.id, {one: key for one, key in self.keys.items() if one >= version})


def fresh() -> Keys:
    """Make one key, of version 1."""
    return Keys(secrets.token_hex(16), {1: secrets.token_bytes(32)})


def read(path: Path) -> Keys:
    """Read a key file.

    Raises:
        Misconfigured: it is missing, unsafe or malformed, or cannot be read.
    """
    try:
        with open(path, "rb", opener=lambda name, _: os.open(name, os.O_RDONLY | _OPEN)) as file:
            _check(path, os.fstat(file.fileno()))
            text = file.read(_MAX_FILE + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    return _parse(path, text)


@contextmanager
def replacing(path: Path) -> Generator[int]:
    """Keep others from replacing a key file meanwhile. `publish` over it inside; it is then wiped.

    Raises:
        Misconfigured: it is missing, or cannot be opened for writing.
    """
    file = _seize(path)
    try:
        yield file
        if not _leads_to(path, file):
            # Nobody can open it any more, but its bytes would stay on the disk.
            os.pwrite(file, bytes(os.fstat(file).st_size), 0)
            os.fsync(file)
    finally:
        os.close(file)


def publish(path: Path, keys: Keys, *, over: bool = False) -> None:
    """Make a file appear whole, or not at all.

    Raises:
        FileExistsError: the name is taken, and it is not to be put over that.
        Misconfigured: it cannot be written there.
    """
    try:
        _make_folder(path.parent)
        # mkstemp opens with O_CREAT, O_EXCL and O_NOFOLLOW, mode 0600.
        handle, draft = tempfile.mkstemp(prefix=".connector-vault-", dir=path.parent)
        try:
            if over:
                os.fchown(handle, *_whose(path))
            _write(handle, keys.text())
            if over:
                Path(draft).replace(path)
            else:
                os.link(draft, path)
        finally:
            Path(draft).unlink(missing_ok=True)
        _sync(path.parent)
    except FileExistsError:
        raise
    except OSError as error:
        raise Misconfigured(f"the key file {path} cannot be made: {error.strerror}") from error


def _seize(path: Path) -> int:
    while True:
        try:
            file = os.open(path, os.O_RDWR | _OPEN)
        except OSError as error:
            raise _unreadable(path, error) from error
        fcntl.flock(file, fcntl.LOCK_EX)
        if _leads_to(path, file):
            return file
        os.close(file)  # somebody replaced it while we waited


def _leads_to(path: Path, file: int) -> bool:
    try:
        return os.path.samestat(os.lstat(path), os.fstat(file))
    except FileNotFoundError:
        return False


def _whose(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_uid, status.st_gid


def _unreadable(path: Path, error: OSError) -> Misconfigured:
    if isinstance(error, FileNotFoundError):
        mend = "bring it back or name it; a new vault is made by connector-vault init"
        return Misconfigured(f"there is no key file {path}: {mend}")
    why = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror
    return Misconfigured(f"the key file {path} cannot be read: {why}")


def _parse(path: Path, text: bytes) -> Keys:
    if len(text) > _MAX_FILE:
        raise Misconfigured(f"the key file {path} is longer than {_MAX_FILE} bytes")
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
    keys: dict[int, bytes] = {}
    latest = 0
    for number, line in enumerate(lines, start=2):
        version, key = _entry(line)
        if not latest < version <= _MAX_VERSION:
            raise Misconfigured(
                f"line {number} of the key file {path} is malformed or out of order"
            )
        keys[version] = key
        latest = version
    return Keys(named[1].decode(), keys)


def _entry(line: bytes) -> tuple[int, bytes]:
    """Read a version and its key. Version 0, which none has, stands for a malformed line."""
    entry = _ENTRY.fullmatch(line)
    if entry is None:
        return 0, b""
    key = base64.b64decode(entry[2])
    # The last letter carries two bits that mean nothing: one key has one spelling.
    return (int(entry[1]), key) if _base64(key).encode() == entry[2] else (0, b"")


def _check(path: Path, status: os.stat_result) -> None:
    # Of the file that was opened, not of its name, which may lead elsewhere a moment later.
    if not stat.S_ISREG(status.st_mode):
        raise Misconfigured(f"the key file {path} cannot be read: it is not a regular file")
    if status.st_uid not in (0, os.geteuid()):
        raise Misconfigured(f"the key file {path} belongs to another user, number {status.st_uid}")
    if status.st_mode & 0o077:
        command = f"chmod 600 {shlex.quote(str(path))}"
        raise Misconfigured(f"others than its owner may use the key file {path}: run {command}")


def _base64(key: bytes) -> str:
    return base64.b64encode(key).decode()


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
