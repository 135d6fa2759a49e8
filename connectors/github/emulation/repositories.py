"""Repositories: who may see one, who may write to it, and what is told of it."""

from connector_vault.connector import Json, Reply

from .answers import forbidden, invalid, node, not_found, say, stamp
from .asked import Asked, Handler
from .given import Given
from .hub import Hub
from .pages import listing
from .people import known, simple_user
from .repository import Repository

__all__ = ["ROUTES", "minimal_repository", "named", "repository", "visible", "writable"]

_LINKS = {
    "archive": "/{archive_format}{/ref}",
    "assignees": "/assignees{/user}",
    "blobs": "/git/blobs{/sha}",
    "branches": "/branches{/branch}",
    "collaborators": "/collaborators{/collaborator}",
    "comments": "/comments{/number}",
    "commits": "/commits{/sha}",
    "compare": "/compare/{base}...{head}",
    "contents": "/contents/{+path}",
    "contributors": "/contributors",
    "deployments": "/deployments",
    "downloads": "/downloads",
    "events": "/events",
    "forks": "/forks",
    "git_commits": "/git/commits{/sha}",
    "git_refs": "/git/refs{/sha}",
    "git_tags": "/git/tags{/sha}",
    "hooks": "/hooks",
    "issue_comment": "/issues/comments{/number}",
    "issue_events": "/issues/events{/number}",
    "issues": "/issues{/number}",
    "keys": "/keys{/key_id}",
    "labels": "/labels{/name}",
    "languages": "/languages",
    "merges": "/merges",
    "milestones": "/milestones{/number}",
    "notifications": "/notifications{?since,all,participating}",
    "pulls": "/pulls{/number}",
    "releases": "/releases{/id}",
    "stargazers": "/stargazers",
    "statuses": "/statuses/{sha}",
    "subscribers": "/subscribers",
    "subscription": "/subscription",
    "tags": "/tags",
    "teams": "/teams",
    "trees": "/git/trees{/sha}",
}
"""Where the things of a repository are, below its own address."""

_PLAIN: dict[str, Json] = {
    "fork": False,
    "forks": 0,
    "forks_count": 0,
    "stargazers_count": 0,
    "watchers": 0,
    "watchers_count": 0,
    "size": 1,
    "homepage": None,
    "language": None,
    "license": None,
    "mirror_url": None,
    "archived": False,
    "disabled": False,
    "is_template": False,
    "topics": [],
    "has_issues": True,
    "has_projects": True,
    "has_wiki": True,
    "has_pages": False,
    "has_downloads": True,
    "has_discussions": False,
    "allow_forking": True,
    "web_commit_signoff_required": False,
}
"""What is the same for every repository here."""


def named(hub: Hub, asked: Asked) -> Repository:
    """Find the repository the address names, or hide that it exists."""
    owner, name, *_ = asked.names
    found = hub.repositories.get(f"{owner}/{name}".lower())
    if found is None or not visible(asked, found):
        raise not_found()
    return found


def visible(asked: Asked, found: Repository) -> bool:
    """Tell whether this token may know of a repository."""
    return not found.private or (found.may_read(asked.user) and asked.holds("repo"))


def writable(hub: Hub, asked: Asked) -> Repository:
    """Find the repository the address names, for somebody who may push to it."""
    found = named(hub, asked)
    known(asked)
    if not asked.holds("public_repo"):
        # GitHub does not say that a scope is missing: it says that there is nothing.
        raise not_found()
    if not found.may_write(asked.user):
        raise forbidden("Must have push access to repository")
    return found


def minimal_repository(asked: Asked, found: Repository) -> dict[str, Json]:
    """Give the shape that stands where a repository is mentioned."""
    url = f"{asked.api}/repos/{found.full_name}"
    return {
        "id": found.id,
        "node_id": node("Repository", found.id),
        "name": found.name,
        "full_name": found.full_name,
        "private": found.private,
        "owner": simple_user(asked, found.owner),
        "html_url": f"{asked.web}/{found.full_name}",
        "description": found.description,
        "fork": False,
        "url": url,
        **{f"{name}_url": url + path for name, path in _LINKS.items()},
    }


def repository(asked: Asked, found: Repository) -> dict[str, Json]:
    """Give the whole shape."""
    open_issues = sum(one.state == "open" for one in found.issues.values())
    tip = found.tip
    return {
        **minimal_repository(asked, found),
        **_PLAIN,
        **_addresses(asked, found),
        "default_branch": found.branch,
        "visibility": "private" if found.private else "public",
        "open_issues": open_issues,
        "open_issues_count": open_issues,
        "permissions": _permissions(asked, found),
        "pushed_at": stamp(tip.at if tip else found.created),
        "created_at": stamp(found.created),
        "updated_at": stamp(found.created),
    }


def _addresses(asked: Asked, found: Repository) -> dict[str, Json]:
    web = f"{asked.web}/{found.full_name}"
    return {
        "clone_url": f"{web}.git",
        "svn_url": web,
        "git_url": f"git://github.com/{found.full_name}.git",
        "ssh_url": f"git@github.com:{found.full_name}.git",
    }


def _permissions(asked: Asked, found: Repository) -> dict[str, bool]:
    mine = found.may_write(asked.user)
    rights = {"admin": mine, "maintain": mine, "push": mine, "triage": mine}
    return {**rights, "pull": True}


def _get(hub: Hub, asked: Asked) -> Reply:
    found = named(hub, asked)
    return say({**repository(asked, found), "network_count": 0, "subscribers_count": 0})


def _mine(hub: Hub, asked: Asked) -> Reply:
    user = known(asked)
    owned = [one for one in hub.repositories.values() if one.owner.id == user.id]
    kept = sorted((one for one in owned if visible(asked, one)), key=lambda one: one.full_name)
    return listing(asked, kept, lambda one: repository(asked, one))


def _create(hub: Hub, asked: Asked) -> Reply:
    user = known(asked)
    given = Given(asked, "Repository")
    name, private = given.need("name"), given.flag("private")
    if not asked.holds("repo" if private else "public_repo"):
        raise not_found()
    if f"{user.login}/{name}".lower() in hub.repositories:
        message = "name already exists on this account"
        raise invalid("Repository", "name", "custom", message)
    description = given.text("description") or ""
    made = hub.found(user, name, description, asked.now, private=private)
    if given.flag("auto_init"):
        hub.commit(made, {"README.md": f"# {name}\n".encode()}, "Initial commit", asked.now)
    whole = {**repository(asked, made), "network_count": 0, "subscribers_count": 0}
    return say(whole, 201, {"location": str(whole["url"])})


ROUTES: dict[str, Handler] = {
    "GET /repos/{}/{}": _get,
    "GET /user/repos": _mine,
    "POST /user/repos": _create,
}
