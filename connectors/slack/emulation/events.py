"""What Slack sends to apps, unasked and signed.

https://docs.slack.dev/apis/events-api
https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connector_vault.connector import Json

from .grants import App, Seat

__all__ = ["Delivered", "challenge", "signed", "tokens_revoked", "uninstalled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One request to an app's address."""

    headers: Mapping[str, str] = field(repr=False)
    body: str = field(repr=False)
    event: str

    def shown(self) -> dict[str, Json]:
        """Give it as a deed tells it."""
        return {"event": self.event, "headers": dict(self.headers), "body": self.body}


def signed(app: App, said: Json, now: float, event: str) -> Delivered:
    """Sign a body for an app."""
    body = json.dumps(said, separators=(",", ":"))
    time = str(int(now))
    base = f"v0:{time}:{body}".encode()
    digest = hmac.new(app.signing_secret.encode(), base, hashlib.sha256).hexdigest()
    headers = {
        "content-type": "application/json",
        "x-slack-request-timestamp": time,
        "x-slack-signature": f"v0={digest}",
    }
    return Delivered(headers=headers, body=body, event=event)


def challenge(app: App, now: float) -> Delivered:
    """Ask an address whether it is the app's."""
    said = {"token": "verification", "challenge": secrets.token_hex(26), "type": "url_verification"}
    return signed(app, said, now, "url_verification")


def tokens_revoked(app: App, seats: Sequence[Seat], now: float) -> Delivered:
    """Say whose tokens ended: by the ids of people and bots."""
    ended = {
        "oauth": [seat.user for seat in seats if not seat.bot],
        "bot": [seat.user for seat in seats if seat.bot],
    }
    event = {"type": "tokens_revoked", "tokens": ended}
    return signed(app, _envelope(app, seats[0], event, now), now, "tokens_revoked")


def uninstalled(app: App, seat: Seat, now: float) -> Delivered:
    """Say that the app is gone from a workspace."""
    event = {"type": "app_uninstalled"}
    return signed(app, _envelope(app, seat, event, now), now, "app_uninstalled")


def _envelope(app: App, seat: Seat, event: Json, now: float) -> Json:
    whole = seat.home.startswith("E")
    enterprise = seat.home if whole else None
    authorized = {
        "enterprise_id": enterprise,
        "team_id": seat.team,
        "user_id": seat.user,
        "is_bot": seat.bot,
        "is_enterprise_install": whole,
    }
    return {
        "token": "verification",
        "team_id": seat.team,
        "enterprise_id": enterprise,
        "api_app_id": app.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": "Ev" + secrets.token_hex(5).upper(),
        "event_time": int(now),
        "authorizations": [authorized],
        "is_ext_shared_channel": False,
    }
