"""Keeps what looks like a token out of log records."""

import logging
import re
from collections.abc import Iterable

__all__ = ["PATTERNS", "Redaction"]

PATTERNS = (
    r"(?i:bearer|basic|token)\s+[A-Za-z0-9._~+/=-]{8,}",
    r"(?i:access_token|refresh_token|client_secret|code_verifier|code|state)(?:=|\"?:\s*\"?)[^&\s\"']{6,}",
)
"""Where a token stands in headers, queries and bodies. Connectors bring their own shapes."""


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
        record.msg, record.args = self.clean(record.getMessage()), None
        record.exc_text = record.exc_text and self.clean(record.exc_text)
        return True

    def clean(self, text: str) -> str:
        """Give the text without what looks like a token."""
        return self._pattern.sub("[redacted]", text)
