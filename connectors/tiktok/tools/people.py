"""Whose account it is.

https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from connector_vault.connector import Api

from .parameters import reading

__all__ = ["ME", "user_info"]

_PATH = "/v2/user/info/"

ME = f"GET {_PATH}"

_BASIC = ("open_id", "union_id", "display_name")
_PROFILE = ("username", "profile_deep_link", "bio_description", "is_verified")
_STATS = ("follower_count", "following_count", "likes_count", "video_count")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account. What was not asked for is None."""

    open_id: str
    """By which this app alone knows it."""
    union_id: str | None = None
    """By which all apps of one developer know it."""
    display_name: str = ""
    username: str | None = None
    profile_deep_link: str | None = None
    bio_description: str | None = None
    is_verified: bool | None = None
    follower_count: int | None = None
    following_count: int | None = None
    likes_count: int | None = None
    video_count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    user: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    data: _Data


async def user_info(
    api: Api,
    profile: Annotated[
        bool, Field(description="Username, biography and link; needs user.info.profile.")
    ] = False,
    stats: Annotated[
        bool, Field(description="Followers, likes, number of videos; needs user.info.stats.")
    ] = False,
) -> Person:
    """Say whose TikTok account it is.

    Returns its ids and display name, and what else is asked for. Changes nothing.
    """
    fields = (*_BASIC, *(_PROFILE if profile else ()), *(_STATS if stats else ()))
    with reading():
        return (await api.get(_Found, _PATH, fields=",".join(fields))).data.user
