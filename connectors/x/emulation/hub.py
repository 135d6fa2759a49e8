"""All that X knows."""

from collections.abc import Mapping
from itertools import count

from .grants import App, Grants
from .limits import Limits
from .policy import Policy
from .records import Medium, Post, User

__all__ = ["CLIENT", "PUBLIC_CLIENT", "Hub"]

CLIENT = App(
    id="x-emulator",
    secret="emulator-secret",
    consumer_secret="emulator-consumer-secret",
    name="Emulated App",
    redirect_uris=("http://127.0.0.1/callback",),
    loopback=True,
)
"""The app that exists from the start. Its secrets are some only in name."""

PUBLIC_CLIENT = App(
    id="x-emulator-public",
    secret="",
    consumer_secret="emulator-consumer-secret",
    name="Emulated App for a phone",
    redirect_uris=("http://127.0.0.1/callback",),
    loopback=True,
)

WREN = User(
    id="1460323737035677698",
    username="wren",
    name="Jenny Wren",
    description="Small, loud.",
    email="wren@birds.example",
    created=1636997000,
)
FINCH = User(
    id="2244994945",
    username="finch",
    name="A. Finch",
    description="Seeds, mostly.",
    email="finch@birds.example",
    created=1386995755,
)

_EPOCH = 1_288_834_974_657
"""Milliseconds since 1970 UTC from which X counts in its ids.

https://docs.x.com/fundamentals/x-ids
"""


class Hub:
    """People, apps, grants, posts and media."""

    def __init__(self, now: float) -> None:
        self.people = {user.username: user for user in (WREN, FINCH)}
        self.signed_in = WREN
        """Who agrees next, where nobody is asked."""
        self.grantable: frozenset[str] | None = None
        """The scopes that are granted next, of those asked for. None: all."""
        self.policy = Policy()
        self.grants = Grants([CLIENT, PUBLIC_CLIENT])
        self.limits = Limits()
        self.posts: dict[str, Post] = {}
        """By id, oldest first."""
        self.media: dict[str, Medium] = {}
        self._numbers = count()
        self._seed(now)

    def next_id(self, now: float) -> str:
        """Give an id nothing else has, higher than those before it."""
        return str(((int(now * 1000) - _EPOCH) << 22) + next(self._numbers))

    def keep(self, post: Post) -> Post:
        """Keep a post."""
        self.posts[post.id] = post
        return post

    def by_id(self, user_id: str) -> User | None:
        """Find somebody."""
        return next((user for user in self.people.values() if user.id == user_id), None)

    def answers_to(self, post: Post) -> int:
        """Count the replies to a post."""
        return sum(one.replies_to == post.id for one in self.posts.values())

    def seen(self, medium: Medium, now: float) -> Mapping[str, object] | None:
        """Tell how far looking at a film is. None: it needs no looking at."""
        if medium.category == "tweet_image" or medium.finished is None:
            return None
        passed, whole = now - medium.finished, self.policy.processing
        if passed < whole:
            left = max(1, int(whole - passed))
            state = "pending" if passed < 1 else "in_progress"
            percent = int(100 * passed / whole)
            return {"state": state, "check_after_secs": left, "progress_percent": percent}
        if self.policy.fails:
            error = {"code": 1, "name": "InvalidMedia", "message": self.policy.fails}
            return {"state": "failed", "progress_percent": 0, "error": error}
        return {"state": "succeeded", "progress_percent": 100} if whole else None

    def _seed(self, now: float) -> None:
        texts = (
            (FINCH, "Seeds of the thistle, at last.", 3600.0),
            (FINCH, "@wren what is it that you sing?", 1800.0),
            (WREN, "Good morning to all who are up.", 900.0),
        )
        for author, text, ago in texts:
            post_id = self.next_id(now - ago)
            self.keep(Post(id=post_id, author=author, text=text, created=now - ago))
