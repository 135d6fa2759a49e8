"""Posts and people as X sends them, in the words of before and after tweets became posts.

https://docs.x.com/x-api/fundamentals/data-dictionary
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import AliasChoices, Field

from ..answers import Problem

__all__ = ["Meta", "One", "Page", "RawMetrics", "RawPost", "RawUser", "Somebody"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMetrics:
    """How often something was done to a post."""

    like_count: int = 0
    reply_count: int = 0
    quote_count: int = 0
    bookmark_count: int = 0
    impression_count: int = 0
    repost_count: Annotated[
        int, Field(validation_alias=AliasChoices("repost_count", "retweet_count"))
    ] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RawReference:
    """Another post, and what this one does with it."""

    id: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RawNote:
    """All of a long post."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RawAttachments:
    """What hangs on a post."""

    media_keys: tuple[str, ...] | None = ()
    poll_ids: tuple[str, ...] | None = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPost:
    """A post."""

    id: str
    text: str = ""
    author_id: str | None = None
    created_at: str | None = None
    conversation_id: str | None = None
    lang: str | None = None
    reply_settings: str | None = None
    public_metrics: RawMetrics | None = None
    attachments: RawAttachments | None = None
    note: Annotated[
        RawNote | None, Field(validation_alias=AliasChoices("note_post", "note_tweet"))
    ] = None
    references: Annotated[
        tuple[RawReference, ...] | None,
        Field(validation_alias=AliasChoices("referenced_posts", "referenced_tweets")),
    ] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RawUserMetrics:
    """How much somebody has of what is counted."""

    followers_count: int = 0
    following_count: int = 0
    listed_count: int = 0
    post_count: Annotated[
        int, Field(validation_alias=AliasChoices("post_count", "tweet_count"))
    ] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RawUser:
    """Somebody on X."""

    id: str
    username: str
    name: str = ""
    description: str | None = None
    location: str | None = None
    url: str | None = None
    created_at: str | None = None
    profile_image_url: str | None = None
    verified: bool = False
    protected: bool = False
    public_metrics: RawUserMetrics | None = None
    pinned_post_id: Annotated[
        str | None, Field(validation_alias=AliasChoices("pinned_post_id", "pinned_tweet_id"))
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawMedia:
    """A picture or film of a post."""

    media_key: str
    type: str = ""
    url: str | None = None
    preview_image_url: str | None = None
    alt_text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RawOption:
    """A choice of a poll."""

    label: str
    position: int = 0
    votes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPoll:
    """A poll of a post."""

    id: str
    options: tuple[RawOption, ...] | None = ()
    voting_status: str | None = None
    end_datetime: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Includes:
    """What posts speak of, each once."""

    users: tuple[RawUser, ...] = ()
    media: tuple[RawMedia, ...] = ()
    polls: tuple[RawPoll, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """Where a page ends."""

    next_token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    """One post."""

    data: RawPost
    includes: Includes = Includes()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Several posts, and what is wrong with others that were asked for."""

    data: tuple[RawPost, ...] = ()
    includes: Includes = Includes()
    errors: tuple[Problem, ...] = ()
    meta: Meta = Meta()


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """One person."""

    data: RawUser
