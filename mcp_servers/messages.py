"""What a client says, as the SDK can take it, or refused.

The SDK drops a line it cannot read without a word, and whoever asked waits for an answer.

JSON-RPC 2.0, sections 4 and 5.1
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mcp.types import (
    INVALID_REQUEST,
    PARSE_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCNotification,
    jsonrpc_message_adapter,
)

from connector_vault.connector import Json

__all__ = ["MAX_LINE", "Pending", "Refusal", "judge"]

MAX_LINE: Final = 4 * 1024 * 1024
"""Bytes of one message. The gateway takes a quarter of that as arguments, and says so."""

_EDGE = 4 * 1024
"""Bytes at the front and at the end of a line that is not read, in which its id is looked for."""

_MAX_ID = 256
"""Characters of an id that is said back."""

_ESCAPE = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
    r"|\\."
)

_ID = rf'"id"\s*:\s*(?P<id>-?(?:0|[1-9][0-9]{{0,30}})|"[^"\\]{{0,{_MAX_ID}}}")\s*'
_MEMBER = r'\s*"[^"\\]*"\s*:\s*(?:"[^"\\]*"|[^\s"\[\]{},]+)\s*'
_FRONT = re.compile(rf"[\s\ufeff]*\{{(?:{_MEMBER},)*?\s*{_ID}[,}}]")
_BACK = re.compile(rf"[{{,]\s*{_ID}(?:,{_MEMBER})*\}}\s*\Z")
"""Members without brackets and escapes: whatever stands between, an id beside them is the outermost
object's. Python's SDK writes it first, TypeScript's last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a line does not go on to the SDK. It repeats nothing of it but the id."""

    reason: str
    answer: JSONRPCError | None
    """None if nobody waits for one: it is a notification, or itself an answer."""


class Pending:
    """A line that has not ended yet: all of it or, once it is too long, its two edges."""

    def __init__(self, limit: int = MAX_LINE) -> None:
        self._limit = limit
        self._held = bytearray()
        self._front = b""

    def lines(self, piece: bytes) -> list[str | Refusal]:
        """Give the lines that end in this piece."""
        *ends, rest = piece.split(b"\n")
        found: list[str | Refusal] = []
        for end in ends:
            self._add(end)
            found.append(self.end())
        self._add(rest)
        return found

    def end(self) -> str | Refusal:
        """Give the line, and begin the next."""
        held, front = self._held, self._front
        self._held, self._front = bytearray(), b""
        if not front:
            return held.decode("utf-8", "replace")
        number = _id_at(front.decode("utf-8", "replace"), held.decode("utf-8", "replace"))
        return _refused(INVALID_REQUEST, "it is longer than 4 MiB", number)

    def _add(self, piece: bytes) -> None:
        self._held += piece
        if self._front or len(self._held) > self._limit:
            self._front = self._front or bytes(self._held[:_EDGE])
            del self._held[:-_EDGE]


def judge(line: str) -> str | Refusal:
    """Give the line as the SDK can take it, or say why it cannot.

    Halves of characters are replaced: JavaScript writes one wherever it has cut a string there.
    """
    if _is_message(line):
        return line
    mended = _ESCAPE.sub(lambda found: r"\ufffd" if found["half"] else found[0], line)
    return mended if mended != line and _is_message(mended) else _refusal_of(mended)


def _is_message(line: str) -> bool:
    try:
        message = jsonrpc_message_adapter.validate_json(line, by_name=False)
        # A request whose id is none passes for a notification, and nobody answers those.
        return not isinstance(message, JSONRPCNotification) or "id" not in json.loads(line)
    except ValueError:
        return False


def _refusal_of(line: str) -> Refusal:
    try:
        said: Json = json.loads(line)
    except json.JSONDecodeError:
        return _refused(PARSE_ERROR, "it is not JSON on one line", _id_at(line[:_EDGE]))
    except (ValueError, RecursionError):
        number = _id_at(line[:_EDGE], line[-_EDGE:])
        return _refused(INVALID_REQUEST, "it is nested too deep, or has too long a number", number)
    members: dict[str, Json] = {**said} if isinstance(said, dict) else {}
    reason = "it is not one JSON-RPC message with an id, a method and params as MCP has them"
    if _is_unanswered(members):
        return Refusal(reason=reason, answer=None)
    return _refused(INVALID_REQUEST, reason, members.get("id"))


def _is_unanswered(members: Mapping[str, Json]) -> bool:
    if "method" in members:
        return "id" not in members and isinstance(members["method"], str)
    # The id of an answer is one of ours: said back, it would name a request of the client's.
    return "result" in members or "error" in members


def _refused(code: int, reason: str, number: Json) -> Refusal:
    is_id = isinstance(number, int | str) and not isinstance(number, bool)
    error = ErrorData(code=code, message=f"The message was not read: {reason}.")
    shown = number if is_id and len(str(number)) <= _MAX_ID else None
    return Refusal(reason=reason, answer=JSONRPCError(jsonrpc="2.0", id=shown, error=error))


def _id_at(front: str, back: str = "") -> Json:
    """Look for the id of an object of which only the edges are read."""
    found = _FRONT.match(front) or _BACK.search(back)
    return json.loads(found["id"]) if found else None
