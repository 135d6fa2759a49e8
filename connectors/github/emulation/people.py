"""What GitHub tells of people."""

from connector_vault.connector import Json, Reply

from .answers import node, not_found, problem, say, stamp
from .asked import Asked, Handler
from .hub import Hub
from .pages import listing
from .records import User

__all__ = ["ROUTES", "known", "simple_user"]

_PLANLESS = {
    "company": None,
    "blog": "",
    "location": None,
    "hireable": None,
    "bio": None,
    "twitter_username": None,
    "public_gists": 0,
    "followers": 0,
    "following": 0,
}

_PRIVATE = {
    "private_gists": 0,
    "disk_usage": 0,
    "collaborators": 0,
    "two_factor_authentication": True,
}


def simple_user(asked: Asked, user: User) -> dict[str, Json]:
    """Give the shape that stands wherever somebody is mentioned."""
    url = f"{asked.api}/users/{user.login}"
    return {
        "login": user.login,
        "id": user.id,
        "node_id": node("User", user.id),
        "avatar_url": f"{asked.base}/avatars.githubusercontent.com/u/{user.id}?v=4",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{asked.web}/{user.login}",
        "followers_url": f"{url}/followers",
        "following_url": f"{url}/following{{/other_user}}",
        "gists_url": f"{url}/gists{{/gist_id}}",
        "starred_url": f"{url}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{url}/subscriptions",
        "organizations_url": f"{url}/orgs",
        "repos_url": f"{url}/repos",
        "events_url": f"{url}/events{{/privacy}}",
        "received_events_url": f"{url}/received_events",
        "type": "User",
        "user_view_type": "public",
        "site_admin": False,
    }


def known(asked: Asked) -> User:
    """Give the person whose token this is, or say that one is needed."""
    if asked.user is None:
        raise problem(401, "Requires authentication")
    return asked.user


def _public_user(hub: Hub, asked: Asked, user: User) -> dict[str, Json]:
    owned = [one for one in hub.repositories.values() if one.owner.id == user.id]
    return {
        **simple_user(asked, user),
        **_PLANLESS,
        "name": user.name,
        "email": user.email,
        "public_repos": sum(not one.private for one in owned),
        "created_at": stamp(user.created),
        "updated_at": stamp(user.created),
    }


def _me(hub: Hub, asked: Asked) -> Reply:
    user = known(asked)
    public = _public_user(hub, asked, user)
    if not asked.holds("read:user"):
        return say(public)
    private = [one for one in hub.repositories.values() if one.private and one.may_write(user)]
    counts = {"total_private_repos": len(private), "owned_private_repos": len(private)}
    return say({**public, **_PRIVATE, **counts})


def _emails(_: Hub, asked: Asked) -> Reply:
    user = known(asked)
    if not asked.holds("user:email"):
        raise not_found()
    kept = f"{user.id}+{user.login}@users.noreply.github.com"
    hidden = {"email": kept, "primary": False, "verified": True, "visibility": None}
    shown = {"email": user.email, "primary": True, "verified": True, "visibility": "public"}
    return listing(asked, [shown, hidden], lambda one: one)


def _somebody(hub: Hub, asked: Asked) -> Reply:
    (login,) = asked.names
    user = hub.people.get(login.lower())
    if user is None:
        raise not_found()
    return say(_public_user(hub, asked, user))


ROUTES: dict[str, Handler] = {
    "GET /user": _me,
    "GET /user/emails": _emails,
    "GET /users/{}": _somebody,
}
