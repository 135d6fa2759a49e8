"""What is said below issues and pull requests.

https://docs.github.com/en/rest/issues/comments
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from connector_vault.connector import Api

from .issues import User
from .parameters import Number, OwnerLogin, Page, PerPage, RepoName, Since, following

__all__ = ["Comment", "Comments", "comment_issue", "list_issue_comments"]

_COMMENTS = "/repos/{}/{}/issues/{}/comments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """A comment on an issue or pull request."""

    id: int
    html_url: str
    body: str | None = None
    user: User | None = None
    author_association: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comments:
    """A page of comments, oldest first. `next_page` is null on the last."""

    comments: tuple[Comment, ...]
    next_page: int | None


async def list_issue_comments(
    api: Api,
    owner: OwnerLogin,
    repo: RepoName,
    issue_number: Number,
    since: Since = None,
    per_page: PerPage = 30,
    page: Page = 1,
) -> Comments:
    """List the comments below an issue or pull request, oldest first.

    Returns one page. Does not include review comments on a pull request's lines.
    """
    found = await api.get(
        tuple[Comment, ...],
        _COMMENTS,
        owner,
        repo,
        issue_number,
        since=since,
        per_page=per_page,
        page=page,
    )
    return Comments(comments=found, next_page=following(found, per_page, page))


async def comment_issue(
    api: Api,
    owner: OwnerLogin,
    repo: RepoName,
    issue_number: Number,
    body: Annotated[str, Field(description="Markdown. Each @login in it is notified.")],
) -> Comment:
    """Write a comment below an issue or pull request.

    Returns it with its html_url. Will not change or answer an earlier comment, nor close the issue.
    """
    return await api.post(Comment, _COMMENTS, owner, repo, issue_number, json={"body": body})
