"""How X tells, unasked, that a person took back what they granted.

Two of its products do: the X Activity API sends `oauth.revoke`, the older Account Activity API a
`user_event` with a `revoke` in it. Both are signed with the app's consumer secret (its API secret
key), which is another than the OAuth 2.0 client secret.

Events   https://docs.x.com/x-api/activity/event-payloads
Older    https://docs.x.com/x-api/account-activity/introduction
Signing  https://docs.x.com/x-api/webhooks/quickstart
"""

import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from connector_vault.connector import (
    Delivery,
    Json,
    NotAllowed,
    Notice,
    Refused,
    Reply,
    Secret,
    read,
)

from .revocation import signature

__all__ = ["notice"]

_EVENT = "oauth.revoke"
_HEADER = "x-twitter-webhooks-signature"

_TOKEN = re.compile(r"[A-Za-z0-9+/=._~-]{1,512}")
"""A challenge. The answer to it is a signature under the key that signs events too: whoever may
choose the challenge could have an event signed, so nothing that could be JSON is answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Payload:
    user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Activity:
    event_type: str
    payload: _Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class _NewEvent:
    data: _Activity


@dataclass(frozen=True, slots=True, kw_only=True)
class _Revoke:
    source: _Payload


@dataclass(frozen=True, slots=True, kw_only=True)
class _UserEvent:
    revoke: _Revoke


@dataclass(frozen=True, slots=True, kw_only=True)
class _OldEvent:
    user_event: _UserEvent


def verify(delivery: Delivery, secret: Secret) -> None:
    """Let only what X signed pass.

    X signs no time: an old delivery that comes again passes, and is a reason to look as before.

    Raises:
        NotAllowed: it did not sign this.
    """
    given = delivery.headers.get(_HEADER, "").encode()
    # An empty key is one that anybody has.
    if not secret or not hmac.compare_digest(given, signature(secret, delivery.body).encode()):
        raise NotAllowed("this was not signed by X")


def accounts(delivery: Delivery) -> Sequence[str]:
    """Give the id of the person who took back what they granted.

    Nothing: it is of something else.
    """
    try:
        said = json.loads(delivery.body)
    except (RecursionError, ValueError):
        return ()
    return tuple(_of_activity(said) or _of_account_activity(said))


def challenge(delivery: Delivery, secret: Secret) -> Reply | None:
    """Answer the challenge by which X tries an address, hourly. None: it is none."""
    token = delivery.query.get("crc_token", "")
    if delivery.body or not secret or not _TOKEN.fullmatch(token):
        return None
    body = json.dumps({"response_token": signature(secret, token.encode())}).encode()
    return Reply(200, body, {"content-type": "application/json"})


def _of_activity(said: Json) -> Sequence[str]:
    try:
        event = read(_NewEvent, said).data
    except Refused:
        return ()
    return (event.payload.user_id,) if event.event_type == _EVENT else ()


def _of_account_activity(said: Json) -> Sequence[str]:
    try:
        event = read(_OldEvent, said).user_event.revoke
    except Refused:
        return ()
    return (event.source.user_id,)


notice = Notice(
    events=(_EVENT, "user_event.revoke"), verify=verify, accounts=accounts, challenge=challenge
)
