"""How a token may be written, and how what looks like one is kept out of log records."""

import base64
import logging
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

__all__ = ["PATTERNS", "Redaction", "forms"]

_NAMES = (
    "(?:access|refresh|id|upload)_token|api_?key|client_secret|code_verifier|password|code|state"
)
_QUOTE = r"(?:\\?[\"'])?"
"""As in JSON, in Python's own text of a dict, and in JSON inside JSON."""

PATTERNS = (
    r"(?i:bearer|basic|token)\s+[A-Za-z0-9._~+/=-]{8,}",
    rf"(?i:{_NAMES}){_QUOTE}\s*(?:=|:|%3[dD])\s*{_QUOTE}[^&\s\"'\\]{{6,}}",
)
"""Where a token stands in headers, queries, forms and bodies. Connectors bring their own shapes."""


def forms(token: str) -> Iterator[tuple[str, bytes]]:
    """Give a token as it may be written: as it is, percent-encoded, or inside base64."""
    raw = token.encode()
    yield "plain", raw
    yield "percent", "".join(f"%{byte:02X}" for byte in raw).encode()
    yield "percent, where needed", quote(token, safe="").encode()
    for name, encode in (("base64", base64.b64encode), ("url base64", base64.urlsafe_b64encode)):
        for shift in range(3):
            # Inside a longer text it may begin at any of three places; its edges mix with others.
            inside = encode(b"\0" * shift + raw)
            yield f"{name} at {shift}", inside[4 if shift else 0 : -4]


class Redaction(logging.Filter):
    """A filter for handlers: on a logger it would miss the loggers below.

    It rewrites message, arguments and traceback. It cannot know every secret: not logging them
    comes first.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        super().__init__()
        self._pattern = re.compile("|".join(f"(?:{part})" for part in (*PATTERNS, *patterns)))

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        # Gone, so that no handler formats it for itself.
        record.exc_info = None
        record.exc_text = record.exc_text and self.clean(record.exc_text)
        record.msg, record.args = self.clean(_message(record)), None
        return True

    def clean(self, text: str) -> str:
        """Give the text without what looks like a token."""
        return self._pattern.sub("[redacted]", text)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        # A log call that is wrong must not end the program that makes it.
        return f"{record.msg} {record.args}"
