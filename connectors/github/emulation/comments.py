"""What people say about issues and pull requests."""

from dataclasses import replace

from connector_vault.connector import Json, Reply

from .answers import forbidden, node, not_found, say, stamp
from .asked import Asked, Handler
from .given import Given
from .hub import Hub
from .issues import may_speak, numbered, since
from .pages import listing
from .people import simple_user
from .records import Comment
from .repositories import named
from .repository import Repository

__all__ = ["ROUTES"]


def _comment(asked: Asked, found: Repository, said: Comment) -> dict[str, Json]:
    url = f"{asked.api}/repos/{found.full_name}/issues"
    kind = "pull" if found.issues[said.number].pull else "issues"
    web = f"{asked.web}/{found.full_name}/{kind}/{said.number}"
    return {
        "id": said.id,
        "node_id": node("IssueComment", said.id),
        "url": f"{url}/comments/{said.id}",
        "html_url": f"{web}#issuecomment-{said.id}",
        "issue_url": f"{url}/{said.number}",
        "body": said.body,
        "user": simple_user(asked, said.user),
        "author_association": "OWNER" if found.may_write(said.user) else "NONE",
        "created_at": stamp(said.created),
        "updated_at": stamp(said.updated),
    }


def _list(hub: Hub, asked: Asked) -> Reply:
    found = named(hub, asked)
    number, earliest = numbered(asked, found).number, since(asked)
    kept = [
        said
        for said in found.comments.values()
        if said.number == number and said.updated >= earliest
    ]
    return listing(asked, kept, lambda said: _comment(asked, found, said))


def _create(hub: Hub, asked: Asked) -> Reply:
    found, user = may_speak(hub, asked)
    one = numbered(asked, found)
    said = Comment(
        id=hub.next_id(),
        number=one.number,
        body=Given(asked, "IssueComment").need("body"),
        user=user,
        created=asked.now,
        updated=asked.now,
    )
    found.comments[said.id] = said
    found.issues[one.number] = replace(one, updated=asked.now)
    shape = _comment(asked, found, said)
    return say(shape, 201, {"location": str(shape["url"])})


def _get(hub: Hub, asked: Asked) -> Reply:
    found = named(hub, asked)
    return say(_comment(asked, found, _identified(asked, found)))


def _patch(hub: Hub, asked: Asked) -> Reply:
    found, said = _own(hub, asked)
    body = Given(asked, "IssueComment").need("body")
    found.comments[said.id] = replace(said, body=body, updated=asked.now)
    return say(_comment(asked, found, found.comments[said.id]))


def _delete(hub: Hub, asked: Asked) -> Reply:
    found, said = _own(hub, asked)
    del found.comments[said.id]
    return Reply(204)


def _own(hub: Hub, asked: Asked) -> tuple[Repository, Comment]:
    found, user = may_speak(hub, asked)
    said = _identified(asked, found)
    if user.id != said.user.id and not found.may_write(user):
        raise forbidden("Must have admin rights to Repository.")
    return found, said


def _identified(asked: Asked, found: Repository) -> Comment:
    said = found.comments.get(asked.number(2))
    if said is None:
        raise not_found()
    return said


ROUTES: dict[str, Handler] = {
    "GET /repos/{}/{}/issues/{}/comments": _list,
    "POST /repos/{}/{}/issues/{}/comments": _create,
    "GET /repos/{}/{}/issues/comments/{}": _get,
    "PATCH /repos/{}/{}/issues/comments/{}": _patch,
    "DELETE /repos/{}/{}/issues/comments/{}": _delete,
}
