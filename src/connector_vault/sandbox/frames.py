"""What passes between a vault and a worker: a length, then JSON. Never a pickle.

What a worker says is not trusted: it has a size, a shape, and names only errors that a tool may
meet.
"""

import json
import re
from collections.abc import Mapping
from math import isfinite
from struct import Struct
from typing import NoReturn

from connector_vault import errors
from connector_vault.connector import Json, RateLimited, Reconnect, Refused
from connector_vault.errors import ConnectorVaultError, Crashed

__all__ = ["ERROR", "HEAD", "HELLO", "MAX_RESULT", "heard", "pack", "told", "unpack"]

HEAD = Struct(">I")
"""Before every frame: how many bytes it has."""

HELLO = b"!"
"""A worker's first byte, with which comes the handle to it."""

ERROR = "x-connector-vault-error"
"""The header with which a vault answers a worker's request that came to nothing."""

MAX_RESULT = 2 * 1024 * 1024
"""Bytes of a result. No model reads more, and while it is decoded the vault's loop stands still."""

_MAX_PARTS = 200_000
"""Lists and mappings in a result. Each costs far more to make than the byte that it may take."""

_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""What may be half a character, written as JSON may write it."""

_MAX_TEXT = 500
"""Characters of an error."""

_MAX_PAUSE = 366 * 86400.0
"""Seconds. More is a mistake."""

_PLAIN: Mapping[str, type[ConnectorVaultError]] = {
    kind.__name__: kind
    for kind in (
        errors.BadArguments,
        errors.Crashed,
        errors.KeysDenied,
        errors.KeysUnavailable,
        errors.Misconfigured,
        errors.NotAllowed,
        errors.NotConnected,
        errors.OutcomeUnknown,
        errors.StoreUnavailable,
        errors.TimedOut,
        errors.Unreachable,
    )
}
"""Errors that are a text and nothing else."""


def pack(document: Json) -> bytes:
    """Write a frame."""
    text = json.dumps(document, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    body = text.encode("utf-8", "replace")
    return HEAD.pack(len(body)) + body


def unpack(body: bytes) -> Json:
    """Read the body of a frame.

    Raises:
        ValueError: it is not JSON, or is made to take long.
    """
    if body.count(b"[") + body.count(b"{") > _MAX_PARTS:
        raise ValueError("too many parts")
    try:
        document = json.loads(_sound(body), parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return document


def told(error: ConnectorVaultError) -> dict[str, Json]:
    """Write an error down."""
    match error:
        case Refused():
            return {"kind": "Refused", "code": error.code, "text": error.message}
        case RateLimited():
            return {"kind": "RateLimited", "seconds": error.retry_after}
        case Reconnect():
            return {"kind": "Reconnect", "text": error.reason}
        case _:
            return {"kind": type(error).__name__, "text": str(error)}


def heard(said: Json) -> ConnectorVaultError:
    """Read an error, whoever wrote it."""
    match said:
        case {"kind": "Refused", "code": str(code), "text": str(text)}:
            return Refused(_line(code), _line(text))
        case {"kind": "RateLimited", "seconds": int() | float() as seconds}:
            return RateLimited(min(max(0.0, seconds), _MAX_PAUSE))
        case {"kind": "Reconnect", "text": str(text)}:
            return Reconnect(_line(text))
        case {"kind": str(kind), "text": str(text)} if kind in _PLAIN:
            return _PLAIN[kind](_line(text))
        case _:
            return Crashed("the tool's process gave an error that is none: tell its author")


def _line(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in text[:_MAX_TEXT])


def _sound(body: bytes) -> bytes:
    """Put a question mark for half a character: nobody could write it out again."""
    whole = body.decode("utf-8", "replace")
    if not _HALF.search(whole):
        return whole.encode()
    document = json.loads(whole)
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")


def _finite(digits: str) -> float:
    number = float(digits)
    return number if isfinite(number) else _refuse(digits[:9])


def _refuse(constant: str) -> NoReturn:
    msg = f"{constant} is not JSON"
    raise ValueError(msg)
