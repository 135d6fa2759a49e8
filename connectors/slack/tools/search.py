"""Searching messages.

https://docs.slack.dev/reference/methods/search.messages
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from connector_vault.connector import Api

from .asking import ask
from .parameters import TeamId

__all__ = ["Found", "search_messages"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The conversation a message is in."""

    id: str
    name: str | None = None
    is_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A message that was found."""

    ts: str
    text: str | None = None
    user: str | None = None
    username: str | None = None
    channel: Where | None = None
    permalink: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of messages that were found. `next_page` is null on the last."""

    total: int
    matches: tuple[Match, ...]
    next_page: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paging:
    page: int = 1
    pages: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matches:
    matches: tuple[Match, ...] = ()
    total: int = 0
    paging: _Paging | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    messages: _Matches


async def search_messages(
    api: Api,
    query: Annotated[
        str,
        Field(
            min_length=1,
            max_length=1000,
            description="Words, with in:#channel, from:@name, before:2026-03-10 and the like.",
        ),
    ],
    count: Annotated[int, Field(ge=1, le=100, description="Results on a page.")] = 20,
    page: Annotated[int, Field(ge=1, le=100, description="Which page, from 1.")] = 1,
    sort: Literal["score", "timestamp"] = "score",
    sort_dir: Literal["asc", "desc"] = "desc",
    team_id: TeamId = None,
) -> Found:
    """Search the messages that a person can see, in all their conversations.

    Returns one page with links. Needs a person's token with search:read: a bot cannot search
    (not_allowed_token_type). Finds words, not meanings. 20 calls a minute.
    """
    asked = {"query": query, "count": count, "page": page, "sort": sort, "sort_dir": sort_dir}
    said = await ask(api, _Answer, "search.messages", **asked, team_id=team_id)
    found = said.messages
    after = found.paging.page + 1 if found.paging and found.paging.page < found.paging.pages else 0
    return Found(total=found.total, matches=found.matches, next_page=after or None)
