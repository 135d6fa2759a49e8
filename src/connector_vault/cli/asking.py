"""What a person types, and what is piped in."""

import sys
import warnings
from getpass import GetPassWarning, getpass
from pathlib import Path
from typing import TYPE_CHECKING

from connector_vault.errors import BadArguments

if TYPE_CHECKING:
    from connector_vault.model import Secret

__all__ = ["ask_line", "ask_secret", "ask_yes", "piped"]

_MAX_SECRET = 64 * 1024
"""Bytes of a secret's file."""

_MAX_LINE = 64 * 1024
"""Characters of a line somebody pastes."""


def ask_secret(name: str, file: Path | None, *, piped_in: bool) -> "Secret":
    """Get a secret: from a file, from a pipe, or from fingers, unseen.

    Raises:
        BadArguments: it is asked for in two ways, or cannot be read.
    """
    from connector_vault.model import Secret

    if file is not None and piped_in:
        raise BadArguments("--secret-file and --stdin are two ways: choose one")
    if file is not None:
        return Secret(_from_file(file).strip())
    if piped_in or not sys.stdin.isatty():
        return Secret(piped(_MAX_SECRET).strip())
    return Secret(_unseen(f"Secret for {name} (not shown): ").strip())


def ask_yes(question: str) -> bool:
    """Ask a person. Nothing but yes is yes."""
    return ask_line(f"{question} [y/N] ").lower() in ("y", "yes")


def ask_line(prompt: str) -> str:
    """Read one line."""
    if sys.stdin.isatty():
        sys.stderr.write(prompt)
        sys.stderr.flush()
    return sys.stdin.readline(_MAX_LINE).strip()


def piped(limit: int) -> str:
    """Read all of stdin.

    Raises:
        BadArguments: it is longer than `limit` bytes, or not UTF-8.
    """
    return _text("stdin", sys.stdin.buffer.read(limit + 1), limit)


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_SECRET + 1)
    except OSError as error:
        raise BadArguments(f"{path} cannot be read: {error.strerror}") from error
    return _text(str(path), content, _MAX_SECRET)


def _text(what: str, content: bytes, limit: int) -> str:
    if len(content) > limit:
        raise BadArguments(f"{what} is longer than {limit:,} bytes")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise BadArguments(f"{what} is not UTF-8") from None


def _unseen(prompt: str) -> str:
    with warnings.catch_warnings():
        # Where the terminal cannot hide what is typed, Python would only warn.
        warnings.simplefilter("error", GetPassWarning)
        try:
            return getpass(prompt, stream=sys.stderr)
        except GetPassWarning:
            raise BadArguments("this terminal shows what is typed: use --secret-file") from None
        except EOFError:
            raise BadArguments("no secret was typed") from None
