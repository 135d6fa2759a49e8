"""Issues, and what they share with pull requests."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from connector_vault.connector import Json, Reply

from .answers import forbidden, invalid, node, not_found, problem, say, stamp
from .asked import Asked, Handler
from .given import Given
from .hub import Hub
from .pages import listing
from .people import known, simple_user
from .records import Issue, User
from .repositories import named
from .repository import Repository

__all__ = ["ROUTES", "changed", "issue", "labels", "may_speak", "numbered", "since"]

_REASONS = ("completed", "not_planned", "duplicate", "reopened")


def issue(asked: Asked, found: Repository, one: Issue) -> dict[str, Json]:
    """Give an issue's shape; a pull request has it too."""
    return {
        "id": one.id,
        "node_id": node("Issue", one.id),
        **_links(asked, found, one),
        "number": one.number,
        "title": one.title,
        "body": one.body,
        "user": simple_user(asked, one.user),
        "labels": labels(asked, found, one),
        "state": one.state,
        "state_reason": one.state_reason,
        "locked": False,
        "active_lock_reason": None,
        "milestone": None,
        **_people(asked, one),
        "comments": sum(said.number == one.number for said in found.comments.values()),
        "author_association": "OWNER" if found.may_write(one.user) else "NONE",
        "created_at": stamp(one.created),
        "updated_at": stamp(one.updated),
        "closed_at": stamp(one.closed),
        **_pull_links(asked, found, one),
    }


def _links(asked: Asked, found: Repository, one: Issue) -> dict[str, Json]:
    place = f"{asked.api}/repos/{found.full_name}"
    url, kind = f"{place}/issues/{one.number}", "pull" if one.pull else "issues"
    return {
        "url": url,
        "repository_url": place,
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": f"{asked.web}/{found.full_name}/{kind}/{one.number}",
    }


def labels(asked: Asked, found: Repository, one: Issue) -> list[Json]:
    """Give the shapes of an issue's labels."""
    url = f"{asked.api}/repos/{found.full_name}/labels"
    return [
        {
            "id": number,
            "node_id": node("Label", name),
            "url": f"{url}/{name}",
            "name": name,
            "description": None,
            "color": "ededed",
            "default": False,
        }
        for number, name in enumerate(one.labels, 1)
    ]


def numbered(asked: Asked, found: Repository) -> Issue:
    """Find the issue or pull request whose number the address names."""
    one = found.issues.get(asked.number(2))
    if one is None:
        raise not_found()
    return one


def may_speak(hub: Hub, asked: Asked) -> tuple[Repository, User]:
    """Find the repository the address names, for somebody who may open issues and comment."""
    found = named(hub, asked)
    user = known(asked)
    if not asked.holds("public_repo"):
        raise not_found()
    return found, user


def changed(hub: Hub, asked: Asked, found: Repository, one: Issue) -> Issue:
    """Change what a body names of an issue or pull request, and keep it."""
    given = Given(asked, "PullRequest" if one.pull else "Issue")
    if found.may_write(asked.user):
        one = _sorted_in(hub, given, one)
    one = replace(
        one,
        title=given.need("title") if "title" in given else one.title,
        body=given.text("body") if "body" in given else one.body,
        updated=asked.now,
    )
    found.issues[one.number] = _with_state(asked, given, one)
    return found.issues[one.number]


def _sorted_in(hub: Hub, given: Given, one: Issue) -> Issue:
    """Set labels and assignees. GitHub ignores both from people who may not push."""
    names, logins = given.names("labels"), given.names("assignees")
    people = [hub.people.get(login.lower()) for login in logins or ()]
    if None in people:
        raise invalid("Issue", "assignees", "invalid")
    return replace(
        one,
        labels=one.labels if names is None else names,
        assignees=one.assignees
        if logins is None
        else tuple(person for person in people if person is not None),
    )


def _with_state(asked: Asked, given: Given, one: Issue) -> Issue:
    state, reason = given.text("state") or one.state, given.text("state_reason")
    if reason is not None and reason not in _REASONS:
        raise invalid("Issue", "state_reason", "invalid")
    if state == "open":
        reopened = one.state == "closed"
        why = "reopened" if reopened and not one.pull else one.state_reason
        return replace(one, state="open", closed=None, closed_by=None, state_reason=why)
    if state != "closed":
        raise invalid("Issue", "state", "invalid")
    why = None if one.pull else reason or one.state_reason or "completed"
    if one.state == "closed":
        return replace(one, state_reason=why)
    return replace(one, state="closed", closed=asked.now, closed_by=asked.user, state_reason=why)


