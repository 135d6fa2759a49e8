"""Find what was published, where no answer told.

https://developers.facebook.com/docs/instagram-platform/reference/instagram-user/media
"""

from dataclasses import dataclass

from connector_vault.connector import (
    Api,
    OutcomeUnknown,
    RateLimited,
    Reconnect,
    Refused,
    Unreachable,
)

from ..asking import ask
from .parameters import own_id

__all__ = ["Look", "there_before", "what_is_new"]

_FEW = 5
"""Posts that are looked at, the newest first: it was published a moment ago."""

_KNOWN = 25
"""Posts that are remembered: more, since one that is deleted lets an older one move up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a post looks like."""

    product: str
    caption: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Medium:
    id: str
    caption: str | None = None
    media_product_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Media:
    data: tuple[_Medium, ...] = ()


async def there_before(api: Api, look: Look | None) -> frozenset[str] | None:
    """Give the ids of what is there before something is published. None: nobody knows."""
    if look is None:
        return None
    try:
        return frozenset(one.id for one in await _newest(api, look, _KNOWN))
    except (OutcomeUnknown, RateLimited, Reconnect, Refused, Unreachable):
        return None


async def what_is_new(api: Api, look: Look | None, before: frozenset[str] | None) -> str | None:
    """Give the newest post that looks like this and was not there. None: none can be told."""
    if look is None or before is None:
        return None
    for one in await _newest(api, look, _FEW):
        same = _words(one.caption) == _words(look.caption) or look.product == "STORY"
        if one.id not in before and one.media_product_type == look.product and same:
            return one.id
    return None


async def _newest(api: Api, look: Look, limit: int) -> tuple[_Medium, ...]:
    path = "/{}/stories" if look.product == "STORY" else "/{}/media"
    fields = "id,caption,media_product_type"
    return (await ask(api, _Media, path, own_id(api), fields=fields, limit=limit)).data


def _words(text: str | None) -> list[str]:
    return (text or "").split()
