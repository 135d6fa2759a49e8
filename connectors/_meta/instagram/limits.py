"""How much may still be published.

https://developers.facebook.com/docs/instagram-platform/reference/instagram-user/content_publishing_limit
"""

from dataclasses import dataclass

from connector_vault.connector import Api, Refused

from ..asking import ask
from .parameters import own_id

__all__ = ["Limit", "check_limit", "publishing_limit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Posts by this API that Instagram lets the account make in a moving window of time.

    `left` is None where Instagram does not say how many there may be.
    """

    used: int
    total: int | None
    left: int | None
    window_seconds: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Config:
    quota_total: int | None = None
    quota_duration: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    quota_usage: int = 0
    config: _Config = _Config()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Uses:
    data: tuple[_Use, ...] = ()


async def publishing_limit(api: Api) -> Limit:
    """Say how many posts this account may still publish today by this API.

    Images, Reels, Stories and carousels count one each; what is posted in the app does not count.
    """
    fields = "quota_usage,config"
    said = await ask(api, _Uses, "/{}/content_publishing_limit", own_id(api), fields=fields)
    use = said.data[0] if said.data else _Use()
    total = use.config.quota_total
    return Limit(
        used=use.quota_usage,
        total=total,
        left=None if total is None else max(0, total - use.quota_usage),
        window_seconds=use.config.quota_duration,
    )


async def check_limit(api: Api) -> None:
    """Ask before publishing.

    Raises:
        Refused: nothing may be published now.
    """
    limit = await publishing_limit(api)
    if limit.left == 0:
        hours = (limit.window_seconds or 86_400) // 3600
        words = f"nothing was posted: {limit.used} of {limit.total} posts of {hours} hours are used"
        raise Refused("publishing_limit", f"{words} up; try again in a few hours")
