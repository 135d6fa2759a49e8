"""Files of a folder that several processes use: opened with care, and locked."""

import errno
import fcntl
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress

__all__ = ["held", "leads_to", "make", "open_file", "remove", "seize", "share"]

_SAFELY = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""Without O_NONBLOCK, opening a named pipe waits for ever."""

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
_TRIES = 1000
"""A look holds a lock for microseconds; this many tries take about a millisecond."""


def open_file(folder: int, name: str, how: int = os.O_RDONLY) -> int:
    """Open a file that is there, and is one.

    Raises:
        OSError: it is not, or cannot be opened.
    """
    file = os.open(name, how | _SAFELY, dir_fd=folder)
    if stat.S_ISREG(os.fstat(file).st_mode):
        return file
    os.close(file)
    raise OSError(errno.ENXIO, "it is not a regular file")


def make(folder: int, name: str) -> int:
    """Make a file that was not there, for its owner alone."""
    return os.open(name, _NEW, 0o600, dir_fd=folder)


@contextmanager
def held(file: int) -> Generator[int]:
    """Close a file in the end."""
    try:
        yield file
    finally:
        os.close(file)


def seize(folder: int, name: str, file: int) -> int | None:
    """Lock a file, and give it back. None: its owner holds it, or it is gone; then it is closed.

    The lock is the operating system's, and dies with its holder, whatever ends that.
    """
    try:
        # Somebody may have removed it between its opening and the lock.
        if _lock_alone(file) and leads_to(folder, name, file):
            return file
    except OSError:
        os.close(file)
        raise
    os.close(file)
    return None


def share(file: int) -> bool:
    """Tell whether nobody has seized a file. Many may ask at once."""
    return _lock(file, fcntl.LOCK_SH)


def leads_to(folder: int, name: str, file: int) -> bool:
    """Tell whether a name still leads to this file."""
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(file))


def remove(folder: int, name: str) -> None:
    """Remove a file. It may be gone."""
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


def _lock_alone(file: int) -> bool:
    for _ in range(_TRIES):
        if _lock(file, fcntl.LOCK_EX):
            return True
        # What can be shared has no owner: somebody only looks, and will be gone.
        if not share(file):
            return False
    return False


def _lock(file: int, how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
