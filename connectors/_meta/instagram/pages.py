"""Where a page of a list ends. The address of the next has the token in it, and is never read.

https://developers.facebook.com/docs/graph-api/results
"""

from dataclasses import dataclass

__all__ = ["LAST", "Paging"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cursors:
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Where it ends."""

    cursors: _Cursors = _Cursors()
    next: str | None = None
    """Hidden before a tool sees it; that it is there says that there is more."""

    def after(self, found: int) -> str | None:
        """Give the cursor of the next page. None: there is none."""
        return self.cursors.after if found and self.next else None


LAST = Paging()
