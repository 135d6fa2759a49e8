"""Logs and tracebacks for the terminal, without what looks like a token."""

import logging
import sys
import traceback

__all__ = ["PATTERNS", "install", "show_everything", "traced"]

PATTERNS = (
    r"gh[a-z]_[A-Za-z0-9._-]{16,}",
    r"github_pat_[A-Za-z0-9_]{16,}",
    r"xox[a-z.]*-[A-Za-z0-9-]{10,}",
    r"(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}",
    r"(?:secret|ntn)_[A-Za-z0-9]{16,}",
    r"EAA[A-Za-z0-9]{20,}",
    r"cvk_[a-z0-9]{16,}",
)
"""Shapes of well-known tokens, and of our access keys. Those of connectors are not here: a log must
not import them."""


def install() -> None:
    """Let warnings go to stderr."""
    from connector_vault.redaction import Redaction

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    handler.addFilter(Redaction(PATTERNS))
    logging.getLogger().addHandler(handler)


def show_everything() -> None:
    """Let everything that is logged go to stderr."""
    logging.getLogger().setLevel(logging.DEBUG)


def traced(error: BaseException) -> str:
    """Give the traceback of an error."""
    from connector_vault.redaction import Redaction

    return Redaction(PATTERNS).clean("".join(traceback.format_exception(error)))
