"""Reading posts.

Lookup    https://docs.x.com/x-api/posts/get-posts-by-ids
Timelines https://docs.x.com/x-api/posts/timelines/introduction
Search    https://docs.x.com/x-api/posts/search/introduction
"""

from collections.abc import Sequence
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from connector_vault.connector import Api

from ..api import WORDS, Vocabulary
from .parameters import Cursor, EndTime, PostId, SinceId, StartTime, UntilId, checked_id
from .people import own_id
from .shapes import Post, Posts, post_of, posts_of
from .wire import One, Page

__all__ = [
    "get_post",
    "get_posts",
    "list_mentions",
    "list_own_posts",
    "search_recent",
    "wanted",
]

_AUTHOR = "author_id"
"""In the newer vocabulary no field, but an expansion alone."""

_FIELDS = (
    "attachments",
    _AUTHOR,
    "conversation_id",
    "created_at",
    "lang",
    "public_metrics",
    "reply_settings",
    "text",
)
_EXPANSIONS = ("attachments.media_keys", "attachments.poll_ids", _AUTHOR)

UserId: TypeAlias = Annotated[
    str | None,
    Field(
        pattern=r"^[0-9]{1,19}$",
        description="This account's own id, from get_me: spares a request to ask for it.",
    ),
]
PageSize: TypeAlias = Annotated[int, Field(ge=5, le=100, description="Posts on a page.")]


def wanted(words: Vocabulary) -> dict[str, str]:
    """Give the parameters that ask for all a tool returns of a post."""
    fields, expansions = {*_FIELDS, words.note}, {*_EXPANSIONS}
    if words.references_wanted == "expansion":
        expansions.add(words.references)
        fields.remove(_AUTHOR)
    else:
        fields.add(words.references)
    return {
        words.fields: ",".join(sorted(fields)),
        "expansions": ",".join(sorted(expansions)),
        "user.fields": "name,username",
        "media.fields": "alt_text,media_key,preview_image_url,type,url",
        "poll.fields": "end_datetime,id,options,voting_status",
    }


async def get_post(api: Api, post_id: PostId) -> Post:
    """Read one post.

    Returns its text, author, numbers, media and poll. Costs $0.005. Does not fetch replies:
    search_recent with `conversation_id:ID` does, for seven days.
    """
    found = await api.get(One, "/2/tweets/{}", checked_id(post_id, "post_id"), **wanted(WORDS))
    return post_of(found.data, found.includes)


async def get_posts(
    api: Api, post_ids: Annotated[Sequence[PostId], Field(min_length=1, max_length=100)]
) -> Posts:
    """Read up to 100 posts by their ids.

    Returns those that can be read; `absent` names the others, and why. Costs $0.005 for each post.
    """
    ids = ",".join(checked_id(one, "a post id") for one in post_ids)
    return posts_of(await api.get(Page, "/2/tweets", ids=ids, **wanted(WORDS)))


async def list_own_posts(
    api: Api,
    exclude: Annotated[
        Sequence[Literal["replies", "retweets"]] | None,
        Field(description="Leaves out replies, reposts, or both."),
    ] = None,
    user_id: UserId = None,
    start_time: StartTime = None,
    end_time: EndTime = None,
    since_id: SinceId = None,
    until_id: UntilId = None,
    max_results: PageSize = 10,
    next_token: Cursor = None,
) -> Posts:
    """List what this account posted, newest first: at most its last 3200 posts.

    Returns one page. Costs $0.001 for each post.
    """
    page = await api.get(
        Page,
        "/2/users/{}/tweets",
        await own_id(api, user_id),
        exclude=",".join(exclude) if exclude else None,
        start_time=start_time,
        end_time=end_time,
        since_id=since_id,
        until_id=until_id,
        max_results=max_results,
        pagination_token=next_token,
        **wanted(WORDS),
    )
    return posts_of(page)


async def list_mentions(
    api: Api,
    user_id: UserId = None,
    start_time: StartTime = None,
    end_time: EndTime = None,
    since_id: SinceId = None,
    until_id: UntilId = None,
    max_results: PageSize = 10,
    next_token: Cursor = None,
) -> Posts:
    """List posts that mention this account, newest first: at most the last 800.

    Returns one page. Their authors may be replied to. Costs up to $0.005 for each post.
    """
    page = await api.get(
        Page,
        "/2/users/{}/mentions",
        await own_id(api, user_id),
        start_time=start_time,
        end_time=end_time,
        since_id=since_id,
        until_id=until_id,
        max_results=max_results,
        pagination_token=next_token,
        **wanted(WORDS),
    )
    return posts_of(page)


async def search_recent(
    api: Api,
    query: Annotated[
        str,
        Field(
            min_length=1,
            max_length=512,
            description='Words and operators: `"solar eclipse" from:nasa lang:en has:images '
            "-is:reply`, `conversation_id:ID`, `to:NAME`.",
        ),
    ],
    sort_order: Literal["recency", "relevancy"] | None = None,
    start_time: StartTime = None,
    end_time: EndTime = None,
    since_id: SinceId = None,
    until_id: UntilId = None,
    max_results: Annotated[int, Field(ge=10, le=100, description="Posts on a page.")] = 10,
    next_token: Cursor = None,
) -> Posts:
    """Search the posts of everybody, of the last seven days only.

    Returns one page, newest first. X leaves reposts out. Costs $0.005 for each post it returns.
    """
    page = await api.get(
        Page,
        "/2/tweets/search/recent",
        query=query,
        sort_order=sort_order,
        start_time=start_time,
        end_time=end_time,
        since_id=since_id,
        until_id=until_id,
        max_results=max_results,
        next_token=next_token,
        **wanted(WORDS),
    )
    return posts_of(page)
