"""All that the emulated Instagram knows."""

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Literal

from .instagram_records import Account, Comment, Container, Medium, Policy, Product

__all__ = ["DAY", "Gram"]

DAY = 86_400
"""Seconds in which posts are counted, and for which a container can be published."""

_NAMES = {"instagram": "instagram_business_", "facebook": "instagram_"}
"""What stands before a permission, by login."""


class Gram:
    """Accounts, and what was made on them."""

    def __init__(
        self, accounts: Iterable[Account], login: Literal["instagram", "facebook"], now: float
    ) -> None:
        self.login = login
        self.accounts = {one.id: one for one in accounts}
        self.containers: dict[str, Container] = {}
        self.media: dict[str, Medium] = {}
        """By id, oldest first."""
        self.comments: dict[str, Comment] = {}
        self.policy = Policy()
        self.used: dict[str, list[float]] = {}
        """When each account's posts by this API were published."""
        self._numbers = count(1)
        for account in list(self.accounts.values()):
            self._seed(account, now)

    def permission(self, kind: str) -> str:
        """Give a permission's whole name: of `basic`, `content_publish`, `manage_comments`."""
        return f"{_NAMES[self.login]}{kind}"

    def kind(self, node: str) -> str:
        """Tell what has this id: account, container, media or comment. Empty: nothing."""
        kinds = {
            "account": self.accounts.keys(),
            "container": self.containers.keys(),
            "media": self.media.keys(),
            "comment": self.comments.keys(),
        }
        return next((kind for kind, found in kinds.items() if node in found), "")

    def owner(self, node: str) -> str:
        """Give the account something belongs to. Empty: there is no such thing."""
        if node in self.accounts:
            return node
        if node in self.comments:
            node = self.comments[node].media
        thing = self.containers.get(node) or self.media.get(node)
        return thing.account if thing else ""

    def next_id(self, beginning: str) -> str:
        """Give an id that nothing else has."""
        return f"{beginning}{next(self._numbers):06}"

    def keep(
        self,
        account: str,
        kind: str,
        product: Product,
        now: float,
        *,
        caption: str = "",
        url: str = "",
        children: tuple[tuple[str, str], ...] = (),
    ) -> Medium:
        """Let something be seen on an account from now on."""
        medium = Medium(
            id=self.next_id("17918920912"),
            account=account,
            kind=kind,
            product=product,
            created=now,
            caption=caption,
            url=url,
            children=children,
        )
        self.media[medium.id] = medium
        return medium

    def say(self, media: str, username: str, text: str, now: float, parent: str = "") -> Comment:
        """Let somebody comment."""
        comment = Comment(
            id=self.next_id("17858893269"),
            media=media,
            parent=parent,
            username=username,
            text=text,
            created=now,
        )
        self.comments[comment.id] = comment
        return comment

    def on(self, account: str) -> Sequence[Medium]:
        """List an account's media, the newest first."""
        return [one for one in reversed(self.media.values()) if one.account == account]

    def under(self, medium: str, parent: str = "") -> Sequence[Comment]:
        """List the comments below a media, or the answers to one of them, the newest first."""
        found = (one for one in reversed(self.comments.values()) if one.media == medium)
        return [one for one in found if one.parent == parent]

    def used_of(self, account: str, now: float) -> int:
        """Count the posts of the last 24 hours."""
        return sum(one > now - DAY for one in self.used.get(account, []))

    def state(self, container: Container, now: float) -> str:
        """Tell how far a container is."""
        if container.published:
            return "PUBLISHED"
        if now >= container.created + DAY:
            return "EXPIRED"
        waits = container.resumable and container.size < 0
        if waits or now < container.ready + self.policy.processing:
            return "IN_PROGRESS"
        return "ERROR" if self.policy.fails else "FINISHED"

    def _seed(self, account: Account, now: float) -> None:
        picture = f"https://media.example/{account.username}.jpg"
        first = self.keep(
            account.id, "IMAGE", "FEED", now - DAY, caption="Hello, world.", url=picture
        )
        self.say(first.id, "passerby", "Welcome!", now - DAY / 2)
