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

__all__ = ["ROUTES", "page_fields"]

_ACCOUNTS = {one.id: one for one in INSTAGRAMS}


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
        "link": f"https://www.facebook.com/{page.username}",
        "website": None,
        "followers_count": 128,
        "fan_count": 120,
        "is_published": True,
        "verification_status": "not_verified",
        "access_token": token_text or None,
        "tasks": list(person.pages.get(page.id, ())) if not token.page else None,
        "instagram_business_account": _instagram(linked, names),
    }
    return chosen("Page", wanted, everything, "name")


def _instagram(account: Account | None, names: dict[str, str]) -> Json:
    if account is None:
        return None
    inner = fields_of(names.get("instagram_business_account", ""))
    said = {"id": account.id, "username": account.username}
    return {name: one for name, one in said.items() if name == "id" or name in inner}


def _shared(hub: Hub, token: Token) -> frozenset[str]:
    grant = hub.grants.given(token)
    return grant.pages if grant else frozenset()


def _of_person(asked: Asked) -> None:
    if asked.node != asked.token.person or asked.token.page:
        raise absent(asked.call.method, asked.node)


def _accounts(hub: Hub, asked: Asked) -> Reply:
    _of_person(asked)
    wanted = asked.text("fields", "access_token,category,name,id,tasks")
    mine = hub.grants.people[asked.node].pages
    pages = [hub.pages[one] for one in mine if one in _shared(hub, asked.token)]
    if "pages_show_list" not in asked.permissions:
        pages = []
    return paged(asked, [page_fields(hub, one, asked.token, wanted) for one in pages])


def _permissions(hub: Hub, asked: Asked) -> Reply:
    _of_person(asked)
    grant = hub.grants.given(asked.token)
    said = {True: "granted", False: "declined"}
    given = grant.permissions.items() if grant else ()
    data = [{"permission": name, "status": said[yes]} for name, yes in given]
    return json_reply(200, {"data": data})


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
