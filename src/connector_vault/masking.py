"""Taking tokens out of what a provider answers: some repeat what they were sent."""

import json
import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate

from connector_vault.redaction import forms

__all__ = ["HIDDEN", "Mask", "without"]

HIDDEN = b"[token]"

_ESCAPE = re.compile(rb"\\u00([0-7][0-9A-Fa-f])|\\([\"\\/])|%([0-9A-Fa-f]{2})")
"""One character, as JSON and as a URL may write it instead of itself."""

_ESCAPED = 6
"""Characters that the longest of them takes."""

_WORD = bytes(range(0x21, 0x7F)).translate(None, b"\"'<>(){}[],;&")
"""What a token, or an escape in one, is made of."""

_LEAST = 4
"""Bytes of a form that is looked for: less is everywhere."""

_MAX_WORD = 8192
"""Bytes. The longest token a provider is known to give is below 2 KiB."""


class Mask:
    """Masks a text that comes in pieces.

    Found are: these tokens, plain, escaped as in JSON or in a URL, or inside base64; and what
    looks like one of the provider's tokens. A piece is held back only as far as a token may go on
    in the next one, so that a stream of events is not delayed.
    """

    def __init__(self, tokens: Iterable[str], patterns: Sequence[str] = ()) -> None:
        known = list(tokens)
        # Inside base64 little is left of a short one.
        self._forms = {form for token in known for _, form in forms(token) if len(form) >= _LEAST}
        # A token may hold what looks like an escape: X's application tokens hold %2F.
        self._plain = self._forms | {_ESCAPE.sub(_meant, token.encode()) for token in known}
        self._word = _WORD + "".join(known).encode()
        self._longest = max(_MAX_WORD, *(_ESCAPED * len(form) for form in self._forms), 0)
        self._shapes = _compiled(tuple(patterns))
        self._held = b""

    def feed(self, piece: bytes) -> bytes:
        """Take a piece, and give what is certain by now."""
        text = self._without(self._held + piece)
        end = max(len(text.rstrip(self._word)), len(text) - self._longest)
        self._held = text[end:]
        return self._shapeless(text[:end])

    def rest(self) -> bytes:
        """Give what was held back, once there is no more."""
        held, self._held = self._held, b""
        return self._shapeless(held)

    def clean(self, text: bytes, *, escaped: bool = True) -> bytes:
        """Mask a text that is whole. `escaped`: look behind escapes, which takes longer."""
        return self._shapeless(self._without(text, escaped=escaped))

    def _without(self, text: bytes, *, escaped: bool = True) -> bytes:
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return self._unescaped(text) if escaped and self._forms else text

    def _unescaped(self, text: bytes) -> bytes:
        plain = _ESCAPE.sub(_meant, text)
        if not any(form in plain for form in self._plain):
            return text
        place = _Places(text)
        spans = sorted(
            (place(begin), place(end)) for form in self._plain for begin, end in _found(form, plain)
        )
        cleaned, end = bytearray(), 0
        for begin, until in spans:
            if begin >= end:
                cleaned += text[end:begin] + HIDDEN
            end = max(end, until)
        return bytes(cleaned + text[end:])

    def _shapeless(self, text: bytes) -> bytes:
        return self._shapes.sub(HIDDEN, text) if self._shapes else text


def _found(needle: bytes, text: bytes) -> Iterator[tuple[int, int]]:
    at = text.find(needle)
    while at >= 0:
        yield at, at + len(needle)
        at = text.find(needle, at + len(needle))


def without(fields: Collection[str], text: bytes) -> bytes:
    """Hide what these fields of a JSON text hold, however deep.

    Another text stays as it is, unless one of the names stands in it: then nothing of it is left.
    """
    hidden = HIDDEN.decode()

    def held(found: list[tuple[str, object]]) -> dict[str, object]:
        return {name: hidden if name in fields and said else said for name, said in found}

    try:
        said: object = json.loads(text, object_pairs_hook=held)
    except (RecursionError, ValueError):
        return HIDDEN if any(name.encode() in text for name in fields) else text
    return json.dumps(said, separators=(",", ":")).encode()


class _Places:
    """Where the characters of an unescaped text stood before."""

    def __init__(self, text: bytes) -> None:
        ends = [escape.span() for escape in _ESCAPE.finditer(text)]
        lost = accumulate(end - begin - 1 for begin, end in ends)
        self._shifts = list(lost)
        self._after = [end - gone for (_, end), gone in zip(ends, self._shifts, strict=True)]

    def __call__(self, plain: int) -> int:
        at = bisect_right(self._after, plain) - 1
        return plain if at < 0 else plain + self._shifts[at]


def _meant(escape: re.Match[bytes]) -> bytes:
    code, itself, percent = escape.groups()
    return itself or bytes((int(code or percent, 16),))


@lru_cache(maxsize=64)
def _compiled(patterns: tuple[str, ...]) -> re.Pattern[bytes] | None:
    if not patterns:
        return None
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns).encode())
