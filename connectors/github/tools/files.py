"""Files and folders of a repository.

https://docs.github.com/en/rest/repos/contents
"""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from connector_vault.connector import Api, BadArguments, read

from .parameters import OwnerLogin, RepoName, given

__all__ = ["Commit", "Content", "Entry", "FileCommit", "create_or_update_file", "get_file"]

_CONTENTS = "/repos/{}/{}/contents/{/}"
_ROOT = "/repos/{}/{}/contents/"

_MAX_ENTRIES = 1000
"""Entries of a folder. GitHub leaves out what is beyond."""

EntryType: TypeAlias = Literal["file", "dir", "symlink", "submodule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a folder holds at one name. `size` is in bytes."""

    type: EntryType
    name: str
    path: str
    sha: str
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is at a path: a file's `content`, a folder's `entries` or a symlink's `target`.

    `size` is in bytes. `truncated`: GitHub left something out.
    """

    type: EntryType
    path: str
    sha: str | None = None
    size: int = 0
    html_url: str | None = None
    encoding: Literal["utf-8", "base64"] | None = None
    content: str | None = None
    entries: tuple[Entry, ...] = ()
    target: str | None = None
    truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit."""

    sha: str
    html_url: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file as it is now; its `sha` is needed to change it again."""

    path: str
    sha: str
    size: int = 0
    html_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCommit:
    """The commit that was made, and the file after it."""

    commit: Commit
    content: Written | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    type: EntryType
    path: str
    sha: str
    size: int = 0
    html_url: str | None = None
    encoding: str | None = None
    content: str | None = None
    target: str | None = None


async def get_file(
    api: Api,
    owner: OwnerLogin,
    repo: RepoName,
    path: Annotated[
        str, Field(description="Path from the repository's root; empty: the root itself.")
    ] = "",
    ref: Annotated[
        str | None, Field(description="Branch, tag or commit. Default: the default branch.")
    ] = None,
) -> Content:
    """Read a file, or list a folder, of a repository.

    Returns text as it is, other files in base64, a folder as entries. Of files above 1 MB GitHub
    gives no content, of folders 1000 entries: `truncated` says so. Will not list subfolders.
    """
    clean = path.strip("/")
    place = (_CONTENTS, owner, repo, clean) if clean else (_ROOT, owner, repo)
    said = await api.get(object, *place, ref=ref)
    if isinstance(said, list):
        entries = read(tuple[Entry, ...], said)
        cut = len(entries) >= _MAX_ENTRIES
        return Content(type="dir", path=clean, entries=entries, truncated=cut)
    return _content(read(_Item, said))


async def create_or_update_file(
    api: Api,
    owner: OwnerLogin,
    repo: RepoName,
    path: Annotated[str, Field(description="Path from the repository's root.")],
    message: Annotated[str, Field(description="Commit message.")],
    content: Annotated[str, Field(description="The whole new content.")],
    sha: Annotated[
        str | None,
        Field(description="The file's present `sha` from get_file; needed to replace it."),
    ] = None,
    branch: Annotated[
        str | None, Field(description="An existing branch. Default: the default branch.")
    ] = None,
    encoding: Annotated[
        Literal["utf-8", "base64"], Field(description="What `content` is written in.")
    ] = "utf-8",
) -> FileCommit:
    """Commit one file to a branch: a new one, or, with `sha`, in place of what is there.

    Returns the commit and the file's new sha. Refused with conflict if the file changed since. Will
    not make a branch, nor write below .github/workflows without the `workflow` scope.
    """
    new = given(message=message, content=_base64(content, encoding), sha=sha, branch=branch)
    return await api.put(FileCommit, _CONTENTS, owner, repo, path.strip("/"), json=new)


def _content(item: _Item) -> Content:
    encoding, content = _decoded(item)
    return Content(
        type=item.type,
        path=item.path,
        sha=item.sha,
        size=item.size,
        html_url=item.html_url,
        encoding=encoding,
        content=content,
        target=item.target,
        truncated=item.type == "file" and content is None,
    )


def _decoded(item: _Item) -> tuple[Literal["utf-8", "base64"] | None, str | None]:
    # Above 1 MB the encoding is "none" and the content empty.
    if item.encoding != "base64" or item.content is None:
        return None, None
    try:
        data = b64decode(item.content)
    except ValueError:
        return None, None
    # A NUL byte is valid UTF-8, and in no text.
    if b"\0" not in data:
        try:
            return "utf-8", data.decode()
        except UnicodeDecodeError:
            pass
    return "base64", b64encode(data).decode()


def _base64(content: str, encoding: Literal["utf-8", "base64"]) -> str:
    if encoding == "utf-8":
        return b64encode(content.encode()).decode()
    try:
        return b64encode(b64decode("".join(content.split()), validate=True)).decode()
    except ValueError:
        raise BadArguments("content is not base64, as encoding says") from None
