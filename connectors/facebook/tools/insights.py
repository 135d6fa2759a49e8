"""How the Page and its posts do.

Meta removed many metrics for every version in 2025 and 2026 (`page_impressions`, `page_fans`,
`post_impressions` and their kin). One that is not valid fails a whole request, so that each is
asked for by itself.

https://developers.facebook.com/docs/graph-api/reference/page/insights
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import Field

from connector_vault.connector import Api, Json, Refused

from ..._meta.asking import ask
from .parameters import PostId, page_of

__all__ = ["Insights", "page_insights", "post_insights"]

PageMetric = Literal[
    "page_media_view",
    "page_total_media_view_unique",
    "page_post_engagements",
    "page_follows",
    "page_views_total",
    "page_video_views",
]
PostMetric = Literal[
    "post_media_view",
    "post_total_media_view_unique",
    "post_clicks",
    "post_reactions_by_type_total",
]
Day = Annotated[str | None, Field(pattern=r"^\d{4}-\d\d-\d\d$", description="2026-11-01.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _RawValue:
    value: Json = None
    end_time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _RawMetric:
    name: str
    period: str = ""
    values: tuple[_RawValue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _RawMetrics:
    data: tuple[_RawMetric, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A number until `end_time`; several, by what they count, where a metric has kinds."""

    value: int | float | dict[str, int | float]
    end_time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric, in one kind of period."""

    name: str
    period: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """A metric that Facebook did not give, and why."""

    name: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Insights:
    """What was counted. `absent` was refused."""

    metrics: tuple[Metric, ...]
    absent: tuple[Absent, ...] = ()


async def page_insights(
    api: Api,
    metrics: Annotated[list[PageMetric] | None, Field(min_length=1, max_length=6)] = None,
    period: Literal["day", "week", "days_28"] = "day",
    since: Day = None,
    until: Day = None,
) -> Insights:
    """Tell how the Facebook Page does: views, engagement, follows.

    Returns the values of each metric; all there are, if none is named. One request for each.
    At most 90 days at once. A Page with fewer than 100 followers has none. Changes nothing.
    """
    wanted: Sequence[str] = metrics or get_args(PageMetric)
    query = {"period": period, "since": since, "until": until}
    return await _insights(api, page_of(api), wanted, query)


async def post_insights(
    api: Api,
    post_id: PostId,
    metrics: Annotated[list[PostMetric] | None, Field(min_length=1, max_length=4)] = None,
) -> Insights:
    """Tell how a post of the Facebook Page does: views, clicks, reactions.

    Returns the values of each metric since it was posted; all there are, if none is named. One
    request for each. Changes nothing.
    """
    wanted: Sequence[str] = metrics or get_args(PostMetric)
    return await _insights(api, post_id, wanted, {})


async def _insights(
    api: Api, node: str, wanted: Sequence[str], query: dict[str, str | None]
) -> Insights:
    found: list[_RawMetric] = []
    absent: list[Absent] = []
    for name in wanted:
        try:
            said = await ask(api, _RawMetrics, "/{}/insights", node, metric=name, **query)
        except Refused as error:
            if error.code != "invalid_parameter":
                raise
            absent.append(Absent(name=name, code=error.code, message=error.message))
            continue
        found += said.data
    if absent and not found:
        raise Refused(absent[0].code, absent[0].message)
    return Insights(metrics=tuple(map(_metric, found)), absent=tuple(absent))


def _metric(raw: _RawMetric) -> Metric:
    values = (Value(value=_number(one.value), end_time=one.end_time) for one in raw.values)
    return Metric(name=raw.name, period=raw.period, values=tuple(values))


def _number(value: Json) -> int | float | dict[str, int | float]:
    if isinstance(value, dict):
        kinds: dict[str, Json] = {**value}
        return {name: one for name, one in kinds.items() if isinstance(one, int | float)}
    return value if isinstance(value, int | float) else 0
