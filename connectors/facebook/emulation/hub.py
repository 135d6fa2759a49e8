"""All that Facebook knows."""

from itertools import count

from .grants import App, Grants
from .people import PAGES, people
from .policy import Policy
from .records import Comment, Film, Message, Person, Photo, Post, Who

__all__ = ["CLIENT", "DAY", "Hub"]

DAY = 86_400
"""Seconds."""

_SCOPES = (
    "pages_show_list",
    "pages_read_engagement",
    "pages_manage_posts",
    "pages_read_user_content",
    "pages_manage_engagement",
    "pages_messaging",
    "read_insights",
)

CLIENT = App(
    id="1234567890123456",
    secret="emulator-secret-of-facebook",
    name="Emulated App",
    redirect_uris=("http://127.0.0.1/callback",),
    configurations={"8100200300": _SCOPES},
    loopback=True,
)
"""The app that exists from the start. Its secret is one only in name."""


class Hub:
    """People, apps, grants, and Pages with what is on them."""

    def __init__(self, now: float) -> None:
        everybody = people()
        self.people = {one.login: one for one in everybody}
        self.signed_in: Person = everybody[0]
        """Who agrees next, where nobody is asked."""
        self.grantable: frozenset[str] | None = None
        """The permissions that are granted next, of those asked for. None: all."""
        self.shared: frozenset[str] | None = None
        """The Pages that are shared next. None: all."""
        self.policy = Policy()
        self.grants = Grants([CLIENT], everybody)
        self.pages = {page.id: page for page in PAGES}
        self.posts: dict[str, Post] = {}
        """By id, oldest first, like all of these."""
        self.photos: dict[str, Photo] = {}
        self.comments: dict[str, Comment] = {}
        self.films: dict[str, Film] = {}
        self.messages: list[Message] = []
        self.limited: dict[str, float] = {}
        """Until when a Page, or a person, may ask nothing."""
        self.failing: list[int] = []
        """Codes with which the next calls are refused."""
        self.leaks: list[str] = []
        """Requests whose address held what is secret."""
        self._numbers = count(1)
        self._seed(now)

    def next_id(self) -> str:
        """Give an id nothing else has."""
        return str(122_000_000_000_000 + next(self._numbers))

    def keep(self, post: Post) -> Post:
        """Keep a post."""
        self.posts[post.id] = post
        return post

    def post(self, page: str, message: str, now: float, **more: object) -> Post:
        """Make a post, and keep it."""
        post = Post(id=f"{page}_{self.next_id()}", page=page, message=message, created=now)
        for name, value in more.items():
            setattr(post, name, value)
        return self.keep(post)

    def comment(self, post: str, parent: str, author: Who, text: str, now: float) -> Comment:
        """Write a comment, and keep it."""
        made = Comment(
            id=f"{post.rpartition('_')[2]}_{self.next_id()}",
            post=post,
            parent=parent,
            author=author,
            message=text,
            created=now,
        )
        self.comments[made.id] = made
        return made

    def tick(self, now: float) -> None:
        """Publish what is due."""
        for post in self.posts.values():
            if not post.published and post.scheduled and now >= post.scheduled:
                post.published, post.created, post.scheduled = True, post.scheduled, 0.0

    def seen(self, page: str) -> list[Post]:
        """Give what a Page has published, the newest first."""
        mine = [one for one in self.posts.values() if one.page == page and one.published]
        return mine[::-1]

    def _seed(self, now: float) -> None:
        for page, text, ago in (
            (PAGES[0], "The ovens are on from four.", 7200.0),
            (PAGES[0], "Rye is back.", 3600.0),
            (PAGES[1], "Closed on Friday.", 3600.0),
        ):
            self.post(page.id, text, now - ago, likes=3, shares=1)
        first = next(iter(self.posts.values()))
        guest = Who(id="24500000000000001", name="Dora Field")
        self.comment(first.id, "", guest, "Do you sell flour?", now - 3000)
        self.messages.append(
            Message(
                id="m_" + self.next_id(),
                page=PAGES[0].id,
                person=guest,
                from_page=False,
                text="Are you open today?",
                created=now - 1800,
            )
        )
