"""Search across GitHub. GitHub allows some 30 searches a minute, and 10 for code.

https://docs.github.com/en/rest/search/search
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from connector_vault.connector import Api, Request, read

from .issues import Issue
from .parameters import Direction, Page, PerPage

__all__ = [
    "CodeMatch",
    "CodeSearch",
    "IssueSearch",
    "Repository",
    "RepositorySearch",
    "search_code",
    "search_issues",
    "search_repositories",
]

_WITH_LINES = "application/vnd.github.text-match+json"
"""Without it GitHub names the files and shows nothing of them.

https://docs.github.com/en/rest/search/search#text-match-metadata
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A repository."""

    full_name: str
    html_url: str
    description: str | None = None
    private: bool = False
    fork: bool = False
    archived: bool = False
    default_branch: str | None = None
    language: str | None = None
    topics: tuple[str, ...] = ()
    stargazers_count: int = 0
    forks_count: int = 0
    open_issues_count: int = 0
    pushed_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositorySearch:
    """A page of repositories. `incomplete_results`: GitHub ran out of time."""

    total_count: int
    incomplete_results: bool = False
    items: tuple[Repository, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueSearch:
    """A page of issues and pull requests. `incomplete_results`: GitHub ran out of time.

    `lexical_fallback_reason`: why it searched by words although meaning was asked for.
    """

    total_count: int
    incomplete_results: bool = False
    search_type: str | None = None
    lexical_fallback_reason: tuple[str, ...] | None = None
    items: tuple[Issue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a match was found."""

    full_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """Some lines around a match."""

    fragment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeMatch:
    """A file that matches, and the lines that do."""

    path: str
    repository: Place
    html_url: str
    sha: str
    text_matches: tuple[Fragment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSearch:
    """A page of files. `incomplete_results`: GitHub ran out of time."""

    total_count: int
    incomplete_results: bool = False
    items: tuple[CodeMatch, ...]


async def search_repositories(
    api: Api,
    q: Annotated[
        str, Field(description="Words and qualifiers: `http client language:python stars:>100`.")
    ],
    sort: Annotated[
        Literal["stars", "forks", "help-wanted-issues", "updated"] | None,
        Field(description="Default: best match."),
    ] = None,
    order: Direction | None = None,
    per_page: PerPage = 30,
    page: Page = 1,
) -> RepositorySearch:
    """Search repositories by name, description, topic, owner and more.

    Returns one page, best match first, and how many there are. Shows at most the first 1000. Does
    not look into files: search_code does.
    """
    return await api.get(
        RepositorySearch,
        "/search/repositories",
        q=q,
        sort=sort,
        order=order,
        per_page=per_page,
        page=page,
    )


async def search_issues(
    api: Api,
    q: Annotated[
        str,
        Field(
            description="Words and qualifiers: `crash is:issue is:open repo:octocat/hello`. "
            "Name is:issue or is:pull-request: some accounts are refused without."
        ),
    ],
    sort: Annotated[
        Literal[
            "comments",
            "reactions",
            "reactions-+1",
            "reactions--1",
            "reactions-smile",
            "reactions-thinking_face",
            "reactions-heart",
            "reactions-tada",
            "interactions",
            "created",
            "updated",
        ]
        | None,
        Field(description="Default: best match."),
    ] = None,
    order: Direction | None = None,
    search_type: Annotated[
        Literal["semantic", "hybrid"] | None,
        Field(description="By meaning, or by meaning and words. Default: by words."),
    ] = None,
    advanced_search: Annotated[
        bool | None, Field(description="Allows AND, OR and parentheses between qualifiers.")
    ] = None,
    per_page: PerPage = 30,
    page: Page = 1,
) -> IssueSearch:
    """Search issues and pull requests across repositories.

    Returns one page with bodies, best match first, and how many there are. Shows at most the first
    1000. Does not fetch comments: list_issue_comments does.
    """
    return await api.get(
        IssueSearch,
        "/search/issues",
        q=q,
        sort=sort,
        order=order,
        search_type=search_type,
        advanced_search=advanced_search,
        per_page=per_page,
        page=page,
    )


async def search_code(
    api: Api,
    q: Annotated[
        str,
        Field(description="At least one word, and qualifiers: `addClass repo:jquery/jquery`."),
    ],
    per_page: PerPage = 30,
    page: Page = 1,
) -> CodeSearch:
    """Search the files of default branches; files above 384 KB are not searched.

    Returns one page of paths, repositories and the lines that match, and how many there are; at
    most the first 1000. Does not return whole files: get_file does. GitHub allows 10 such searches
    a minute.
    """
    query = {"q": q, "per_page": str(per_page), "page": str(page)}
    headers = {"Accept": _WITH_LINES}
    return read(CodeSearch, await api.send(Request("GET", "/search/code", query, headers)))
