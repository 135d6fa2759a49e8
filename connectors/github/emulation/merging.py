"""The two sides of a pull request, and how they become one."""

from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from connector_vault.connector import Json

from .answers import invalid, problem
from .asked import Asked
from .git import Commit, Files
from .given import Given
from .people import known
from .records import Issue, Pull
from .repository import Repository

__all__ = ["Sides", "counts", "merge", "sides"]

_METHODS = ("merge", "squash", "rebase")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Where a pull request's branches stand: now while it is open, at its end once it is not."""

    base_sha: str
    head_sha: str
    base: Commit | None
    head: Commit | None
    merged: Files | None
    """What a merge would give. None: the sides contradict each other."""

    @property
    def clean(self) -> bool:
        return self.merged is not None


def sides(found: Repository, one: Issue, pull: Pull) -> Sides:
    """Look at both sides."""
    live = one.state == "open"
    base_sha = found.git.branches.get(pull.base, pull.base_sha) if live else pull.base_sha
    head_sha = found.git.branches.get(pull.head, pull.head_sha) if live else pull.head_sha
    base, head = found.git.find(base_sha), found.git.find(head_sha)
    merged = found.git.merged(base, head) if base and head else None
    return Sides(base_sha=base_sha, head_sha=head_sha, base=base, head=head, merged=merged)


def counts(found: Repository, now: Sides) -> dict[str, Json]:
    """Count what a pull request changes."""
    if now.base is None or now.head is None:
        return {"commits": 0, "additions": 0, "deletions": 0, "changed_files": 0}
    before, after = found.git.origin(now.base, now.head), now.head.files
    paths = [path for path in {*before, *after} if before.get(path) != after.get(path)]
    lines = [_lines(before.get(path, b""), after.get(path, b"")) for path in paths]
    return {
        "commits": len(found.git.ahead(now.base, now.head)),
        "additions": sum(added for added, _ in lines),
        "deletions": sum(removed for _, removed in lines),
        "changed_files": len(paths),
    }


def merge(asked: Asked, found: Repository, one: Issue, given: Given) -> str:
    """Merge a pull request. Give the id of the commit that came of it."""
    pull, method = one.pull, given.text("merge_method") or "merge"
    if method not in _METHODS:
        raise invalid("PullRequest", "merge_method", "invalid")
    if pull is None or one.state == "closed" or pull.draft:
        raise problem(405, "Pull Request is not mergeable")
    now = sides(found, one, pull)
    if given.text("sha") not in (None, now.head_sha):
        raise problem(409, "Head branch was modified. Review and try the merge again.")
    if now.merged is None:
        raise problem(405, "Pull Request is not mergeable")
    # Squash and rebase are one here: a single commit on the base.
    parents = (now.base_sha, now.head_sha) if method == "merge" else (now.base_sha,)
    message = _message(given, found, one, pull, method)
    made = found.git.commit(message, now.merged, known(asked), asked.now, parents)
    found.git.branches[pull.base] = made.sha
    _close(asked, found, one, replace(pull, base_sha=now.base_sha, head_sha=now.head_sha), made)
    return made.sha


def _close(asked: Asked, found: Repository, one: Issue, pull: Pull, made: Commit) -> None:
    user = known(asked)
    merged = replace(pull, merged_at=asked.now, merged_by=user, merge_sha=made.sha)
    found.issues[one.number] = replace(
        one, state="closed", closed=asked.now, closed_by=user, updated=asked.now, pull=merged
    )


def _message(given: Given, found: Repository, one: Issue, pull: Pull, method: str) -> str:
    title = given.text("commit_title")
    if title is None:
        merging = f"Merge pull request #{one.number} from {found.owner.login}/{pull.head}"
        title = merging if method == "merge" else f"{one.title} (#{one.number})"
    body = given.text("commit_message")
    return f"{title}\n\n{one.title if body is None else body}"


def _lines(before: bytes, after: bytes) -> tuple[int, int]:
    """Count the lines that came and those that went."""
    old, new = before.splitlines(), after.splitlines()
    same = sum(block.size for block in SequenceMatcher(None, old, new).get_matching_blocks())
    return len(new) - same, len(old) - same
