"""asyncpg's errors as ours. No text holds a value: what is in a row may be anything."""

import ssl
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from connector_vault.errors import (
    BadArguments,
    ConnectorVaultError,
    Corrupt,
    Misconfigured,
    StoreUnavailable,
)
from connector_vault.stores.changes import Conflict

__all__ = [
    "CLOSED",
    "LATE",
    "STANDBY",
    "answered",
    "came_to_nothing",
    "code_of",
    "translate",
    "translating",
]

CLOSED = "the vault was closed: open it again"
LATE = "the database did not answer in time: see whether its host is overloaded or out of reach"
STANDBY = "this database server is a standby, which cannot be written to: name the primary"

_REQUIRED = "22P02"
"""What a commit fails with if it did not find a row that it required."""

_UNHELD = "text or a number that the database cannot hold"

_AGAIN = frozenset({"40001", "40P01"})
"""Two transactions were in each other's way, and this one was taken back."""

_GONE = ("08", "57P")
"""The connection was lost, or the server went away."""

_MEANINGS: Sequence[tuple[tuple[str, ...], type[ConnectorVaultError], str]] = (
    (("22003", "22021", "22P05"), BadArguments, _UNHELD),
    (("XX001", "XX002"), Corrupt, "the database is damaged ({}): restore it from a backup"),
    (("25006",), StoreUnavailable, STANDBY),
    (
        ("28", "3D", "3F", "42501"),
        Misconfigured,
        "the database does not let us in ({}): mend its address, or the role's rights",
    ),
    (
        ("42704", "22023"),
        Misconfigured,
        "the database's address sets what the server does not take ({}): mend its parameters",
    ),
    (
        ("42P", "42703", "42883"),
        Misconfigured,
        "the database's schema is not this version's ({}): run connector-vault db upgrade",
    ),
    (
        ("53300",),
        StoreUnavailable,
        "the database allows no more connections ({}): raise its max_connections, or lower our own",
    ),
)
"""By the beginning of PostgreSQL's code."""

_TELLING = ("08", "28", "3D", "3F", "25", "42501", "42704", "53", "55", "57", "58")
"""Codes whose text is of servers, roles and limits, and never of rows."""

_MAX_TEXT = 200
"""Characters of a server's own text."""


def translate(error: Exception) -> Exception:
    """Give our error for one of asyncpg's. What is none of its own comes back as it is."""
    import asyncpg

    match error:
        case asyncpg.PostgresError():
            return _said(code_of(error), _named(error))
        case asyncpg.TargetServerAttributeNotMatched():
            return StoreUnavailable(STANDBY)
        case asyncpg.InterfaceError() if isinstance(error, ValueError):
            return BadArguments(_UNHELD)
        case asyncpg.InterfaceError() | asyncpg.InternalClientError():
            return StoreUnavailable(f"the database cannot be used now ({_kind(error)}): try again")
        case OSError():
            return _unreached(error)
        case _:
            return error


@contextmanager
def translating() -> Generator[None]:
    """Turn asyncpg's errors into ours."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  # what is none of asyncpg's comes out as it is
        raise translate(error) from None


def code_of(error: BaseException) -> str:
    """Give PostgreSQL's code of an error. Empty: it is not the server's."""
    return str(getattr(error, "sqlstate", None) or "")


def came_to_nothing(error: Exception) -> bool:
    """Tell whether the same transaction may well succeed if it is made again."""
    return code_of(error) in _AGAIN


def answered(error: BaseException) -> bool:
    """Tell whether the server, or already asyncpg, refused: then nothing was changed."""
    code = code_of(error)
    return not code.startswith(_GONE) if code else isinstance(error, ValueError)


def _said(code: str, text: str) -> Exception:
    if code.startswith("23") or code == _REQUIRED:
        return Conflict(code)
    for codes, kind, words in _MEANINGS:
        if code.startswith(codes):
            return kind(words.format(text))
    return StoreUnavailable(f"the database cannot be used now ({text}): try again")


def _unreached(error: OSError) -> ConnectorVaultError:
    if isinstance(error, TimeoutError):
        return StoreUnavailable(LATE)
    if isinstance(error, ssl.SSLCertVerificationError):
        words = "the database server's certificate is not trusted"
        return Misconfigured(f"{words}: see sslmode= and sslrootcert= of its address")
    return StoreUnavailable(
        f"the database cannot be reached ({error.strerror or _kind(error)}): see that it runs"
    )


def _named(error: Exception) -> str:
    code = code_of(error)
    if not code.startswith(_TELLING):
        return code
    text = " ".join(str(getattr(error, "message", "") or error).split())
    return f"{code} {text[:_MAX_TEXT]}".strip()


def _kind(error: Exception) -> str:
    return type(error).__name__
