"""Whose token it is, and its end.

https://docs.slack.dev/reference/methods/auth.test
https://docs.slack.dev/reference/methods/auth.revoke
https://docs.slack.dev/reference/methods/apps.uninstall
"""

import hmac
from collections.abc import Sequence

from connector_vault.connector import Json, Reply

from .answers import Problem, say
from .asked import Asked, Method
from .events import tokens_revoked, uninstalled
from .grants import Seat
from .hub import Hub

__all__ = ["METHODS", "end", "revoke"]


def _test(_: Hub, asked: Asked) -> dict[str, Json]:
    seat, whole = asked.seat, asked.seat.home != asked.seat.team
    said: dict[str, Json] = {
        "url": f"https://{asked.team.domain}.slack.com/",
        "team": asked.team.name,
        "user": asked.user.name,
        "team_id": seat.home,
        "user_id": asked.user.id,
        "app_id": asked.app.app_id,
        "app_name": asked.app.name,
        "is_enterprise_install": whole,
    }
    if seat.bot:
        said["bot_id"] = asked.user.bot_id
    if asked.team.enterprise:
        said["enterprise_id"] = asked.team.enterprise.id
    if asked.token.ends is not None:
        said["expires_in"] = int(asked.token.ends - asked.now)
    return said


def revoke(hub: Hub, token: str, *, test: bool, now: float) -> Reply:
    """End one token that rotates; one that does not ends all that was authorised with it."""
    seat = hub.grants.holder(token)
    refresh = seat is not None and token in seat.refreshes
    if seat is None or not (refresh or hub.grants.live(token, now)):
        code = hub.grants.blame(token, hub.policy.revoked) if token else "not_authed"
        return Problem(code).reply()
    if test:
        return say({"ok": True, "revoked": False})
    if refresh or token.startswith("xoxe."):
        hub.grants.end(seat, token)
        if seat.empty:
            end(hub, [seat], now)
        return say({"ok": True, "revoked": True})
    whole = hub.policy.revocation == "whole"
    end(hub, hub.grants.seats(seat.home, seat.app, seat.installer) if whole else [seat], now)
    return say({"ok": True, "revoked": True})


def end(hub: Hub, seats: Sequence[Seat], now: float) -> int:
    """End seats, of one app or several, and tell the apps. Gives how many access tokens ended."""
    for place in dict.fromkeys((seat.app, seat.home) for seat in seats):
        alike = [seat for seat in seats if (seat.app, seat.home) == place]
        hub.outbox.append(tokens_revoked(hub.grants.apps[place[0]], alike, now))
    return hub.grants.end_seats(seats)


def _uninstall(hub: Hub, asked: Asked) -> dict[str, Json]:
    app = hub.grants.apps.get(asked.args.get("client_id", ""))
    if app is None:
        raise Problem("invalid_client_id")
    if not hmac.compare_digest(asked.args.get("client_secret", "").encode(), app.secret.encode()):
        raise Problem("bad_client_secret")
    if app.id != asked.app.id:
        raise Problem("client_id_token_mismatch")
    hub.outbox.append(uninstalled(app, asked.seat, asked.now))
    end(hub, hub.grants.seats(asked.seat.home, app.id), asked.now)
    return {}


METHODS = {
    "auth.test": Method(handler=_test, tier=600),
    "apps.uninstall": Method(handler=_uninstall, tier=1),
}
