"""What the query of a request asks for. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from connector_vault.errors import BadArguments, NotAllowed
from connector_vault.model import Owner, Tenant

__all__ = ["Question", "read"]

_LIMIT = re.compile(r"[1-9][0-9]{0,3}")
_MOST = 1000
"""Connections to one answer."""

_USUAL = "100"

_NAMES = ("provider", "user", "limit", "after")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which connections are asked for."""

    owner: Owner | Tenant
    provider: str | None
    limit: int
    after: str | None
    """Id of the last one of an earlier answer."""


def read(query: Iterable[tuple[str, str]], who: Owner | Tenant) -> Question:
    """Read what a query asks for, on behalf of whoever asks.

    Raises:
        BadArguments: the limit or the user cannot be one; or a name is unknown, or there twice.
        NotAllowed: it asks for somebody else's.
    """
    said = _once(query)
    limit = said.get("limit", _USUAL)
    if not _LIMIT.fullmatch(limit) or int(limit) > _MOST:
        raise BadArguments(f"limit is a number from 1 to {_MOST}")
    return Question(
        owner=_owner(said.get("user"), who),
        provider=said.get("provider"),
        limit=int(limit),
        after=said.get("after"),
    )


def _once(query: Iterable[tuple[str, str]]) -> dict[str, str]:
    pairs = list(query)
    said = dict(pairs)
    # A misspelt `user` must not ask for everybody's, nor a second one replace the first.
    if len(said) < len(pairs) or not said.keys() <= set(_NAMES):
        raise BadArguments(f"a query takes nothing but {', '.join(_NAMES)}, each of them once")
    return said


def _owner(user: str | None, who: Owner | Tenant) -> Owner | Tenant:
    if user is None:
        return who
    asked = Owner(tenant=who.name if isinstance(who, Tenant) else who.tenant, user=user or None)
    if asked != who and not isinstance(who, Tenant):
        raise NotAllowed("user may be chosen only by those who look after a whole tenant")
    return asked
