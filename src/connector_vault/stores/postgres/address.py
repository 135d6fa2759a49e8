"""What a `postgresql://` URL says: our own words in it, and asyncpg's."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

from connector_vault.errors import Misconfigured

__all__ = ["Address", "address_of", "shown"]

_MAX_SCHEMA = 63
"""Bytes of a name in PostgreSQL. A longer one would be cut off."""

_MAX_SESSIONS = 100
_SESSIONS = 8

_SHOWN = ("connections", "dbname", "host", "pooling", "port", "schema", "sslmode", "user")
"""Parameters that are no secret. Any other may be a password under a misspelt name."""

_MALFORMED = "a PostgreSQL database is named postgresql://USER@HOST/DATABASE?NAME=VALUE"
_UNREADABLE = "postgresql://…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a database is, and how it may be used."""

    dsn: str = field(repr=False)
    """What asyncpg is given. It may hold a password."""
    schema: str | None
    """None: the first one of the search path."""
    pooled: bool
    """Behind a proxy that gives each transaction another session."""
    sessions: int
    """How many are held at most."""


def address_of(url: str) -> Address:
    """Read a URL.

    Raises:
        Misconfigured: it is malformed. The message repeats none of it, since it may hold a secret.
    """
    try:
        parts = urlsplit(url)
        said = dict(
            parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        )
    except ValueError:
        raise Misconfigured(_MALFORMED) from None
    if "" in said:
        raise Misconfigured(_MALFORMED)
    return Address(
        schema=_schema(said),
        pooled=_pooled(said),
        sessions=_sessions(said),
        dsn=_dsn(parts, said),
    )


def shown(url: str) -> str:
    """Give a URL as it may be printed: without a password, and without what may be part of one."""
    try:
        parts = urlsplit(url)
        _ = parts.port
        said = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return _UNREADABLE
    # A password with one of /?#@ in it that was not written as %2F and so on ends up elsewhere.
    if not parts.scheme.startswith("postgres") or "@" in f"{parts.path}{parts.query}":
        return _UNREADABLE
    if "#" in url or parts.netloc.count("@") > 1:
        return _UNREADABLE
    user, at, host = parts.netloc.rpartition("@")
    kept = [(name, value) for name, value in said if name in _SHOWN]
    place = f"{user.partition(':')[0]}{at}{host}"
    return parts._replace(netloc=place, query=urlencode(kept, safe="/,", quote_via=quote)).geturl()


def _schema(said: dict[str, str]) -> str | None:
    schema = said.pop("schema", None)
    if schema is None:
        return None
    if not schema or "\0" in schema or len(schema.encode(errors="replace")) > _MAX_SCHEMA:
        msg = f"the database's schema= is not a name of 1 to {_MAX_SCHEMA} bytes"
        raise Misconfigured(msg)
    return schema


def _pooled(said: dict[str, str]) -> bool:
    pooling = said.pop("pooling", "session")
    if pooling not in ("session", "transaction"):
        msg = "the database's pooling= is session or transaction"
        raise Misconfigured(msg)
    return pooling == "transaction"


def _sessions(said: dict[str, str]) -> int:
    number = said.pop("connections", str(_SESSIONS))
    if not (number.isascii() and number.isdigit() and 1 <= int(number[:4]) <= _MAX_SESSIONS):
        msg = f"the database's connections= is a number from 1 to {_MAX_SESSIONS}"
        raise Misconfigured(msg)
    return int(number)


def _dsn(parts: SplitResult, said: dict[str, str], environ: Mapping[str, str] = os.environ) -> str:
    said.setdefault("application_name", "connector-vault")
    if "PGTARGETSESSIONATTRS" not in environ:
        # Of several hosts, the one that can be written to.
        said.setdefault("target_session_attrs", "primary")
    return parts._replace(query=urlencode(said, quote_via=quote)).geturl()
