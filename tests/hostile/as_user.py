"""Run Python as another user: `as_user.py UID FOLDER… -- ARGUMENTS…`, by root.

The folders are made reachable for that user, in a mount namespace of this process alone: a Python
that was installed below /root is not otherwise.
"""

import ctypes
import os
import sys
import tempfile
from pathlib import Path

NEW_MOUNTS = 0x20000
BIND = 0x1000
PRIVATE = 0x4000 | 0x40000

CLOSED = 77
"""What this ends with if a folder cannot be made reachable."""

LIBC = ctypes.CDLL(None, use_errno=True)


def checked(result):
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def mount(source, target, kind, flags, data=None):
    words = (one and os.fsencode(one) for one in (source, target, kind))
    checked(LIBC.mount(*words, ctypes.c_ulong(flags), data))


def closed(folder):
    """Give the topmost place that keeps other users from a folder."""
    ways = [*reversed(folder.parents), folder]
    return next((way for way in ways if not way.stat().st_mode & 0o001), None)


def open_up(folders):
    """Bind folders to where they are, below parents that anybody may pass."""
    hidden = {folder: closed(folder) for folder in folders if closed(folder)}
    if not hidden:
        return
    checked(LIBC.unshare(NEW_MOUNTS))
    mount("none", "/", None, PRIVATE)
    shelf = Path(tempfile.mkdtemp())
    mount("tmpfs", shelf, "tmpfs", 0)
    for number, folder in enumerate(hidden):
        (shelf / str(number)).mkdir()
        mount(folder, shelf / str(number), None, BIND)
    for door in set(hidden.values()):
        mount("tmpfs", door, "tmpfs", 0, b"mode=755")
    for number, folder in enumerate(hidden):
        folder.mkdir(parents=True, exist_ok=True)
        mount(shelf / str(number), folder, None, BIND)


def main(user, *words):
    end = words.index("--")
    try:
        open_up(sorted({Path(one).resolve() for one in words[:end]}))
    except OSError:
        sys.exit(CLOSED)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    os.execv(sys.executable, [sys.executable, *words[end + 1 :]])


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
