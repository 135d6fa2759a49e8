"""All that TikTok knows."""

import hashlib
from collections.abc import Sequence
from itertools import count

from connector_vault.connector import Json

from .grants import App, Grants
from .limits import Limits
from .notices import removed
from .policy import Policy
from .records import Publication, User, Video

__all__ = ["CLIENT", "DAY", "SCOPES", "Hub"]

CLIENT = App(
    key="tiktok-emulator",
    secret="emulator-secret",
    name="Emulated App",
    redirect_uris=("https://app.example/callback",),
)
"""The app that exists from the start. Its secret is one only in name."""

SCOPES = frozenset(
    {
        "user.info.basic",
        "user.info.profile",
        "user.info.stats",
        "video.list",
        "video.publish",
        "video.upload",
    }
)

DAY = 86_400.0
"""Seconds."""

_FIRST_ID = 7_400_000_000_000_000_000
"""Ids need more than 53 bits, as the real ones do."""

BY_THE_DEVELOPER = 5
"""Why a permission ended, in a notice."""


class Hub:
    """People, apps, grants, posts, and what is to become one."""

    def __init__(self, now: float) -> None:
        duck = User(username="dancing.duck", display_name="Dancing Duck", bio="Quack.", followers=9)
        quail = User(
            username="quiet_quail",
            display_name="Quiet Quail",
            bio="",
            private=True,
            duet_disabled=True,
            stitch_disabled=True,
            max_seconds=180,
        )
        self.people = {user.username: user for user in (duck, quail)}
        self.signed_in = duck
        """Who agrees next, where nobody is asked."""
        self.grantable: frozenset[str] | None = None
        """The scopes that are granted next, of those asked for. None: all."""
        self.policy = Policy()
        self.grants = Grants([CLIENT])
        self.limits = Limits()
        self.publications: dict[str, Publication] = {}
        self.videos: list[Video] = []
        """The oldest first."""
        self.deliveries: list[Json] = []
        """What the webhooks of apps were sent."""
        self.failures: list[str] = []
        """The codes that the next requests to the API are refused with."""
        self._numbers = count(1)
        self._seed(duck, now)

    def next_number(self) -> int:
        """Give a number nothing else has."""
        return _FIRST_ID + next(self._numbers)

    def open_id(self, app: str, username: str) -> str:
        """Give what an app knows somebody by."""
        return f"-000{hashlib.sha256(f'{app} {username}'.encode()).hexdigest()[:32]}"

    def withdraw(self, user: User, app: str | None, reason: int, now: float) -> Sequence[Json]:
        """End what somebody granted, and what was under way by it. Give what apps are sent."""
        _, apps = self.grants.withdraw(user.username, app, now)
        self.settle(now)
        for one in self.publications.values():
            if one.username == user.username and one.app in apps and not one.posted:
                one.failed = one.failed or "auth_removed"
        told = [
            removed(self.grants.apps[key], self.open_id(key, user.username), reason, now)
            for key in sorted(apps)
        ]
        self.deliveries += told
        return told

    def status(self, one: Publication, now: float) -> str:
        """Tell how far something is."""
        if one.failed:
            return "FAILED"
        if one.arrived is None or (one.upload is None and now < one.arrived):
            return "PROCESSING_UPLOAD" if one.upload else "PROCESSING_DOWNLOAD"
        if now < one.arrived + self.policy.processing:
            return "PROCESSING_UPLOAD"
        if self.policy.fails and not one.posted:
            one.failed = self.policy.fails
            return "FAILED"
        return "PUBLISH_COMPLETE" if one.direct or one.posted else "SEND_TO_USER_INBOX"

    def settle(self, now: float) -> None:
        """Post what is ready to be posted."""
        for one in self.publications.values():
            if one.direct and not one.posted and self.status(one, now) == "PUBLISH_COMPLETE":
                self.post(one, now)

    def post(self, one: Publication, now: float) -> Video:
        """Make a post of a publication, or of a draft once more."""
        video = Video(
            id=self.next_number(),
            username=one.username,
            title=str(one.info.get("title") or ""),
            created=now,
            privacy=str(one.info.get("privacy_level") or "SELF_ONLY"),
            publish_id=one.id,
        )
        one.posted = True
        self.videos.append(video)
        return video

    def recent(self, username: str, now: float, *, direct: bool) -> int:
        """Count what somebody sent to be posted, or the drafts that wait for them, in a day."""
        return sum(
            one.username == username
            and one.direct is direct
            and now < one.begun + DAY
            and not one.failed
            and (one.arrived is not None if direct else not one.posted)
            for one in self.publications.values()
        )

    def _seed(self, duck: User, now: float) -> None:
        for ago, title in ((7200.0, "First steps"), (5400.0, "On ice"), (3600.0, "In the rain")):
            video = Video(
                id=self.next_number(), username=duck.username, title=title, created=now - ago
            )
            self.videos.append(video)
