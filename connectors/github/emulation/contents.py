"""Files and directories, read and written through commits.

https://docs.github.com/en/rest/repos/contents
"""

import base64
import re

from connector_vault.connector import Json, Reply

from .answers import not_found, problem, say, unsupplied
from .asked import Asked, Handler
from .commits import commit_in_git, committed
from .entries import Place
from .git import Commit, Files, blob_sha
from .given import Given
from .hub import Hub
from .repositories import named, writable
from .repository import Repository

__all__ = ["ROUTES"]

_RAW = re.compile(r"application/vnd\.github\.(v3\.)?raw(\+json)?\b")
_OBJECT = re.compile(r"application/vnd\.github\.(v3\.)?object(\+json)?\b")
_RAW_KIND = "application/vnd.github.raw; charset=utf-8"

_LARGEST_INLINE = 1_000_000
"""Bytes. Larger files are given raw only: their `content` is empty."""

_MOST_ENTRIES = 1_000
"""Of one directory."""

_WORKFLOWS = ".github/workflows/"


def _get(hub: Hub, asked: Asked) -> Reply:
    found = named(hub, asked)
    path, accept = _path(asked), asked.headers.get("accept", "")
    ref = asked.query.get("ref") or found.branch
    files, place = _commit(found, ref).files, Place(asked=asked, found=found, ref=ref)
    if path in files and _RAW.search(accept):
        return Reply(200, files[path], {"content-type": _RAW_KIND})
    if path in files:
        return say(_whole(place, path, files[path]))
    entries = list(place.entries(files, path))[:_MOST_ENTRIES]
    if not entries and path:
        raise not_found()
    if _OBJECT.search(accept):
        return say({**place.directory(files, path), "entries": entries})
    return say(entries)


def _put(hub: Hub, asked: Asked) -> Reply:
    found, path = _for_writing(hub, asked)
    given = Given(asked, "Content")
    message, content = _message(given), _content(given)
    tip = _branch(found, given)
    files = dict(tip.files) if tip else {}
    _check_sha(given, path, files.get(path))
    status = 200 if path in files else 201
    files[path] = content
    made = _commit_to(found, given, files, message, asked)
    ref = given.text("branch") or found.branch
    shape = Place(asked=asked, found=found, ref=ref).file(path, content)
    return say({"content": shape, "commit": commit_in_git(asked, found, made)}, status)


def _delete(hub: Hub, asked: Asked) -> Reply:
    found, path = _for_writing(hub, asked)
    given = Given(asked, "Content")
    message = _message(given)
    tip = _branch(found, given)
    if tip is None or path not in tip.files:
        raise not_found()
    if given.text("sha") is None:
        raise unsupplied("sha")
    _check_sha(given, path, tip.files[path])
    files = {name: kept for name, kept in tip.files.items() if name != path}
    made = _commit_to(found, given, files, message, asked)
    return say({"content": None, "commit": commit_in_git(asked, found, made)})


def _for_writing(hub: Hub, asked: Asked) -> tuple[Repository, str]:
    found, path = writable(hub, asked), _path(asked)
    if path.startswith(_WORKFLOWS) and not asked.holds("workflow"):
        raise not_found()
    return found, path


def _path(asked: Asked) -> str:
    return asked.names[2].strip("/") if len(asked.names) > 2 else ""


def _commit(found: Repository, ref: str) -> Commit:
    commit = found.git.find(ref)
    if commit is None and not found.git.branches:
        raise problem(404, "This repository is empty.")
    if commit is None:
        raise problem(404, f"No commit found for the ref {ref}")
    return commit


def _branch(found: Repository, given: Given) -> Commit | None:
    """Find where the branch stands that is written to. None: the repository is empty."""
    name = given.text("branch") or found.branch
    if name not in found.git.branches and found.git.branches:
        raise problem(404, f"Branch {name} not found")
    return found.git.find(f"heads/{name}")


def _commit_to(found: Repository, given: Given, files: Files, message: str, asked: Asked) -> Commit:
    return committed(found, given.text("branch") or found.branch, files, message, asked)


def _message(given: Given) -> str:
    message = given.text("message")
    if message is None:
        raise unsupplied("message")
    return message


def _content(given: Given) -> bytes:
    text = given.text("content")
    if text is None:
        raise unsupplied("content")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        raise problem(422, "content is not valid Base64") from None


def _check_sha(given: Given, path: str, content: bytes | None) -> None:
    """Refuse a writer who has not seen what is there now."""
    sha = given.text("sha")
    if content is not None and sha is None:
        raise unsupplied("sha")
    if sha is not None and sha != (None if content is None else blob_sha(content)):
        raise problem(409, f"{path} does not match {sha}")


def _whole(place: Place, path: str, content: bytes) -> dict[str, Json]:
    inline = len(content) <= _LARGEST_INLINE
    text = base64.encodebytes(content).decode() if inline else ""
    encoding = "base64" if inline else "none"
    return {**place.file(path, content), "content": text, "encoding": encoding}


ROUTES: dict[str, Handler] = {
    "GET /repos/{}/{}/contents": _get,
    "GET /repos/{}/{}/contents/": _get,
    "GET /repos/{}/{}/contents/{/}": _get,
    "PUT /repos/{}/{}/contents/{/}": _put,
    "DELETE /repos/{}/{}/contents/{/}": _delete,
}
