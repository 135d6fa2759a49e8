"""OAuth: agreeing at www.instagram.com, and turning an agreement into tokens that live for long.

https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from connector_vault.connector import Json, Reply
from connector_vault.emulator import Call, json_reply

from .answers import dead_token, graph_error, oauth_error
from .grants import LONG_LIFE, App, Code, Token
from .hub import BASIC, SCOPES, Hub
from .people import Person, scoped_id

__all__ = ["Asking", "agree", "ask", "by_code", "decline", "lengthen", "page_of_error", "refresh"]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What an app asks somebody to agree to."""

    app: App
    scopes: tuple[str, ...]
    redirect_uri: str
    state: str = field(repr=False)


def ask(hub: Hub, query: Mapping[str, str]) -> Asking | Reply:
    """Read what an app asks for. A reply is the page that says that it may not."""
    app = hub.grants.apps.get(query.get("client_id", ""))
    address = query.get("redirect_uri", "")
    scopes = tuple(one for one in re.split(r"[ ,]+", query.get("scope", "")) if one)
    if app is None or query.get("response_type") != "code":
        return page_of_error("Invalid platform app")
    if not _registered(app, address):
        return page_of_error("Invalid redirect_uri")
    if BASIC not in scopes or not SCOPES.issuperset(scopes):
        return page_of_error("Invalid scope")
    return Asking(app=app, scopes=scopes, redirect_uri=address, state=query.get("state", ""))


def agree(hub: Hub, asking: Asking, person: Person, now: float) -> Reply:
    """Let somebody agree: back to the app, with a code."""
    if person.account.account_type == "PERSONAL" and hub.policy.personal == "refused":
        return page_of_error("Switch to a professional account to go on")
    code = Code(
        app=asking.app.id,
        login=person.login,
        scopes=tuple(
            one
            for one in asking.scopes
            if one == BASIC or hub.grantable is None or one in hub.grantable
        ),
        redirect_uri=asking.redirect_uri,
        born=now,
    )
    return _back(hub, asking, code=hub.grants.agree(code))


def decline(hub: Hub, asking: Asking) -> Reply:
    """Let somebody say no: back to the app, with an error."""
    words = "The user denied your request"
    return _back(
        hub, asking, error="access_denied", error_reason="user_denied", error_description=words
    )


def by_code(hub: Hub, call: Call, now: float) -> Reply:
    """Turn a code into a token that lives for an hour."""
    form = call.form()
    app = hub.grants.apps.get(form.get("client_id", ""))
    if app is None:
        return oauth_error("Invalid platform app")
    if not _knows(app, form.get("client_secret", "")):
        return oauth_error("Error validating client secret")
    if form.get("grant_type") != "authorization_code":
        return oauth_error("Invalid grant_type")
    code = hub.grants.take_code(form.get("code", ""), app.id, now)
    if code is None:
        return oauth_error("Matching code was not found or was already used")
    if form.get("redirect_uri") != code.redirect_uri:
        words = "Error validating verification code. Please make sure your redirect_uri is "
        return oauth_error(f"{words}identical to the one you used in the OAuth dialog request")
    return json_reply(200, _short(hub, hub.grants.mint(code, now)))


def lengthen(hub: Hub, query: Mapping[str, str], now: float) -> Reply:
    """Turn a token of an hour into one of 60 days."""
    token = hub.grants.find(query.get("access_token", ""))
    if query.get("grant_type") != "ig_exchange_token":
        return graph_error(100, "Invalid parameter: grant_type")
    dead = dead_token(token, now, hub.policy.expired_status)
    if token is None or dead is not None:
        return dead or graph_error(190, "Invalid OAuth access token")
    if not _knows(hub.grants.apps[token.app], query.get("client_secret", "")):
        return graph_error(101, "Error validating application. Invalid client secret.")
    if token.long:
        return graph_error(100, "Unsupported request - method type: get")
    return json_reply(200, _long(hub, hub.grants.lengthen(token, now)))


def refresh(hub: Hub, query: Mapping[str, str], now: float) -> Reply:
    """Give a token of 60 days for another that is a day old."""
    token, policy = hub.grants.find(query.get("access_token", "")), hub.policy
    if query.get("grant_type") != "ig_refresh_token":
        return graph_error(100, "Invalid parameter: grant_type")
    dead = dead_token(token, now, policy.expired_status)
    if token is None or dead is not None:
        return dead or graph_error(190, "Invalid OAuth access token")
    if not token.long or now < token.born + policy.youth:
        return graph_error(policy.young, "Unsupported request - method type: get")
    if policy.renewed == "same":
        return json_reply(200, _long(hub, hub.grants.prolong(token, now)))
    fresh = hub.grants.lengthen(token, now)
    if policy.old == "dies":
        hub.grants.end(token, 467)
    return json_reply(200, _long(hub, fresh))


def page_of_error(words: str) -> Reply:
    """Show what is wrong to the person: nobody is sent back."""
    page = f"<!doctype html><title>Instagram</title><h1>Sorry</h1><p>{words}."
    return Reply(400, page.encode(), {"content-type": "text/html; charset=utf-8"})


def _short(hub: Hub, token: Token) -> Json:
    person = scoped_id(token.app, hub.people[token.login])
    said: dict[str, Json] = {
        "access_token": token.text,
        "user_id": int(person) if hub.policy.ids == "number" else person,
    }
    match hub.policy.permissions:
        case "list":
            said["permissions"] = list(token.scopes)
        case "text":
            said["permissions"] = ",".join(token.scopes)
        case "none":
            pass
    return {"data": [said]} if hub.policy.answer == "data" else said


def _long(hub: Hub, token: Token) -> Json:
    said: dict[str, Json] = {"access_token": token.text, "token_type": "bearer"}
    return said | ({"expires_in": LONG_LIFE} if hub.policy.expires else {})


def _knows(app: App, secret: str) -> bool:
    return hmac.compare_digest(app.secret.encode(), secret.encode())


def _registered(app: App, address: str) -> bool:
    """Compare letter by letter; for the app to try things out any port will do."""
    if address in app.redirect_uris:
        return True
    try:
        url = urlsplit(address)
    except ValueError:
        return False
    return app.loopback and url.scheme == "http" and url.hostname in _LOOPBACK


def _back(hub: Hub, asking: Asking, **said: str) -> Reply:
    query = urlencode({**said, "state": asking.state})
    joint = "&" if "?" in asking.redirect_uri else "?"
    junk = "#_" if hub.policy.junk else ""
    return Reply(302, b"", {"location": f"{asking.redirect_uri}{joint}{query}{junk}"})
