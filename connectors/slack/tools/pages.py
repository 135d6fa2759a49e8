"""Lists, a page at a time.

https://docs.slack.dev/apis/web-api/pagination
"""

from dataclasses import dataclass

__all__ = ["Metadata"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What Slack says beside an answer."""

    next_cursor: str | None = None

    @staticmethod
    def after(metadata: "Metadata | None") -> str | None:
        """Give what to ask for the next page with. None: there is none."""
        return (metadata.next_cursor or None) if metadata else None
