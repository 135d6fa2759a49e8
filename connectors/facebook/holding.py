"""What a connection keeps in order to renew itself: whose Page it is, and that person's token.

A Page's own token does not end by time, but with the person's grant; only the person's token can
make a new one. To the vault it is an opaque text in the place of a refresh token.
"""

from typing import NamedTuple

__all__ = ["Held", "held"]

_BETWEEN = ":"


class Held(NamedTuple):
    """A person, one of their Pages, and the person's long-lived token."""

    person: str
    page: str
    token: str

    def __str__(self) -> str:
        return _BETWEEN.join(self)

    def __repr__(self) -> str:
        return f"Held(person={self.person!r}, page={self.page!r})"


def held(text: str) -> Held | None:
    """Read what was kept. None: it is something else."""
    person, _, rest = text.partition(_BETWEEN)
    page, _, token = rest.partition(_BETWEEN)
    return Held(person, page, token) if person and page and token else None
