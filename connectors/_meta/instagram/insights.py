"""How an account and its media do.

https://developers.facebook.com/docs/instagram-platform/insights
"""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from connector_vault.connector import Api, BadArguments

from ..asking import ask
from .parameters import MediaId, own_id

__all__ = ["Insights", "Metric", "Value", "account_insights", "media_insights"]

Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,60}$")]
Seconds: TypeAlias = Annotated[
    int | None, Field(ge=0, le=32_503_680_000, description="Seconds since 1970 UTC.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A number, and the end of the time it is for, if it is for one."""

    value: int | None
    end_time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric: one value in all, or one for each day."""

    name: str
    period: str | None
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Insights:
    """Metrics. One that Instagram has no numbers for is left out."""

    metrics: tuple[Metric, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Total:
    value: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Metric:
    name: str
    period: str | None = None
    values: tuple[Value, ...] = ()
    total_value: _Total | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    data: tuple[_Metric, ...] = ()


async def account_insights(
    api: Api,
    metrics: Annotated[
        tuple[Name, ...],
        Field(
            min_length=1,
            max_length=10,
            description="reach, views, accounts_engaged, total_interactions, likes; follower_count "
            "only with by_day. One name Instagram does not have fails all.",
        ),
    ] = ("reach", "views", "accounts_engaged", "total_interactions"),
    period: Literal["day", "week", "days_28"] = "day",
    by_day: Annotated[bool, Field(description="A value for each day, not one in all.")] = False,
    since: Seconds = None,
    until: Seconds = None,
) -> Insights:
    """Say how this account did: by default today and yesterday. At most 30 days at once.

    impressions are gone for good: views took their place. Numbers come up to two days late.
    """
    if since is not None and until is not None and since >= until:
        raise BadArguments("since has to be before until")
    found = await ask(
        api,
        _Found,
        "/{}/insights",
        own_id(api),
        metric=",".join(metrics),
        period=period,
        metric_type="time_series" if by_day else "total_value",
        since=since,
        until=until,
    )
    return _told(found)


async def media_insights(
    api: Api,
    media_id: MediaId,
    metrics: Annotated[
        tuple[Name, ...],
        Field(
            min_length=1,
            max_length=10,
            description="views, reach, likes, comments, saved, shares, total_interactions. One "
            "name Instagram does not have for this kind of media fails all.",
        ),
    ] = ("views", "reach", "likes", "comments", "saved", "shares", "total_interactions"),
) -> Insights:
    """Say how a post, Reel or Story of this account did since it was published.

    impressions and plays are gone for good: views took their place. Numbers come up to two days
    late, and those of a Story end with it.
    """
    found = await ask(api, _Found, "/{}/insights", media_id, metric=",".join(metrics))
    return _told(found)


def _told(found: _Found) -> Insights:
    return Insights(metrics=tuple(_metric(one) for one in found.data))


def _metric(said: _Metric) -> Metric:
    values = said.values
    if said.total_value is not None:
        values = (Value(value=said.total_value.value),)
    return Metric(name=said.name, period=said.period, values=values)
