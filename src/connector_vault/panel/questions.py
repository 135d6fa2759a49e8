"""What the query of a request asks for. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from connector_vault.errors import BadArguments, NotAllowed
from connector_vault.model import Owner, Tenant

__all__ = ["Question", "read"]

_LIMIT = re.compile(r"[1-9][0-9]{0,3}")
_MOST = 1000
"""Connections to one answer."""

_USUAL = "100"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which connections are asked for."""

    owner: Owner | Tenant
    provider: str | None
    limit: int
    after: str | None
    """Id of the last one of an earlier answer."""


def read(query: Mapping[str, str], who: Owner | Tenant) -> Question:
    """Read what a query asks for, on behalf of whoever asks.

    Raises:
        BadArguments: the limit or the user cannot be one.
        NotAllowed: it asks for somebody else's.
    """
    limit = query.get("limit", _USUAL)
    if not _LIMIT.fullmatch(limit) or int(limit) > _MOST:
        raise BadArguments(f"limit is a number from 1 to {_MOST}")
    return Question(
        owner=_owner(query.get("user"), who),
        provider=query.get("provider"),
        limit=int(limit),
        after=query.get("after"),
    )


def _owner(user: str | None, who: Owner | Tenant) -> Owner | Tenant:
    if user is None:
        return who
    asked = Owner(tenant=who.name if isinstance(who, Tenant) else who.tenant, user=user or None)
    if asked != who and not isinstance(who, Tenant):
        raise NotAllowed("user may be chosen only by those who look after a whole tenant")
    return asked
