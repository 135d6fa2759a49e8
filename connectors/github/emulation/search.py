"""Search, by words and by the qualifiers that narrow it.

https://docs.github.com/en/search-github/getting-started-with-searching-on-github
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from connector_vault.connector import Json, Reply

from .answers import invalid, say
from .asked import Asked, Handler
from .entries import Place
from .hub import Hub
from .issues import issue
from .pages import page_of
from .people import known
from .records import Issue
from .repositories import minimal_repository, repository, visible
from .repository import Repository

__all__ = ["ROUTES"]

T = TypeVar("T")

_LARGEST_FILE = 384 * 1024
"""Bytes. Larger files are not searched."""

_UNSEEN = (
    "The listed users and repositories cannot be searched either because the resources do not "
    "exist or you do not have permission to view them."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A `q`, taken apart."""

    words: tuple[str, ...]
    qualifiers: tuple[tuple[str, str], ...]

    def all(self, name: str) -> set[str]:
        """Give all values of a qualifier, in lower case."""
        return {value.lower() for key, value in self.qualifiers if key == name}

    def finds(self, *texts: str) -> bool:
        """Tell whether every word stands in one of these texts."""
        whole = "\n".join(texts).lower()
        return all(word.lower() in whole for word in self.words)


def _question(asked: Asked) -> Question:
    text = asked.query.get("q", "").strip()
    if not text:
        raise invalid("Search", "q", "missing")
    words: list[str] = []
    qualifiers: list[tuple[str, str]] = []
    for part in _parts(text):
        name, colon, value = part.partition(":")
        if colon and value and name.isalpha():
            qualifiers.append((name.lower(), value))
        else:
            words.append(part)
    return Question(words=tuple(words), qualifiers=tuple(qualifiers))


def _parts(text: str) -> list[str]:
    """Split at spaces, but not inside quotation marks."""
    pieces = text.split('"')
    spaced = [piece.replace(" ", "\0") if odd % 2 else piece for odd, piece in enumerate(pieces)]
    return [part.replace("\0", " ") for part in "".join(spaced).split()]


def _searched(hub: Hub, asked: Asked, question: Question) -> list[Repository]:
    """Give the repositories that are searched: those named, else all this token may know of."""
    seen = [one for one in hub.repositories.values() if visible(asked, one)]
    users, names = question.all("user"), question.all("repo")
    if names - {one.full_name.lower() for one in seen} or users - set(hub.people):
        raise invalid("Search", "q", "invalid", _UNSEEN)
    if not users and not names:
        return seen
    return [one for one in seen if one.full_name.lower() in names or one.owner.login in users]


def _answer(asked: Asked, found: Sequence[T], shape: Callable[[T], Json], **more: Json) -> Reply:
    page, headers = page_of(asked, found)
    items = [{**shape(one), "score": 1.0} for one in page]
    told = {"total_count": len(found), "incomplete_results": False, "items": items, **more}
    return say(told, headers=headers)


def _ordered(
    asked: Asked, found: Iterable[T], keys: dict[str, Callable[[T], float]], default: str
) -> list[T]:
    key = keys.get(asked.query.get("sort", ""), keys[default])
    return sorted(found, key=key, reverse=asked.query.get("order", "desc") != "asc")


def _repositories(hub: Hub, asked: Asked) -> Reply:
    question = _question(asked)
    kept = [
        one
        for one in _searched(hub, asked, question)
        if question.finds(one.full_name, one.description)
        and ("private" if one.private else "public")
        in (question.all("is") or {"public", "private"})
    ]
    keys: dict[str, Callable[[Repository], float]] = {
        "updated": lambda one: one.tip.at if one.tip else one.created,
        "created": lambda one: one.created,
    }
    ordered = _ordered(asked, kept, keys, "created")
    return _answer(asked, ordered, lambda one: repository(asked, one))


def _issues(hub: Hub, asked: Asked) -> Reply:
    question = _question(asked)
    kinds = (question.all("is") | question.all("type")) & {"issue", "pr", "pull-request"}
    if asked.token and asked.token.scopeless and not kinds:
        message = "Query must include 'is:issue' or 'is:pull-request'"
        raise invalid("Search", "q", "invalid", message)
    kept = [
        (found, one)
        for found in _searched(hub, asked, question)
        for one in found.issues.values()
        if _fits(question, one)
    ]
    keys: dict[str, Callable[[tuple[Repository, Issue]], float]] = {
        "updated": lambda pair: pair[1].updated,
        "created": lambda pair: pair[1].created,
    }
    ordered = _ordered(asked, kept, keys, "created")
    return _answer(asked, ordered, lambda pair: _item(asked, *pair), search_type="lexical")


def _item(asked: Asked, found: Repository, one: Issue) -> dict[str, Json]:
    return {**issue(asked, found, one), "body": one.body or ""}


def _fits(question: Question, one: Issue) -> bool:
    traits = question.all("is") | question.all("type") | question.all("state")
    kind, other = ("pr", "issue") if one.pull else ("issue", "pr")
    asked_kinds = {"pr" if trait == "pull-request" else trait for trait in traits}
    if other in asked_kinds and kind not in asked_kinds:
        return False
    if traits & {"open", "closed"} and one.state not in traits:
        return False
    if "merged" in traits and not (one.pull and one.pull.merged_at):
        return False
    return _written_by(question, one) and question.finds(one.title, one.body or "")


def _written_by(question: Question, one: Issue) -> bool:
    authors, assignees = question.all("author"), question.all("assignee")
    assigned = {user.login for user in one.assignees}
    marked = {label.lower() for label in one.labels}
    return (
        (not authors or one.user.login in authors)
        and (not assignees or bool(assigned & assignees))
        and question.all("label") <= marked
    )


def _code(hub: Hub, asked: Asked) -> Reply:
    known(asked)
    question = _question(asked)
    if not question.words:
        raise invalid(
            "Search", "q", "invalid", "Search text is required when searching source code."
        )
    kept = [
        (found, path, content)
        for found in _searched(hub, asked, question)
        for path, content in sorted(found.files.items())
        if _holds(question, path, content)
    ]
    return _answer(asked, kept, lambda one: _hit(asked, *one))


def _holds(question: Question, path: str, content: bytes) -> bool:
    name, extensions = path.rpartition("/")[2].lower(), question.all("extension")
    return (
        len(content) < _LARGEST_FILE
        and all(part in name for part in question.all("filename"))
        and all(path.lower().startswith(part.strip("/")) for part in question.all("path"))
        and (not extensions or name.rpartition(".")[2] in extensions)
        and question.finds(path, content.decode(errors="replace"))
    )


def _hit(asked: Asked, found: Repository, path: str, content: bytes) -> dict[str, Json]:
    entry = Place(asked=asked, found=found, ref=found.branch).file(path, content)
    told = {name: entry[name] for name in ("name", "path", "sha", "url", "git_url", "html_url")}
    return {**told, "repository": minimal_repository(asked, found)}


ROUTES: dict[str, Handler] = {
    "GET /search/repositories": _repositories,
    "GET /search/issues": _issues,
    "GET /search/code": _code,
}
