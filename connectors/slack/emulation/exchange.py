"""The token endpoint: oauth.v2.access, and oauth.v2.exchange for tokens that did not rotate.

https://docs.slack.dev/reference/methods/oauth.v2.access
https://docs.slack.dev/reference/methods/oauth.v2.exchange
"""

import hmac
from collections.abc import Mapping

from connector_vault.connector import Json, Reply

from .answers import Problem, say
from .grants import ACCESS_LIFE, App, Code, Seat, Token
from .hub import Hub

__all__ = ["access", "exchange"]


def access(hub: Hub, given: Mapping[str, str], now: float) -> Reply:
    """Turn a code, or a refresh token, into tokens. Errors have status 200."""
    try:
        app = _client(hub, given)
        match given.get("grant_type") or "authorization_code":
            case "authorization_code":
                return say(_by_code(hub, app, given, now))
            case "refresh_token":
                return _by_refresh(hub, app, given, now)
            case _:
                return Problem("invalid_grant_type").reply()
    except Problem as found:
        return found.reply()


def exchange(hub: Hub, given: Mapping[str, str], now: float) -> Reply:
    """Turn a token that does not rotate into a pair that does, once."""
    try:
        app = _client(hub, given)
        found = hub.grants.exchange(given.get("token", ""), app.id, now)
        if found is None:
            return Problem("invalid_token").reply()
        return say({"ok": True, **_flat(hub, *found)})
    except Problem as problem:
        return problem.reply()


def _client(hub: Hub, given: Mapping[str, str]) -> App:
    app = hub.grants.apps.get(given.get("client_id", ""))
    if app is None:
        raise Problem("invalid_client_id")
    if not hmac.compare_digest(given.get("client_secret", "").encode(), app.secret.encode()):
        raise Problem("bad_client_secret")
    return app


def _by_code(hub: Hub, app: App, given: Mapping[str, str], now: float) -> dict[str, Json]:
    if given.get("code_verifier"):
        raise Problem("pkce_not_allowed")
    code = hub.grants.take_code(given.get("code", ""), app.id, now)
    if code is None:
        raise Problem("invalid_code")
    # Left out, it is the first of the app's; an app that has but one may leave it out always.
    own = code.redirect_uri if len(app.redirect_uris) == 1 else app.redirect_uris[0]
    if given.get("redirect_uri", own) != code.redirect_uri:
        raise Problem("bad_redirect_uri")
    said: dict[str, Json] = {"ok": True, "app_id": app.app_id}
    person: dict[str, Json] = {"id": code.person}
    if code.user_scopes:
        seat = hub.grants.seat(_seat(code, code.person, code.user_scopes, bot=False))
        person |= _tokens(seat, *hub.grants.mint(seat, hub.policy, now))
    said["authed_user"] = person
    if code.scopes:
        bot = hub.bot(app, code.team, now)
        seat = hub.grants.seat(_seat(code, bot.id, code.scopes, bot=True))
        said |= _tokens(seat, *hub.grants.mint(seat, hub.policy, now))
        said["bot_user_id"] = bot.id
    return {**said, **_place(hub, code.team, code.home)}


def _by_refresh(hub: Hub, app: App, given: Mapping[str, str], now: float) -> Reply:
    found = hub.grants.refresh(given.get("refresh_token", ""), app.id, hub.policy, now)
    if found is None and hub.policy.refusal == "rfc":
        return say({"ok": False, "error": "invalid_grant"}, status=400)
    if found is None:
        raise Problem("invalid_refresh_token")
    seat, token, refresh = found
    if seat.bot or hub.policy.refresh == "flat":
        return say({"ok": True, **_flat(hub, seat, token, refresh)})
    person = {"id": seat.user, **_tokens(seat, token, refresh)}
    place = _place(hub, seat.team, seat.home)
    return say({"ok": True, "app_id": app.app_id, "authed_user": person, **place})


def _flat(hub: Hub, seat: Seat, token: Token, refresh: str) -> dict[str, Json]:
    said = {"app_id": hub.grants.apps[seat.app].app_id, **_tokens(seat, token, refresh)}
    if seat.bot:
        said["bot_user_id"] = seat.user
    return {**said, **_place(hub, seat.team, seat.home)}


def _seat(code: Code, user: str, scopes: tuple[str, ...], *, bot: bool) -> Seat:
    return Seat(
        app=code.app,
        home=code.home,
        team=code.team,
        user=user,
        bot=bot,
        installer=code.person,
        scopes=scopes,
    )


def _tokens(seat: Seat, token: Token, refresh: str) -> dict[str, Json]:
    said: dict[str, Json] = {
        "scope": ",".join(seat.scopes),
        "access_token": token.text,
        "token_type": "bot" if seat.bot else "user",
    }
    if refresh:
        said |= {"refresh_token": refresh, "expires_in": ACCESS_LIFE}
    return said


def _place(hub: Hub, team: str, home: str) -> dict[str, Json]:
    where = hub.teams[team]
    whole = home != team
    return {
        "team": None if whole else {"id": where.id, "name": where.name},
        "enterprise": {"id": where.enterprise.id, "name": where.enterprise.name}
        if where.enterprise
        else None,
        "is_enterprise_install": whole,
    }
