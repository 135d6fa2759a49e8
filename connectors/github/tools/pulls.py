"""Pull requests.

https://docs.github.com/en/rest/pulls/pulls
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from connector_vault.connector import Api, BadArguments

from .issues import Label, User
from .parameters import Direction, Number, OwnerLogin, Page, PerPage, RepoName, following, given

__all__ = [
    "Branch",
    "MergeResult",
    "PullRequest",
    "PullRequests",
    "create_pull_request",
    "list_pull_requests",
    "merge_pull_request",
]

_PULLS = "/repos/{}/{}/pulls"


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One end of a pull request. `sha` is its newest commit."""

    label: str | None = None
    ref: str
    sha: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """A pull request. `mergeable` is null while GitHub has not yet worked it out."""

    id: int
    number: int
    title: str
    state: str
    html_url: str
    head: Branch
    base: Branch
    body: str | None = None
    user: User | None = None
    labels: tuple[Label, ...] = ()
    assignees: tuple[User, ...] | None = None
    requested_reviewers: tuple[User, ...] | None = None
    draft: bool = False
    mergeable: bool | None = None
    merge_commit_sha: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    closed_at: str | None = None
    merged_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequests:
    """A page of pull requests. `next_page` is null on the last."""

    pull_requests: tuple[PullRequest, ...]
    next_page: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeResult:
    """What a merge did. `sha` is the commit that is now on the base branch."""

    merged: bool
    sha: str
    message: str = ""


async def list_pull_requests(
    api: Api,
    owner: OwnerLogin,
    repo: RepoName,
    state: Literal["open", "closed", "all"] = "open",
    head: Annotated[
        str | None, Field(description="Only from this branch, as login:branch.")
    ] = None,
    base: Annotated[str | None, Field(description="Only into this branch.")] = None,
    sort: Literal["created", "updated", "popularity", "long-running"] | None = None,
    direction: Direction | None = None,
    per_page: PerPage = 30,
    page: Page = 1,
) -> PullRequests:
    """List a repository's pull requests, newest first.

    Returns one page with bodies and both branches. Does not fetch diffs, reviews or comments.
    """
    found = await api.get(
        tuple[PullRequest, ...],
        _PULLS,
        owner,
        repo,
        state=state,
        head=head,
        base=base,
        sort=sort,
        direction=direction,
        per_page=per_page,
        page=page,
    )
    return PullRequests(pull_requests=found, next_page=following(found, per_page, page))


async def create_pull_request(
    api: Api,
    owner: OwnerLogin,
    repo: RepoName,
    head: Annotated[
        str, Field(description="Branch with the changes; login:branch if it is in a fork.")
    ],
    base: Annotated[str, Field(description="Branch of this repository to merge into.")],
    title: str | None = None,
    body: Annotated[str | None, Field(description="Markdown.")] = None,
    draft: bool | None = None,
    maintainer_can_modify: Annotated[
        bool | None, Field(description="Whether maintainers may push to a fork's branch.")
    ] = None,
    head_repo: Annotated[
        str | None,
        Field(description="Repository `head` is in, if one organisation has both."),
    ] = None,
    issue: Annotated[
        int | None, Field(ge=1, description="Number of an issue to turn into the pull request.")
    ] = None,
) -> PullRequest:
    """Open a pull request, with a title of its own or out of an issue: give one of the two.

    Returns it with its number and html_url. Will not push commits: `head` exists already. Refused
    (validation_failed) if one is open for the branch or there is nothing to merge.
    """
    if (title is None) == (issue is None):
        raise BadArguments("give either title or issue")
    new = given(
        title=title,
        head=head,
        base=base,
        body=body,
        draft=draft,
        maintainer_can_modify=maintainer_can_modify,
        head_repo=head_repo,
        issue=issue,
    )
    return await api.post(PullRequest, _PULLS, owner, repo, json=new)


async def merge_pull_request(
    api: Api,
    owner: OwnerLogin,
    repo: RepoName,
    pull_number: Number,
    merge_method: Literal["merge", "squash", "rebase"] | None = None,
    sha: Annotated[
        str | None, Field(description="Merge only if this is still the newest commit of `head`.")
    ] = None,
    commit_title: str | None = None,
    commit_message: str | None = None,
) -> MergeResult:
    """Merge a pull request. It cannot be taken back; give `sha` to merge only what was reviewed.

    Returns the new commit. Refused with not_mergeable (conflicts, missing reviews or checks) or
    conflict (`head` moved on). Will not override a rule, nor delete the branch.
    """
    how = given(
        merge_method=merge_method,
        sha=sha,
        commit_title=commit_title,
        commit_message=commit_message,
    )
    return await api.put(
        MergeResult, "/repos/{}/{}/pulls/{}/merge", owner, repo, pull_number, json=how
    )
