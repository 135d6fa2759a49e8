"""Posts and comments as Facebook sends them, and as tools give them.

https://developers.facebook.com/docs/graph-api/reference/page-post
https://developers.facebook.com/docs/graph-api/reference/comment
"""

from dataclasses import dataclass

__all__ = [
    "POST_FIELDS",
    "Made",
    "Post",
    "Posts",
    "RawPost",
    "RawPosts",
    "Success",
    "Who",
    "cursor_of",
    "post_of",
]

POST_FIELDS = (
    "id,message,created_time,permalink_url,is_published,scheduled_publish_time,shares,"
    "likes.limit(0).summary(true),comments.limit(0).summary(true)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was made."""

    id: str
    post_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    """Whether something was done."""

    success: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Somebody. Names are left out without the permission to read them."""

    id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cursors:
    after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Where a page ends. `next` holds a token, is hidden, and only shows that there is more."""

    cursors: _Cursors = _Cursors()
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Summary:
    total_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    summary: _Summary = _Summary()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shares:
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPost:
    """A post."""

    id: str
    message: str = ""
    created_time: str | None = None
    permalink_url: str | None = None
    is_published: bool = True
    scheduled_publish_time: int | None = None
    shares: _Shares = _Shares()
    likes: _Counted = _Counted()
    comments: _Counted = _Counted()


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPosts:
    """A page of posts."""

    data: tuple[RawPost, ...] = ()
    paging: Paging = Paging()


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post of the Page. `scheduled_publish_time` is in seconds since 1970 UTC."""

    id: str
    message: str
    published: bool
    created_time: str | None = None
    url: str | None = None
    scheduled_publish_time: int | None = None
    likes: int = 0
    comments: int = 0
    shares: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """A page of posts. `next_cursor` is null on the last."""

    posts: tuple[Post, ...]
    next_cursor: str | None = None


def post_of(raw: RawPost) -> Post:
    """Give a post as tools give it."""
    return Post(
        id=raw.id,
        message=raw.message,
        published=raw.is_published,
        created_time=raw.created_time,
        url=raw.permalink_url,
        scheduled_publish_time=raw.scheduled_publish_time,
        likes=raw.likes.summary.total_count,
        comments=raw.comments.summary.total_count,
        shares=raw.shares.count,
    )


def cursor_of(paging: Paging) -> str | None:
    """Give the cursor of the page that follows. None: this is the last."""
    return paging.cursors.after if paging.next else None