def _people(asked: Asked, one: Issue) -> dict[str, Json]:
    assigned = [simple_user(asked, user) for user in one.assignees]
    return {
        "assignee": assigned[0] if assigned else None,
        "assignees": assigned,
        "closed_by": simple_user(asked, one.closed_by) if one.closed_by else None,
    }


def _pull_links(asked: Asked, found: Repository, one: Issue) -> dict[str, Json]:
    if one.pull is None:
        return {}
    web = f"{asked.web}/{found.full_name}/pull/{one.number}"
    links = {
        "url": f"{asked.api}/repos/{found.full_name}/pulls/{one.number}",
        "html_url": web,
        "diff_url": f"{web}.diff",
        "patch_url": f"{web}.patch",
        "merged_at": stamp(one.pull.merged_at),
    }
    return {"pull_request": links, "draft": one.pull.draft}


def _list(hub: Hub, asked: Asked) -> Reply:
    found = named(hub, asked)
    kept = _sorted(asked, (one for one in found.issues.values() if _wanted(asked, one)))
    return listing(asked, kept, lambda one: issue(asked, found, one))


def _wanted(asked: Asked, one: Issue) -> bool:
    state = asked.query.get("state", "open")
    if state not in ("open", "closed", "all"):
        raise invalid("Issue", "state", "invalid")
    labels_wanted = set(filter(None, asked.query.get("labels", "").split(",")))
    creator, assignee = asked.query.get("creator"), asked.query.get("assignee", "")
    return (
        state in ("all", one.state)
        and labels_wanted <= set(one.labels)
        and creator in (None, one.user.login)
        and _assigned(one, assignee)
        and one.updated >= since(asked)
    )


def _assigned(one: Issue, wanted: str) -> bool:
    logins = {user.login for user in one.assignees}
    match wanted:
        case "":
            return True
        case "none":
            return not logins
        case "*":
            return bool(logins)
        case _:
            return wanted in logins


def since(asked: Asked) -> float:
    """Give the time a list shall begin with; 0 if none was named."""
    text = asked.query.get("since", "")
    try:
        return datetime.fromisoformat(text).timestamp() if text else 0.0
    except ValueError:
        raise problem(422, "Invalid request.\n\nsince is not a date and time.") from None


def _sorted(asked: Asked, found: Iterable[Issue]) -> list[Issue]:
    by_update = asked.query.get("sort") == "updated"
    newest_first = asked.query.get("direction", "desc") != "asc"
    return sorted(
        found,
        key=lambda one: (one.updated if by_update else one.created, one.number),
        reverse=newest_first,
    )


def _create(hub: Hub, asked: Asked) -> Reply:
    found, user = may_speak(hub, asked)
    given = Given(asked, "Issue")
    fresh = Issue(
        id=hub.next_id(),
        number=0,
        title=given.need("title"),
        body=given.text("body"),
        user=user,
        created=asked.now,
        updated=asked.now,
    )
    if found.may_write(user):
        fresh = _sorted_in(hub, given, fresh)
    # The number is taken last, so that a refused issue leaves no gap.
    one = replace(fresh, number=next(found.numbers))
    found.issues[one.number] = one
    shape = issue(asked, found, one)
    return say(shape, 201, {"location": str(shape["url"])})


def _get(hub: Hub, asked: Asked) -> Reply:
    found = named(hub, asked)
    return say(issue(asked, found, numbered(asked, found)))


def _patch(hub: Hub, asked: Asked) -> Reply:
    found, user = may_speak(hub, asked)
    one = numbered(asked, found)
    if user.id != one.user.id and not found.may_write(user):
        raise forbidden("Must have admin rights to Repository.")
    return say(issue(asked, found, changed(hub, asked, found, one)))


ROUTES: dict[str, Handler] = {
    "GET /repos/{}/{}/issues": _list,
    "POST /repos/{}/{}/issues": _create,
    "GET /repos/{}/{}/issues/{}": _get,
    "PATCH /repos/{}/{}/issues/{}": _patch,
}
