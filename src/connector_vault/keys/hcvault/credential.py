"""Where the secret that lets us in comes from: a file, or the environment."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from connector_vault.errors import Misconfigured
from connector_vault.model import Secret

__all__ = ["Found", "Source"]

_VARIABLES = ("BAO_TOKEN", "VAULT_TOKEN")
"""The first that is set. Names of the programs that come with the servers."""

_MAX_SECRET = 16 * 1024
"""Bytes. A service account's token has two thousand."""

_SECRET = re.compile(r"[!-~]+")
"""It becomes a header: no spaces, no line ends."""

_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
"""Without O_NONBLOCK, opening a named pipe waits for ever."""


class Mark(NamedTuple):
    """What changes when a file is written or replaced."""

    inode: int
    size: int
    written: int


class Found(NamedTuple):
    """A secret, and the mark of the file that it was in."""

    secret: Secret
    mark: Mark | None


class Source:
    """A file, read again whenever its secret is needed, or an environment variable."""

    def __init__(self, path: Path | None, environ: Mapping[str, str] = os.environ) -> None:
        self._path = path
        self._environ = environ

    def read(self) -> Found:
        """Read the secret.

        Raises:
            Misconfigured: it is not there, or what is there is none.
        """
        text, mark = (self._variable(), None) if self._path is None else _content(self._path)
        if not _SECRET.fullmatch(text):
            where = self._path or "the environment's token"
            raise Misconfigured(f"{where} holds no secret for the key holder: one line, no spaces")
        return Found(Secret(text), mark)

    def has_changed(self, found: Found) -> bool:
        """Tell whether something else would be found now. A file that is gone tells nothing."""
        if self._path is None:
            return False
        try:
            return _mark(self._path.stat()) != found.mark
        except OSError:
            return False

    def _variable(self) -> str:
        for name in _VARIABLES:
            if text := self._environ.get(name, "").strip():
                return text
        set_it = f"set {_VARIABLES[0]}, or say auth= in its address"
        raise Misconfigured(f"no token for the key holder is set: {set_it}")


def _content(path: Path) -> tuple[str, Mark]:
    try:
        with open(path, "rb", opener=lambda name, _: os.open(name, _OPEN)) as file:
            mark = _mark(os.fstat(file.fileno()))
            text = file.read(_MAX_SECRET + 1) or b""
    except OSError as error:
        mend = "put it there, or name the right file"
        words = f"the key holder's secret {path} cannot be read ({error.strerror}): {mend}"
        raise Misconfigured(words) from error
    return "" if len(text) > _MAX_SECRET else text.decode("ascii", "replace").strip(), mark


def _mark(status: os.stat_result) -> Mark:
    return Mark(status.st_ino, status.st_size, status.st_mtime_ns)
