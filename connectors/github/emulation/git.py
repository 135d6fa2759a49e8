"""Commits, branches and merges, file by file."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from .records import User

__all__ = ["Commit", "Files", "Git", "blob_sha"]

_SHORTEST = 7
"""Characters of an abbreviated commit id."""

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A state of all files, and how it came about."""

    sha: str
    tree: str
    message: str
    files: Files = field(repr=False)
    parents: tuple[str, ...]
    author: User
    at: float


class Git:
    """The commits of one repository, and its branches."""

    def __init__(self) -> None:
        self.branches: dict[str, str] = {}
        self._commits: dict[str, Commit] = {}

    def commit(
        self, message: str, files: Files, author: User, at: float, parents: tuple[str, ...] = ()
    ) -> Commit:
        """Write a commit. No branch moves."""
        tree = _sha({path: blob_sha(content) for path, content in files.items()})
        sha = _sha([tree, message, author.login, at, parents])
        commit = Commit(
            sha=sha,
            tree=tree,
            message=message,
            files=dict(files),
            parents=parents,
            author=author,
            at=at,
        )
        self._commits[sha] = commit
        return commit

    def find(self, ref: str) -> Commit | None:
        """Find a commit by the name of a branch, or by its id, whole or abbreviated."""
        branch = ref.removeprefix("refs/").removeprefix("heads/")
        if branch in self.branches:
            return self._commits[self.branches[branch]]
        alike = [sha for sha in self._commits if len(ref) >= _SHORTEST and sha.startswith(ref)]
        return self._commits[alike[0]] if len(alike) == 1 else None

    def history(self, commit: Commit) -> list[Commit]:
        """List a commit and its ancestors, newest first."""
        found = {commit.sha: commit}
        waiting = [*commit.parents]
        while waiting:
            parent = self._commits[waiting.pop()]
            if parent.sha not in found:
                found[parent.sha] = parent
                waiting.extend(parent.parents)
        return sorted(found.values(), key=lambda one: one.at, reverse=True)

    def ahead(self, base: Commit, head: Commit) -> list[Commit]:
        """List what `head` has and `base` has not, newest first."""
        known = {one.sha for one in self.history(base)}
        return [one for one in self.history(head) if one.sha not in known]

    def merged(self, base: Commit, head: Commit) -> Files | None:
        """Give the files both sides agree on. None: both changed the same file."""
        origin = self.origin(base, head)
        files = dict(base.files)
        for path in {*origin, *head.files, *base.files}:
            before, ours, theirs = (side.get(path) for side in (origin, base.files, head.files))
            if theirs in (before, ours):
                continue
            if ours != before:
                return None
            files.pop(path, None) if theirs is None else files.update({path: theirs})
        return files

    def origin(self, base: Commit, head: Commit) -> Files:
        """Give the files of the newest commit that both sides come from."""
        known = {one.sha for one in self.history(base)}
        shared = [one for one in self.history(head) if one.sha in known]
        return shared[0].files if shared else {}


def blob_sha(content: bytes) -> str:
    """Give the id git gives these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _sha(value: object) -> str:
    return hashlib.sha1(json.dumps(value).encode(), usedforsecurity=False).hexdigest()
