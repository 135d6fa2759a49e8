"""Files and directories, read and written through commits.

https://docs.github.com/en/rest/repos/contents
"""

import base64
import binascii
from collections.abc import Iterator
from urllib.parse import quote

from connector_vault.connector import Json, Reply

from .answers import not_found, problem, say, unsupplied
from .asked import Asked, Handler
from .commits import commit_in_git, committed
from .git import Commit, Files, blob_sha
from .given import Given
from .hub import Hub
from .repositories import named, writable
from .repository import Repository

__all__ = ["ROUTES", "file_entry"]

_RAW = "application/vnd.github.raw"
_OBJECT = "application/vnd.github.object"

_LARGEST_INLINE = 1_000_000
"""Bytes. Larger files are given raw only: their `content` is empty."""

_MOST_ENTRIES = 1_000
"""Of one directory."""

_WORKFLOWS = ".github/workflows/"


def file_entry(asked: Asked, found: Repository, path: str, content: bytes) -> dict[str, Json]:
    """Give what is told of a file wherever it is mentioned."""
    return _entry(asked, found, path, "file", blob_sha(content), len(content))


def _entry(
    asked: Asked, found: Repository, path: str, kind: str, sha: str, size: int
) -> dict[str, Json]:
    where, git = quote(path), {"file": "blobs", "dir": "trees"}[kind]
    url = f"{asked.api}/repos/{found.full_name}/contents/{where}?ref={found.branch}"
    git_url = f"{asked.api}/repos/{found.full_name}/git/{git}/{sha}"
    shown = {"file": "blob", "dir": "tree"}[kind]
    html = f"{asked.web}/{found.full_name}/{shown}/{found.branch}/{where}"
    raw = f"{asked.base}/raw.githubusercontent.com/{found.full_name}/{found.branch}/{where}"
    return {
        "type": kind,
        "size": size,
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": sha,
        "url": url,
        "git_url": git_url,
        "html_url": html,
        "download_url": raw if kind == "file" else None,
        "_links": {"self": url, "git": git_url, "html": html},
    }


def _get(hub: Hub, asked: Asked) -> Reply:
    found = named(hub, asked)
    path, accept = _path(asked), asked.headers.get("accept", "")
    files = _commit(found, asked.query.get("ref")).files
    if path in files and accept.startswith(_RAW):
        return Reply(200, files[path], {"content-type": f"{_RAW}; charset=utf-8"})
    if path in files:
        return say(_file(asked, found, path, files[path]))
    entries = list(_directory(asked, found, files, path))[:_MOST_ENTRIES]
    if not entries and path:
        raise not_found()
    if accept.startswith(_OBJECT):
        return say({**_entry(asked, found, path, "dir", _tree(files, path), 0), "entries": entries})
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
    shape = file_entry(asked, found, path, content)
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


def _commit(found: Repository, ref: str | None) -> Commit:
    commit = found.git.find(ref or found.branch)
    if commit is None and ref:
        raise problem(404, f"No commit found for the ref {ref}")
    if commit is None:
        raise problem(404, "This repository is empty.")
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
    except binascii.Error:
        raise problem(422, "content is not valid Base64") from None


def _check_sha(given: Given, path: str, content: bytes | None) -> None:
    """Refuse a writer who has not seen what is there now."""
    sha = given.text("sha")
    if content is not None and sha is None:
        raise unsupplied("sha")
    if sha is not None and sha != (None if content is None else blob_sha(content)):
        raise problem(409, f"{path} does not match {sha}")


def _file(asked: Asked, found: Repository, path: str, content: bytes) -> dict[str, Json]:
    inline = len(content) <= _LARGEST_INLINE
    text = base64.encodebytes(content).decode() if inline else ""
    encoding = "base64" if inline else "none"
    return {**file_entry(asked, found, path, content), "content": text, "encoding": encoding}


def _directory(asked: Asked, found: Repository, files: Files, path: str) -> Iterator[Json]:
    inside = f"{path}/" if path else ""
    below = {name[len(inside) :].partition("/")[0] for name in files if name.startswith(inside)}
    for name in sorted(below):
        whole = inside + name
        if whole in files:
            yield file_entry(asked, found, whole, files[whole])
        else:
            yield _entry(asked, found, whole, "dir", _tree(files, whole), 0)


def _tree(files: Files, path: str) -> str:
    below = sorted(name for name in files if name.startswith(f"{path}/") or not path)
    return blob_sha(b"".join(name.encode() + files[name] for name in below))


ROUTES: dict[str, Handler] = {
    "GET /repos/{}/{}/contents": _get,
    "GET /repos/{}/{}/contents/": _get,
    "GET /repos/{}/{}/contents/{/}": _get,
    "PUT /repos/{}/{}/contents/{/}": _put,
    "DELETE /repos/{}/{}/contents/{/}": _delete,
}
