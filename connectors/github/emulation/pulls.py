"""Pull requests: proposed, looked at, merged.

https://docs.github.com/en/rest/pulls/pulls
"""

from dataclasses import replace

from connector_vault.connector import Json, Reply

from .answers import Problem, forbidden, invalid, not_found, problem, say, stamp
from .asked import Asked, Handler
from .given import Given
from .hub import Hub
from .issues import changed, issue, may_speak, numbered
from .merging import Sides, counts, merge, sides
from .pages import listing
from .people import simple_user
from .records import Issue, Pull, User
from .repositories import named, repository, writable
from .repository import Repository

__all__ = ["ROUTES"]

_SHARED = (
    "id",
    "node_id",
    "html_url",
    "number",
    "title",
    "body",
    "user",
    "labels",
    "state",
    "locked",
    "active_lock_reason",
    "milestone",
    "assignee",
    "assignees",
    "author_association",
    "created_at",
    "updated_at",
    "closed_at",
    "comments_url",
)
"""What a pull request tells in the words of an issue."""


def _simple(asked: Asked, found: Repository, one: Issue, pull: Pull) -> dict[str, Json]:
    """Give the shape that stands in lists."""
    told = issue(asked, found, one)
    url = f"{asked.api}/repos/{found.full_name}/pulls/{one.number}"
    now = sides(found, one, pull)
    return {
        **{name: told[name] for name in _SHARED},
        **_links(asked, found, one, now),
        "url": url,
        "draft": pull.draft,
        "head": _side(asked, found, pull.head, now.head_sha),
        "base": _side(asked, found, pull.base, now.base_sha),
        "merged_at": stamp(pull.merged_at),
        "merge_commit_sha": pull.merge_sha,
        "auto_merge": None,
        "requested_reviewers": [],
        "requested_teams": [],
    }


def _whole(asked: Asked, found: Repository, one: Issue, pull: Pull) -> dict[str, Json]:
    """Give the shape of one that is looked at alone."""
    now = sides(found, one, pull)
    merged = pull.merged_at is not None
    return {
        **_simple(asked, found, one, pull),
        **counts(found, now),
        "merged": merged,
        "merged_by": simple_user(asked, pull.merged_by) if pull.merged_by else None,
        "mergeable": None if one.state == "closed" else now.clean,
        "rebaseable": None if one.state == "closed" else now.clean,
        "mergeable_state": _mergeable_state(one, pull, now),
        "maintainer_can_modify": False,
        "comments": sum(said.number == one.number for said in found.comments.values()),
        "review_comments": 0,
    }


def _mergeable_state(one: Issue, pull: Pull, now: Sides) -> str:
    if one.state == "closed":
        return "unknown"
    if not now.clean:
        return "dirty"
    return "draft" if pull.draft else "clean"


def _side(asked: Asked, found: Repository, branch: str, sha: str) -> dict[str, Json]:
    return {
        "label": f"{found.owner.login}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": simple_user(asked, found.owner),
        "repo": repository(asked, found),
    }


def _links(asked: Asked, found: Repository, one: Issue, now: Sides) -> dict[str, Json]:
    api, number = f"{asked.api}/repos/{found.full_name}", one.number
    web = f"{asked.web}/{found.full_name}/pull/{number}"
    urls = {
        "issue": f"{api}/issues/{number}",
        "commits": f"{api}/pulls/{number}/commits",
        "review_comments": f"{api}/pulls/{number}/comments",
        "review_comment": f"{api}/pulls/comments{{/number}}",
        "statuses": f"{api}/statuses/{now.head_sha}",
    }
    more = {"self": f"{api}/pulls/{number}", "html": web, "comments": f"{urls['issue']}/comments"}
    return {
        **{f"{name}_url": url for name, url in urls.items()},
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "_links": {name: {"href": url} for name, url in {**urls, **more}.items()},
    }


def _list(hub: Hub, asked: Asked) -> Reply:
    found = named(hub, asked)
    kept = [one for one in found.issues.values() if one.pull and _wanted(asked, found, one)]
    by = "updated" if asked.query.get("sort") == "updated" else "created"
    default = "asc" if "sort" in asked.query and by != "created" else "desc"
    ordered = sorted(
        kept,
        key=lambda one: (one.updated if by == "updated" else one.created, one.number),
        reverse=asked.query.get("direction", default) != "asc",
    )
    return listing(asked, ordered, lambda one: _simple(asked, found, one, _pull(one)))


