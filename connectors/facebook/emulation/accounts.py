"""A person: who they are, what they granted, and their Pages.

https://developers.facebook.com/docs/graph-api/reference/user/accounts
https://developers.facebook.com/docs/graph-api/reference/user/permissions
"""

from connector_vault.connector import Json, Reply
from connector_vault.emulator import json_reply

from ..._meta.emulation.instagram import Account
from .answers import Refusal, absent, ended
from .asked import Asked, Route, chosen, fields_of, paged
from .grants import Token
from .hub import Hub
from .people import INSTAGRAMS
from .records import Page

__all__ = ["ROUTES", "page_fields", "user_fields"]

_ACCOUNTS = {one.id: one for one in INSTAGRAMS}

_UNTOLD = (
    "age_range",
    "birthday",
    "gender",
    "hometown",
    "link",
    "locale",
    "location",
    "middle_name",
    "timezone",
    "updated_time",
    "verified",
)
"""Fields of a person that may be asked for, and are left out: nobody here has told them."""


def user_fields(hub: Hub, asked: Asked) -> Json:
    """Tell of a person what was asked for. Their mail address needs a permission of its own."""
    person, wanted = hub.grants.people[asked.node], asked.text("fields")
    names = fields_of(wanted)
    first, _, last = person.name.partition(" ")
    email = f"{person.login}@example.com" if "email" in asked.permissions else None
    everything: dict[str, Json] = {
        "id": person.id,
        "name": person.name,
        "first_name": first,
        "last_name": last,
        "short_name": first,
        "name_format": "{first} {last}",
        "email": email,
        "picture": _picture(person.id),
        # Looking at Pages makes tokens for them.
        "accounts": {"data": _pages(hub, asked, names["accounts"]) if "accounts" in names else []},
        "permissions": {"data": _given(hub, asked)},
    }
    return chosen("User", wanted, dict.fromkeys(_UNTOLD) | everything, "name")


def _picture(of: str) -> Json:
    url = f"https://media.example/{of}.jpg"
    return {"data": {"height": 50, "is_silhouette": False, "url": url, "width": 50}}


def page_fields(hub: Hub, page: Page, token: Token, wanted: str) -> Json:
    """Tell of a Page what was asked for, to who has this token."""
    names = fields_of(wanted)
    granted = hub.grants.permissions(token)
    person = hub.grants.people[token.person]
    mine = page.id in person.pages and page.id in _shared(hub, token)
    token_text = ""
    if "access_token" in names and mine and "pages_show_list" in granted:
        token_text = token.text if token.page else hub.grants.for_page(token, page.id).text
    linked = _ACCOUNTS.get(page.instagram) if "instagram_basic" in granted else None
    everything: dict[str, Json] = {
        "id": page.id,
        "name": page.name,
        "username": page.username,
        "about": page.about,
        "category": page.category,
        "category_list": [{"id": "2500", "name": page.category}],
        "link": f"https://www.facebook.com/{page.username}",
        "picture": _picture(page.id),
        "website": None,
        "phone": None,
        "emails": None,
        "cover": None,
        "description": None,
        "location": None,
        "followers_count": 128,
        "fan_count": 120,
        "is_published": True,
        "verification_status": "not_verified",
        "access_token": token_text or None,
        "tasks": list(person.pages.get(page.id, ())) if not token.page else None,
        "instagram_business_account": _instagram(linked, names, "instagram_business_account"),
        "connected_instagram_account": _instagram(linked, names, "connected_instagram_account"),
    }
    return chosen("Page", wanted, everything, "name")


def _instagram(account: Account | None, names: dict[str, str], field: str) -> Json:
    if account is None:
        return None
    inner = fields_of(names.get(field, ""))
    said: dict[str, Json] = {
        "id": account.id,
        "username": account.username,
        "name": account.name,
        "profile_picture_url": f"https://media.example/{account.username}.jpg",
        "followers_count": account.followers,
    }
    return {name: one for name, one in said.items() if name == "id" or name in inner}


def _shared(hub: Hub, token: Token) -> frozenset[str]:
    grant = hub.grants.given(token)
    return grant.pages if grant else frozenset()


def _of_person(asked: Asked) -> None:
    if asked.node != asked.token.person or asked.token.page:
        raise absent(asked.call.method, asked.node)


def _accounts(hub: Hub, asked: Asked) -> Reply:
    _of_person(asked)
    return paged(asked, _pages(hub, asked, asked.text("fields")))


def _pages(hub: Hub, asked: Asked, wanted: str) -> list[Json]:
    if "pages_show_list" not in asked.permissions:
        return []
    mine, shared = hub.grants.people[asked.node].pages, _shared(hub, asked.token)
    wanted = wanted or "access_token,category,category_list,name,id,tasks"
    return [page_fields(hub, hub.pages[one], asked.token, wanted) for one in mine if one in shared]


def _permissions(hub: Hub, asked: Asked) -> Reply:
    _of_person(asked)
    return json_reply(200, {"data": _given(hub, asked)})


def _given(hub: Hub, asked: Asked) -> list[Json]:
    grant = hub.grants.given(asked.token)
    said = {True: "granted", False: "declined"}
    given = grant.permissions.items() if grant else ()
    return [{"permission": name, "status": said[yes]} for name, yes in given]


def _remove(hub: Hub, asked: Asked) -> Reply:
    person = asked.node
    if asked.token.person and asked.token.person != person:
        raise absent("DELETE", person)
    if not hub.grants.withdraw(person, asked.token.app):
        if hub.policy.gone == "100":
            raise Refusal(400, 100, "(#100) The person does not use this app")
        raise ended(458, f"The user has not authorized application {asked.token.app}.")
    return json_reply(200, {"success": True})


def _remove_one(hub: Hub, asked: Asked) -> Reply:
    _of_person(asked)
    hub.grants.decline(asked.token, asked.call.segments[-1])
    return json_reply(200, {"success": True})


ROUTES = {
    "GET /{}/accounts": Route(handler=_accounts),
    "GET /{}/permissions": Route(handler=_permissions),
    "DELETE /{}/permissions": Route(handler=_remove),
    "DELETE /{}/permissions/{}": Route(handler=_remove_one),
}
