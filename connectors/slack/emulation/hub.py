"""All that Slack knows."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import count

from .events import Delivered
from .grants import App, Grants
from .limits import Limits
from .policies import Policy
from .records import Channel, ChannelKind, Enterprise, Message, Person, Scheduled, Stored, Team

__all__ = ["CLIENT", "Hub"]

CLIENT = App(
    id="1000.2000",
    app_id="A0EMULATOR",
    secret="emulator-secret",
    signing_secret="emulator-signing-secret",
    name="Emulated App",
    redirect_uris=("http://127.0.0.1/callback",),
    loopback=True,
)
"""The app that exists from the start. Its secrets are some only in name."""

_ACME = Team(id="T0ACME", name="Acme", domain="acme")
_GLOBEX = Team(
    id="T0GLOBEX",
    name="Globex",
    domain="globex",
    enterprise=Enterprise(id="E0GLOBEX", name="Globex Corporation"),
)

_PEOPLE = (
    Person(
        id="U0ADA", team="T0ACME", name="ada", real_name="Ada Lovelace", email="ada@acme.example"
    ),
    Person(
        id="U0GRACE",
        team="T0ACME",
        name="grace",
        real_name="Grace Hopper",
        email="grace@acme.example",
    ),
    Person(
        id="U0HANK",
        team="T0GLOBEX",
        name="hank",
        real_name="Hank Scorpio",
        email="hank@globex.example",
    ),
)


class Hub:
    """Workspaces, people, apps, grants and conversations."""

    def __init__(self, now: float) -> None:
        self.teams = {team.id: team for team in (_ACME, _GLOBEX)}
        self.people = {one.id: replace(one, created=now) for one in _PEOPLE}
        self.signed_in = self.people["U0ADA"]
        """Who agrees next, where nobody is asked."""
        self.policy = Policy()
        self.grants = Grants([CLIENT])
        self.limits = Limits()
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, Stored] = {}
        self.scheduled: dict[str, Scheduled] = {}
        self.outbox = list[Delivered]()
        """What was sent to apps, unasked."""
        self._ids = count(1)
        self._stamps = count(1)
        self._seed(now)

    def next_id(self, kind: str) -> str:
        """Give an id nothing else has: `C00000001`."""
        return f"{kind}{next(self._ids):08d}"

    def next_ts(self, now: float) -> str:
        """Give a message its name: the second, and what tells it from others."""
        return f"{int(now)}.{next(self._stamps):06d}"

    def person(self, login: str) -> Person | None:
        """Find somebody, no bot, by name."""
        found = [one for one in self.people.values() if one.name == login and not one.bot_id]
        return found[0] if found else None

    def bot(self, app: App, team: str, now: float) -> Person:
        """Give an app's bot in a workspace. It is there from the first consent on."""
        for one in self.people.values():
            if (one.app_id, one.team) == (app.app_id, team):
                return one
        person = Person(
            id=self.next_id("U"),
            team=team,
            name="emulated_app",
            real_name=app.name,
            bot_id=self.next_id("B"),
            app_id=app.app_id,
            created=now,
        )
        self.people[person.id] = person
        return person

    def open(
        self, team: str, kind: ChannelKind, members: Iterable[str], now: float, name: str = ""
    ) -> Channel:
        """Make a conversation."""
        there = list(members)
        letter = "D" if kind == "im" else "C"
        made = Channel(
            id=self.next_id(letter),
            team=team,
            kind=kind,
            name=name,
            created=now,
            creator=there[0],
            members=there,
        )
        self.channels[made.id] = made
        return made

    def post(self, channel: Channel, message: Message) -> Message:
        """Put a message into a conversation."""
        channel.messages[message.ts] = message
        return message

    def settle(self, now: float) -> None:
        """Post what was scheduled until now."""
        due = [one for one in self.scheduled.values() if one.at <= now]
        for one in sorted(due, key=lambda one: one.at):
            del self.scheduled[one.id]
            ts = self.next_ts(one.at)
            self.post(self.channels[one.channel], replace(one.message, ts=ts))

    def _seed(self, now: float) -> None:
        general = self.open("T0ACME", "public_channel", ["U0ADA", "U0GRACE"], now, "general")
        general.topic = "Company-wide announcements"
        self.open("T0ACME", "public_channel", ["U0GRACE"], now, "random")
        secrets = self.open("T0ACME", "private_channel", ["U0ADA"], now, "secrets")
        self.open("T0ACME", "im", ["U0ADA", "U0GRACE"], now)
        other = self.open("T0GLOBEX", "public_channel", ["U0HANK"], now, "general")
        for channel, user, text in (
            (general, "U0ADA", "Good morning, everybody!"),
            (secrets, "U0ADA", "Nobody else reads this."),
            (other, "U0HANK", "Welcome to Globex."),
        ):
            self.post(channel, Message(ts=self.next_ts(now), user=user, text=text))
