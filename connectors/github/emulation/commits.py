"""Commits and branches, as the API tells of them."""

from connector_vault.connector import Json, Reply

from .answers import node, not_found, problem, say, stamp, unsupplied
from .asked import Asked, Handler
from .git import Commit, Files
from .given import Given
from .hub import Hub
from .pages import listing
from .people import known, simple_user
from .repositories import named, writable
from .repository import Repository

__all__ = ["ROUTES", "commit_in_git", "committed"]

_UNSIGNED = {
    "verified": False,
    "reason": "unsigned",
    "signature": None,
    "payload": None,
    "verified_at": None,
}


def committed(found: Repository, branch: str, files: Files, message: str, asked: Asked) -> Commit:
    """Put files on a branch, in the name of whoever asked."""
    tip = found.git.branches.get(branch)
    parents = (tip,) if tip else ()
    made = found.git.commit(message, files, known(asked), asked.now, parents)
    found.git.branches[branch] = made.sha
    return made


def commit_in_git(asked: Asked, found: Repository, commit: Commit) -> dict[str, Json]:
    """Give the shape of a commit that git knows."""
    git = f"{asked.api}/repos/{found.full_name}/git"
    web = f"{asked.web}/{found.full_name}/commit"
    return {
        "sha": commit.sha,
        "node_id": node("Commit", commit.sha),
        "url": f"{git}/commits/{commit.sha}",
        "html_url": f"{web}/{commit.sha}",
        **_told(commit),
        "tree": {"sha": commit.tree, "url": f"{git}/trees/{commit.tree}"},
        "parents": [
            {"sha": sha, "url": f"{git}/commits/{sha}", "html_url": f"{web}/{sha}"}
            for sha in commit.parents
        ],
        "verification": _UNSIGNED,
    }


def _told(commit: Commit) -> dict[str, Json]:
    author = {
        "name": commit.author.name,
        "email": commit.author.email,
        "date": stamp(commit.at),
    }
    return {"message": commit.message, "author": author, "committer": author}


def _commit(asked: Asked, found: Repository, commit: Commit) -> dict[str, Json]:
    """Give the shape of a commit that GitHub knows: with people, not only their addresses."""
    url = f"{asked.api}/repos/{found.full_name}/commits/{commit.sha}"
    git = commit_in_git(asked, found, commit)
    person = simple_user(asked, commit.author)
    inner = {name: git[name] for name in ("message", "author", "committer", "tree", "url")}
    return {
        "sha": commit.sha,
        "node_id": git["node_id"],
        "url": url,
        "html_url": git["html_url"],
        "comments_url": f"{url}/comments",
        "commit": {**inner, "comment_count": 0, "verification": _UNSIGNED},
        "author": person,
        "committer": person,
        "parents": git["parents"],
    }


def _branch(asked: Asked, found: Repository, name: str) -> dict[str, Json]:
    url = f"{asked.api}/repos/{found.full_name}"
    sha = found.git.branches[name]
    return {
        "name": name,
        "commit": {"sha": sha, "url": f"{url}/commits/{sha}"},
        "protected": False,
        "protection": {"enabled": False},
        "protection_url": f"{url}/branches/{name}/protection",
    }


def _list_branches(hub: Hub, asked: Asked) -> Reply:
    found = named(hub, asked)
    return listing(asked, sorted(found.git.branches), lambda name: _branch(asked, found, name))


def _get_branch(hub: Hub, asked: Asked) -> Reply:
    found, name = named(hub, asked), asked.names[2]
    commit = found.git.find(f"heads/{name}") if name in found.git.branches else None
    if commit is None:
        raise problem(404, "Branch not found")
    branch = _branch(asked, found, name)
    links = {"self": f"{asked.api}{asked.path}", "html": f"{asked.web}/{found.full_name}"}
    return say({**branch, "commit": _commit(asked, found, commit), "_links": links})


def _list_commits(hub: Hub, asked: Asked) -> Reply:
    found = named(hub, asked)
    tip = found.git.find(asked.query.get("sha") or found.branch)
    if tip is None:
        raise not_found()
    return listing(asked, found.git.history(tip), lambda one: _commit(asked, found, one))


def _get_commit(hub: Hub, asked: Asked) -> Reply:
    found = named(hub, asked)
    commit = found.git.find(asked.names[2])
    if commit is None:
        raise problem(422, f"No commit found for SHA: {asked.names[2]}")
    return say(_commit(asked, found, commit))


def _ref(asked: Asked, found: Repository, branch: str) -> dict[str, Json]:
    sha, url = found.git.branches[branch], f"{asked.api}/repos/{found.full_name}/git"
    return {
        "ref": f"refs/heads/{branch}",
        "node_id": node("Ref", branch),
        "url": f"{url}/refs/heads/{branch}",
        "object": {"type": "commit", "sha": sha, "url": f"{url}/commits/{sha}"},
    }


def _get_ref(hub: Hub, asked: Asked) -> Reply:
    found = named(hub, asked)
    return say(_ref(asked, found, _branch_of(asked, found)))


def _create_ref(hub: Hub, asked: Asked) -> Reply:
    found = writable(hub, asked)
    given = Given(asked, "Reference")
    ref, sha = given.text("ref"), given.text("sha")
    if ref is None or sha is None:
        raise unsupplied("ref" if ref is None else "sha")
    branch = ref.removeprefix("refs/heads/")
    if branch == ref or not branch:
        raise problem(422, f"{ref} is not a valid ref name.")
    if branch in found.git.branches:
        raise problem(422, "Reference already exists")
    commit = found.git.find(sha)
    if commit is None or commit.sha != sha:
        raise problem(422, "Object does not exist")
    found.git.branches[branch] = sha
    shape = _ref(asked, found, branch)
    return say(shape, 201, {"location": str(shape["url"])})


def _delete_ref(hub: Hub, asked: Asked) -> Reply:
    found = writable(hub, asked)
    branch = _branch_of(asked, found)
    if branch == found.branch:
        raise problem(422, "Cannot delete the default branch")
    del found.git.branches[branch]
    return Reply(204)


def _branch_of(asked: Asked, found: Repository) -> str:
    branch = asked.names[2].removeprefix("heads/")
    if branch == asked.names[2] or branch not in found.git.branches:
        raise not_found()
    return branch


ROUTES: dict[str, Handler] = {
    "GET /repos/{}/{}/branches": _list_branches,
    "GET /repos/{}/{}/branches/{/}": _get_branch,
    "GET /repos/{}/{}/commits": _list_commits,
    "GET /repos/{}/{}/commits/{/}": _get_commit,
    "GET /repos/{}/{}/git/ref/{/}": _get_ref,
    "POST /repos/{}/{}/git/refs": _create_ref,
    "DELETE /repos/{}/{}/git/refs/{/}": _delete_ref,
}
