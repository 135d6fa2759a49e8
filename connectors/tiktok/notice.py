"""How TikTok tells, unasked, that a person took back what they granted.

Events   https://developers.tiktok.com/doc/webhooks-events
Signing  https://developers.tiktok.com/doc/webhooks-verification
"""

import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from connector_vault.connector import Delivery, NotAllowed, Notice, Refused, Secret, read

from .revocation import signature

__all__ = ["notice"]

_EVENT = "authorization.removed"
"""Of an account that disconnected the app, was deleted or banned, or was found to be too young; and
of our own revocation. Which it was stands in `content`, and changes nothing: it is looked at."""

_HEADER = "tiktok-signature"

_SIGNED = re.compile(r"t=([0-9]{1,12}),\s*s=([0-9a-f]{64})")

_WINDOW = 300
"""Seconds a delivery may be old, or ahead. TikTok tries again for 72 hours; if it does not sign
anew each time, what comes late is refused here, and found dead at its next use."""

_MAX_ID = 256
"""Characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    event: str
    user_openid: str


def verify(delivery: Delivery, secret: Secret) -> None:
    """Let only what TikTok signed within the last five minutes pass.

    Raises:
        NotAllowed: it is not, or not of TikTok.
    """
    found = _SIGNED.fullmatch(delivery.headers.get(_HEADER, ""))
    if found is None or abs(delivery.at - int(found[1])) > _WINDOW:
        raise NotAllowed("this delivery is too old, or does not say when it was signed")
    right = signature(secret, found[1], delivery.body)
    # An empty key is one that anybody has.
    if not secret or not hmac.compare_digest(right, found[2]):
        raise NotAllowed("this delivery is not signed by TikTok for this app")


def accounts(delivery: Delivery) -> Sequence[str]:
    """Give the id of the account that ended it. Nothing: it is of something else."""
    try:
        told = read(_Event, json.loads(delivery.body))
    except (RecursionError, Refused, ValueError):
        return ()
    fits = told.event == _EVENT and 0 < len(told.user_openid) <= _MAX_ID
    return (told.user_openid,) if fits else ()


notice = Notice(events=(_EVENT,), verify=verify, accounts=accounts)