def _wanted(asked: Asked, found: Repository, one: Issue) -> bool:
    state, pull = asked.query.get("state", "open"), _pull(one)
    if state not in ("open", "closed", "all"):
        raise invalid("PullRequest", "state", "invalid")
    head, base = asked.query.get("head"), asked.query.get("base")
    return (
        state in ("all", one.state)
        and head in (None, "", f"{found.owner.login}:{pull.head}")
        and base in (None, "", pull.base)
    )


def _create(hub: Hub, asked: Asked) -> Reply:
    found, user = may_speak(hub, asked)
    given = Given(asked, "PullRequest")
    head = given.need("head").removeprefix(f"{found.owner.login}:")
    proposed = _proposed(found, head, given.need("base"), given.flag("draft"))
    fresh = _opened(hub, asked, given, user, proposed)
    one = replace(fresh, number=next(found.numbers))
    found.issues[one.number] = one
    shape = _whole(asked, found, one, proposed)
    return say(shape, 201, {"location": str(shape["url"])})


def _proposed(found: Repository, head: str, base: str, draft: bool) -> Pull:
    for field, branch in (("head", head), ("base", base)):
        if branch not in found.git.branches:
            raise invalid("PullRequest", field, "invalid")
    ours, theirs = found.git.find(f"heads/{base}"), found.git.find(f"heads/{head}")
    if ours is None or theirs is None or not found.git.ahead(ours, theirs):
        raise _refused(f"No commits between {base} and {head}")
    for one in found.issues.values():
        if one.pull and one.state == "open" and (one.pull.head, one.pull.base) == (head, base):
            raise _refused(f"A pull request already exists for {found.owner.login}:{head}.")
    return Pull(head=head, base=base, head_sha=theirs.sha, base_sha=ours.sha, draft=draft)


def _refused(message: str) -> Problem:
    error = {"resource": "PullRequest", "code": "custom", "message": message}
    return problem(422, "Validation Failed", errors=[error])


def _opened(hub: Hub, asked: Asked, given: Given, user: User, proposed: Pull) -> Issue:
    return Issue(
        id=hub.next_id(),
        number=0,
        title=given.need("title"),
        body=given.text("body"),
        user=user,
        created=asked.now,
        updated=asked.now,
        pull=proposed,
    )


def _get(hub: Hub, asked: Asked) -> Reply:
    found = named(hub, asked)
    one = _numbered(asked, found)
    return say(_whole(asked, found, one, _pull(one)))


def _patch(hub: Hub, asked: Asked) -> Reply:
    found, user = may_speak(hub, asked)
    one = _numbered(asked, found)
    if user.id != one.user.id and not found.may_write(user):
        raise forbidden("Must have admin rights to Repository.")
    if _pull(one).merged_at and Given(asked, "PullRequest").text("state") == "open":
        raise invalid("PullRequest", "state", "invalid")
    # What the branches were is kept from here on, should this close it.
    now = sides(found, one, _pull(one))
    kept = replace(_pull(one), base_sha=now.base_sha, head_sha=now.head_sha)
    one = changed(hub, asked, found, replace(one, pull=kept))
    return say(_whole(asked, found, one, _pull(one)))


def _is_merged(hub: Hub, asked: Asked) -> Reply:
    found = named(hub, asked)
    if _pull(_numbered(asked, found)).merged_at is None:
        raise not_found()
    return Reply(204)


def _merge(hub: Hub, asked: Asked) -> Reply:
    found = writable(hub, asked)
    sha = merge(asked, found, _numbered(asked, found), Given(asked, "PullRequest"))
    return say({"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def _numbered(asked: Asked, found: Repository) -> Issue:
    one = numbered(asked, found)
    _pull(one)
    return one


def _pull(one: Issue) -> Pull:
    if one.pull is None:
        raise not_found()
    return one.pull


ROUTES: dict[str, Handler] = {
    "GET /repos/{}/{}/pulls": _list,
    "POST /repos/{}/{}/pulls": _create,
    "GET /repos/{}/{}/pulls/{}": _get,
    "PATCH /repos/{}/{}/pulls/{}": _patch,
    "GET /repos/{}/{}/pulls/{}/merge": _is_merged,
    "PUT /repos/{}/{}/pulls/{}/merge": _merge,
}
