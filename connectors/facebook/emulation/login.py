"""OAuth: agreeing at www.facebook.com, and what comes of it at graph.facebook.com.

https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from connector_vault.connector import Json, Reply
from connector_vault.emulator import json_reply

from .answers import Refusal, invalid
from .grants import App, Code, Token
from .hub import Hub
from .records import Person

__all__ = ["Asking", "agree", "ask", "debug", "decline", "exchange"]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")

_KNOWN = {
    "ads_management",
    "ads_read",
    "business_management",
    "email",
    "instagram_basic",
    "instagram_content_publish",
    "instagram_manage_comments",
    "instagram_manage_insights",
    "instagram_manage_messages",
    "pages_manage_engagement",
    "pages_manage_metadata",
    "pages_manage_posts",
    "pages_messaging",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_show_list",
    "public_profile",
    "read_insights",
}

_DATA_ACCESS = 90 * 86_400
"""Seconds for which an app may read what a person let it, counted from their last visit."""

_JUNK = "#_=_"
"""What Facebook appends to the address it sends people back to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What an app asks somebody to agree to."""

    app: App
    permissions: tuple[str, ...]
    redirect_uri: str
    state: str = field(repr=False)


def ask(hub: Hub, query: Mapping[str, str]) -> Asking | Reply:
    """Read what an app asks for. A reply is the page that says that it may not."""
    app = hub.grants.apps.get(query.get("client_id", ""))
    address = query.get("redirect_uri", "")
    if app is None:
        return _page_of_error("Invalid App ID")
    if not _registered(app, address):
        return _page_of_error("URL blocked: the redirect URI is not one of the app's")
    if query.get("response_type", "code") != "code":
        return _page_of_error("Invalid response type")
    wanted = _wanted(app, query)
    if wanted is None or not set(wanted) <= _KNOWN:
        return _page_of_error("Invalid Scopes")
    permissions = tuple(dict.fromkeys(("public_profile", *wanted)))
    return Asking(
        app=app, permissions=permissions, redirect_uri=address, state=query.get("state", "")
    )


def agree(hub: Hub, asking: Asking, person: Person, now: float) -> Reply:
    """Let somebody agree: back to the app, with a code."""
    given = {one: _is_given(hub, one) for one in asking.permissions}
    pages = [one for one in person.pages if hub.shared is None or one in hub.shared]
    code = Code(app=asking.app.id, person=person.id, redirect_uri=asking.redirect_uri, born=now)
    return _back(asking, code=hub.grants.agree(code, given, pages))


def decline(asking: Asking) -> Reply:
    """Let somebody say no: back to the app, with an error."""
    return _back(
        asking,
        error="access_denied",
        error_code="200",
        error_description="Permissions error",
        error_reason="user_denied",
    )


def exchange(hub: Hub, form: Mapping[str, Json], now: float) -> Reply:
    """Turn a code into a token, or a token into one that lives longer."""
    text = {name: str(value) for name, value in form.items()}
    app = _client(hub, text)
    match text.get("grant_type", "authorization_code"):
        case "fb_exchange_token":
            extends = hub.policy.exchange == "extends"
            given = text.get("fb_exchange_token", "")
            return _answer(hub, hub.grants.exchange(given, app.id, now, extends=extends), now)
        case "client_credentials":
            return json_reply(200, {"access_token": app.token, "token_type": "bearer"})
        case "authorization_code":
            code, address = text.get("code", ""), text.get("redirect_uri", "")
            return _answer(hub, hub.grants.spend(code, app.id, address, now), now)
        case _:
            raise invalid("Unsupported grant_type")


def debug(hub: Hub, caller: Token, text: str, now: float) -> Reply:
    """Tell of a token, to the app it is for.

    https://developers.facebook.com/docs/graph-api/reference/debug_token
    """
    if caller.person:
        raise invalid("You must provide an app access token, or a user access token of its owner")
    known = hub.grants.tokens.get(text)
    if known is None or known.app != caller.app:
        error: Json = {"code": 190, "message": "Invalid OAuth access token."}
        return json_reply(200, {"data": {"error": error, "is_valid": False, "scopes": []}})
    scopes = sorted(hub.grants.permissions(known))
    said: dict[str, Json] = {
        "app_id": known.app,
        "type": "PAGE" if known.page else "USER",
        "application": hub.grants.apps[known.app].name,
        "expires_at": int(known.ends),
        "is_valid": True,
        "data_access_expires_at": int(now) + _DATA_ACCESS,
        "scopes": scopes,
        "granular_scopes": [{"scope": one} for one in scopes],
        "user_id": known.person,
    }
    said |= {"profile_id": known.page} if known.page else {}
    try:
        hub.grants.live(text, now)
    except Refusal as found:
        error = found.reply.json()["error"]
        told = {"code": error["code"], "message": error["message"]}
        told |= {"subcode": error["error_subcode"]} if "error_subcode" in error else {}
        said |= {"is_valid": False, "error": told}
    return json_reply(200, {"data": said})


def _answer(hub: Hub, token: Token, now: float) -> Reply:
    said: dict[str, Json] = {"access_token": token.text, "token_type": "bearer"}
    if hub.policy.expires_in == "said" or not token.long:
        said["expires_in"] = max(1, int(token.ends - now))
    return json_reply(200, said)


def _client(hub: Hub, form: Mapping[str, str]) -> App:
    app = hub.grants.apps.get(form.get("client_id", ""))
    if app is None:
        words = "Error validating application. Cannot get application info due to a system error."
        raise Refusal(400, 101, words)
    if not hmac.compare_digest(form.get("client_secret", "").encode(), app.secret.encode()):
        raise Refusal(400, 1, "Error validating client secret.")
    return app


def _wanted(app: App, query: Mapping[str, str]) -> tuple[str, ...] | None:
    if "config_id" in query:
        return None if "scope" in query else app.configurations.get(query["config_id"])
    return tuple(one for one in query.get("scope", "").replace(" ", ",").split(",") if one)


def _is_given(hub: Hub, permission: str) -> bool:
    return permission == "public_profile" or hub.grantable is None or permission in hub.grantable


def _registered(app: App, address: str) -> bool:
    if address in app.redirect_uris:
        return True
    try:
        url = urlsplit(address)
    except ValueError:
        return False
    return app.loopback and url.scheme == "http" and url.hostname in _LOOPBACK


def _back(asking: Asking, **said: str) -> Reply:
    query = urlencode({**said, "state": asking.state})
    joint = "&" if "?" in asking.redirect_uri else "?"
    return Reply(302, b"", {"location": f"{asking.redirect_uri}{joint}{query}{_JUNK}"})


def _page_of_error(words: str) -> Reply:
    page = f"<!doctype html><title>Facebook</title><h1>{words}</h1><p>No access was given."
    return Reply(400, page.encode(), {"content-type": "text/html; charset=utf-8"})
