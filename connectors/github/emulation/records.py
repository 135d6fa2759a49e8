"""What GitHub keeps: people, repositories, issues, pull requests, comments, runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["Comment", "Issue", "Pull", "Run", "User"]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody with an account."""

    id: int
    login: str
    name: str
    email: str
    created: float
    """Seconds since 1970 UTC, like every time here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """What makes an issue a pull request."""

    head: str
    """A branch."""
    base: str
    head_sha: str
    base_sha: str
    """Where the branches stood when it was last looked at; kept once they are gone."""
    draft: bool = False
    merged_at: float | None = None
    merged_by: User | None = None
    merge_sha: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue or a pull request: they share their numbers."""

    id: int
    number: int
    title: str
    body: str | None
    user: User
    created: float
    updated: float
    state: Literal["open", "closed"] = "open"
    state_reason: str | None = None
    closed: float | None = None
    closed_by: User | None = None
    labels: tuple[str, ...] = ()
    assignees: tuple[User, ...] = ()
    pull: Pull | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What somebody said about an issue or a pull request."""

    id: int
    number: int
    body: str
    user: User
    created: float
    updated: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of a workflow. How far it is follows from the clock."""

    id: int
    number: int
    workflow: str
    """The path of its file."""
    branch: str
    sha: str
    actor: User
    started: float
    inputs: Mapping[str, str]
