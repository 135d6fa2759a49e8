"""All that GitHub knows."""

from itertools import count

from .git import Files
from .grants import App, Grants
from .limits import Limits
from .records import Issue, User
from .repository import Repository

__all__ = ["CLIENT", "Hub"]

CLIENT = App(
    id="Iv1.emulator",
    secret="emulator-secret",
    name="Emulated App",
    redirect_uris=("http://127.0.0.1/callback",),
    loopback=True,
)
"""The app that exists from the start. Its secret is one only in name."""

OCTOCAT = User(
    id=583231,
    login="octocat",
    name="The Octocat",
    email="octocat@github.com",
    created=1295981964,
)
HUBOT = User(id=480938, login="hubot", name="Hubot", email="hubot@github.com", created=1289936190)

_WORKFLOW = b"""name: CI
on:
  push:
  workflow_dispatch:
    inputs:
      level:
        default: info
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: echo "${{ inputs.level }}"
"""

_FIRST_ID = 1_000
"""Ids of things made here begin above this."""


class Hub:
    """People, apps, grants and repositories."""

    def __init__(self, now: float) -> None:
        self.people = {user.login: user for user in (OCTOCAT, HUBOT)}
        self.signed_in = OCTOCAT
        """Who agrees next, where nobody is asked."""
        self.grants = Grants([CLIENT])
        self.limits = Limits()
        self.repositories: dict[str, Repository] = {}
        """By lower-case full name: GitHub does not tell cases apart."""
        self._ids = count(_FIRST_ID)
        self._seed(now)

    def next_id(self) -> int:
        """Give an id nothing else has."""
        return next(self._ids)

    def found(
        self, owner: User, name: str, description: str, now: float, *, private: bool = False
    ) -> Repository:
        """Make an empty repository."""
        repository = Repository(
            id=self.next_id(),
            owner=owner,
            name=name,
            description=description,
            created=now,
            private=private,
        )
        self.repositories[repository.full_name.lower()] = repository
        return repository

    def commit(self, repository: Repository, files: Files, message: str, now: float) -> None:
        """Put files on the default branch, as its owner."""
        tip = repository.tip
        parents = (tip.sha,) if tip else ()
        commit = repository.git.commit(message, files, repository.owner, now, parents)
        repository.git.branches[repository.branch] = commit.sha

    def _seed(self, now: float) -> None:
        hello = self.found(OCTOCAT, "hello-world", "My first repository on GitHub!", now)
        files = {"README.md": b"# Hello World\n", ".github/workflows/ci.yml": _WORKFLOW}
        self.commit(hello, files, "Initial commit", now)
        number = next(hello.numbers)
        hello.issues[number] = Issue(
            id=self.next_id(),
            number=number,
            title="Found a bug",
            body="I'm having a problem with this.",
            user=HUBOT,
            created=now,
            updated=now,
        )
        secrets = self.found(OCTOCAT, "secrets", "For my eyes only.", now, private=True)
        self.commit(secrets, {"README.md": b"# Secrets\n"}, "Initial commit", now)
