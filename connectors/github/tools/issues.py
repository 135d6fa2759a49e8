"""Issues. GitHub counts pull requests among them.

https://docs.github.com/en/rest/issues/issues
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from connector_vault.connector import Api, BadArguments, Json

from .parameters import (
    Direction,
    Number,
    OwnerLogin,
    Page,
    PerPage,
    RepoName,
    Since,
    comma,
    following,
    given,
)

__all__ = [
    "Issue",
    "Issues",
    "Label",
    "User",
    "close_issue",
    "create_issue",
    "get_issue",
    "list_issues",
    "update_issue",
]

_ISSUES = "/repos/{}/{}/issues"
_ISSUE = "/repos/{}/{}/issues/{}"

IssueType: TypeAlias = Annotated[
    str | None, Field(description="Name of one of the organisation's issue types, such as Bug.")
]
DuplicateId: TypeAlias = Annotated[
    int | None,
    Field(description="`id` (not number) of the issue this repeats, if `duplicate` is the reason."),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody on GitHub."""

    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label of an issue or pull request."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """A milestone; `number` is what other tools ask for."""

    number: int
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """An issue's type, as its organisation defined it."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PullMark:
    """Marks an issue that is a pull request."""

    html_url: str | None = None
    merged_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """An issue, or a pull request if `pull_request` is set."""

    id: int
    number: int
    title: str
    state: str
    html_url: str
    state_reason: str | None = None
    body: str | None = None
    user: User | None = None
    labels: tuple[Label | str, ...] = ()
    assignees: tuple[User, ...] | None = None
    milestone: Milestone | None = None
    type: Type | None = None
    comments: int = 0
    locked: bool = False
    created_at: str | None = None
    updated_at: str | None = None
    closed_at: str | None = None
    pull_request: PullMark | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Issues:
    """A page of issues. `next_page` is null on the last."""

    issues: tuple[Issue, ...]
    next_page: int | None


async def list_issues(
    api: Api,
    owner: OwnerLogin,
    repo: RepoName,
    state: Literal["open", "closed", "all"] = "open",
    labels: Annotated[
        Sequence[str] | None, Field(description="Only issues that have all of these labels.")
    ] = None,
    assignee: Annotated[
        str | None, Field(description="A login; `none`: nobody; `*`: anybody.")
    ] = None,
    creator: str | None = None,
    mentioned: str | None = None,
    milestone: Annotated[
        int | str | None, Field(description="A milestone's number; `none`; `*`: any.")
    ] = None,
    type: Annotated[  # noqa: A002  # GitHub's own name
        str | None, Field(description="An issue type's name; `none`; `*`: any.")
    ] = None,
    issue_field_values: Annotated[
        Sequence[str] | None,
        Field(description="Only issues with these field values, each as field-slug:value."),
    ] = None,
    sort: Literal["created", "updated", "comments"] | None = None,
    direction: Direction | None = None,
    since: Since = None,
    per_page: PerPage = 30,
    page: Page = 1,
) -> Issues:
    """List a repository's issues and pull requests, newest first.

    Returns one page with bodies; `pull_request` is set on those that are pull requests. Does not
    search the text (search_issues does) and does not fetch comments.
    """
    found = await api.get(
        tuple[Issue, ...],
        _ISSUES,
        owner,
        repo,
        state=state,
        labels=comma(labels),
        assignee=assignee,
        creator=creator,
        mentioned=mentioned,
        milestone=milestone,
        type=type,
        issue_field_values=comma(issue_field_values),
        sort=sort,
        direction=direction,
        since=since,
        per_page=per_page,
        page=page,
    )
    return Issues(issues=found, next_page=following(found, per_page, page))


async def get_issue(api: Api, owner: OwnerLogin, repo: RepoName, issue_number: Number) -> Issue:
    """Read one issue or pull request by its number.

    Returns its title, body, state, labels and people. Does not fetch its comments:
    list_issue_comments does.
    """
    return await api.get(Issue, _ISSUE, owner, repo, issue_number)


async def create_issue(
    api: Api,
    owner: OwnerLogin,
    repo: RepoName,
    title: str,
    body: Annotated[str | None, Field(description="Markdown.")] = None,
    labels: Sequence[str] | None = None,
    assignees: Annotated[Sequence[str] | None, Field(description="Logins.")] = None,
    milestone: Annotated[int | None, Field(ge=1, description="A milestone's number.")] = None,
    type: IssueType = None,  # noqa: A002  # GitHub's own name
) -> Issue:
    """Open an issue.

    Returns it with its number and html_url. GitHub silently drops labels, assignees, milestone and
    type if the account may not push: look at what came back. Will not look for a duplicate first.
    """
    new = given(
        title=title,
        body=body,
        labels=_listed(labels),
        assignees=_listed(assignees),
        milestone=milestone,
        type=type,
    )
    return await api.post(Issue, _ISSUES, owner, repo, json=new)


async def update_issue(
    api: Api,
    owner: OwnerLogin,
    repo: RepoName,
    issue_number: Number,
    title: str | None = None,
    body: Annotated[str | None, Field(description="Markdown; replaces the whole text.")] = None,
    state: Literal["open", "closed"] | None = None,
    state_reason: Annotated[
        Literal["completed", "not_planned", "duplicate", "reopened"] | None,
        Field(description="Counts only together with `state`."),
    ] = None,
    duplicate_issue_id: DuplicateId = None,
    labels: Annotated[
        Sequence[str] | None, Field(description="Replaces all labels; an empty list clears them.")
    ] = None,
    assignees: Annotated[
        Sequence[str] | None, Field(description="Replaces all logins; an empty list clears them.")
    ] = None,
    milestone: Annotated[int | None, Field(ge=1, description="A milestone's number.")] = None,
    type: IssueType = None,  # noqa: A002  # GitHub's own name
) -> Issue:
    """Change an issue or pull request: only what is given, the rest stays.

    Returns it as it is now. GitHub silently drops labels, assignees, milestone and type if the
    account may not push. Will not take a milestone or type away, nor merge a pull request.
    """
    change = given(
        title=title,
        body=body,
        state=state,
        state_reason=state_reason,
        duplicate_issue_id=duplicate_issue_id,
        labels=_listed(labels),
        assignees=_listed(assignees),
        milestone=milestone,
        type=type,
    )
    if not change:
        raise BadArguments("nothing to change: give at least one of title, body, state, labels, …")
    return await _change(api, owner, repo, issue_number, change)


async def close_issue(
    api: Api,
    owner: OwnerLogin,
    repo: RepoName,
    issue_number: Number,
    state_reason: Literal["completed", "not_planned", "duplicate"] = "completed",
    duplicate_issue_id: DuplicateId = None,
) -> Issue:
    """Close an issue, or a pull request without merging it.

    Returns it as it is now. Closing what is closed changes nothing. Will not say why in a comment:
    comment_issue does. update_issue with state=open takes it back.
    """
    change = given(state="closed", state_reason=state_reason, duplicate_issue_id=duplicate_issue_id)
    return await _change(api, owner, repo, issue_number, change)


async def _change(api: Api, owner: str, repo: str, number: int, change: Json) -> Issue:
    return await api.patch(Issue, _ISSUE, owner, repo, number, json=change)


def _listed(values: Sequence[str] | None) -> list[str] | None:
    return None if values is None else list(values)
