"""Posts and people as tools give them, whatever X calls their fields."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..answers import Problem, code_of, told
from .wire import Includes, Page, RawMedia, RawPoll, RawPost, RawUser

__all__ = [
    "Absent",
    "Metrics",
    "Person",
    "Post",
    "Posts",
    "person_of",
    "post_of",
    "posts_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """How often something was done to a post."""

    likes: int = 0
    replies: int = 0
    reposts: int = 0
    quotes: int = 0
    bookmarks: int = 0
    impressions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A picture or film. `url` of a film is that of its preview."""

    type: str
    url: str | None = None
    alt_text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A choice of a poll."""

    label: str
    votes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A poll. `status` is open or closed."""

    choices: tuple[Choice, ...]
    status: str | None = None
    ends_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post. `replies_to`, `quotes` and `reposts` are ids of other posts."""

    id: str
    text: str
    url: str
    author_id: str | None = None
    author_username: str | None = None
    author_name: str | None = None
    created_at: str | None = None
    lang: str | None = None
    conversation_id: str | None = None
    replies_to: str | None = None
    quotes: str | None = None
    reposts: str | None = None
    reply_settings: str | None = None
    metrics: Metrics | None = None
    media: tuple[Attached, ...] = ()
    poll: Poll | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """A post that was asked for and not given, and why."""

    id: str
    code: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """A page of posts. `next_token` is null on the last; `absent` could not be given."""

    posts: tuple[Post, ...]
    next_token: str | None = None
    absent: tuple[Absent, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An account. `username` may change, `id` never does."""

    id: str
    username: str
    name: str
    url: str
    description: str | None = None
    location: str | None = None
    website: str | None = None
    created_at: str | None = None
    profile_image_url: str | None = None
    verified: bool = False
    protected: bool = False
    followers: int | None = None
    following: int | None = None
    posts: int | None = None
    pinned_post_id: str | None = None


def post_of(raw: RawPost, includes: Includes) -> Post:
    """Put a post together with whom and what it speaks of."""
    users = {user.id: user for user in includes.users}
    author = users.get(raw.author_id or "")
    referred = {one.type: one.id for one in raw.references or ()}
    return Post(
        id=raw.id,
        # A long post is cut in its text, and whole in its note.
        text=raw.note.text if raw.note else raw.text,
        url=f"https://x.com/{author.username if author else 'i'}/status/{raw.id}",
        author_id=raw.author_id,
        author_username=author.username if author else None,
        author_name=author.name if author else None,
        created_at=raw.created_at,
        lang=raw.lang,
        conversation_id=raw.conversation_id,
        replies_to=referred.get("replied_to"),
        quotes=referred.get("quoted"),
        reposts=referred.get("retweeted") or referred.get("reposted"),
        reply_settings=raw.reply_settings,
        metrics=_metrics(raw),
        media=tuple(_attached(raw, includes.media)),
        poll=_poll(raw, includes.polls),
    )


def posts_of(page: Page) -> Posts:
    """Put a page of posts together."""
    return Posts(
        posts=tuple(post_of(raw, page.includes) for raw in page.data),
        next_token=page.meta.next_token,
        absent=tuple(_absent(problem) for problem in page.errors if _id_of(problem)),
    )


def person_of(raw: RawUser) -> Person:
    """Give an account as tools give it."""
    counted = raw.public_metrics
    return Person(
        id=raw.id,
        username=raw.username,
        name=raw.name,
        url=f"https://x.com/{raw.username}",
        description=raw.description,
        location=raw.location,
        website=raw.url,
        created_at=raw.created_at,
        profile_image_url=raw.profile_image_url,
        verified=raw.verified,
        protected=raw.protected,
        followers=counted.followers_count if counted else None,
        following=counted.following_count if counted else None,
        posts=counted.post_count if counted else None,
        pinned_post_id=raw.pinned_post_id,
    )


def _metrics(raw: RawPost) -> Metrics | None:
    counted = raw.public_metrics
    if counted is None:
        return None
    return Metrics(
        likes=counted.like_count,
        replies=counted.reply_count,
        reposts=counted.repost_count,
        quotes=counted.quote_count,
        bookmarks=counted.bookmark_count,
        impressions=counted.impression_count,
    )


def _attached(raw: RawPost, media: Iterable[RawMedia]) -> Iterable[Attached]:
    known = {one.media_key: one for one in media}
    for key in (raw.attachments.media_keys or ()) if raw.attachments else ():
        if found := known.get(key):
            url = found.url or found.preview_image_url
            yield Attached(type=found.type, url=url, alt_text=found.alt_text)


def _poll(raw: RawPost, polls: Iterable[RawPoll]) -> Poll | None:
    wanted = (raw.attachments.poll_ids or ()) if raw.attachments else ()
    for poll in polls:
        if poll.id in wanted:
            ordered = sorted(poll.options or (), key=lambda option: option.position)
            choices = tuple(Choice(label=one.label, votes=one.votes) for one in ordered)
            return Poll(choices=choices, status=poll.voting_status, ends_at=poll.end_datetime)
    return None


def _id_of(problem: Problem) -> str:
    return problem.resource_id or problem.value or ""


def _absent(problem: Problem) -> Absent:
    code = code_of(problem.type) or "refused"
    return Absent(id=_id_of(problem), code=code, message=told(problem))
