"""What is sent to other systems when something happened, and how it is signed.

Source: https://github.com/standard-webhooks/standard-webhooks (spec/standard-webhooks.md)
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import get_args

import standardwebhooks

from connector_vault import stores
from connector_vault.connector import Request
from connector_vault.documents import event_document, stamp
from connector_vault.errors import Misconfigured, NotAllowed
from connector_vault.events import event_of
from connector_vault.http import origin_of
from connector_vault.lifecycle import EventName
from connector_vault.model import Secret
from connector_vault.news import Webhook
from connector_vault.room import moment

__all__ = ["LAST_TRY", "id_of", "named", "pause", "signed"]

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_URL = re.compile(r"[\x21-\x7e]{1,2048}")
"""Without blanks, and a host that is written in other letters as it is asked for: xn--…"""

_SECRET = re.compile(r"whsec_([A-Za-z0-9+/]{1,200})={0,2}")

_KEY_LENGTHS = range(24, 65)
"""Bytes, by the specification."""

_LEAST_VARIETY = 10
"""Different bytes in a key. Of 24 random ones there are fewer once in more than 10^9 keys."""

_SCHEDULE = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds before each further try, as the specification proposes: 75 hours in all."""

LAST_TRY = len(_SCHEDULE) + 1

_LONGEST_ASKED = 86_400.0
"""Seconds. A receiver that wants a longer rest has made a mistake."""


def named(hooks: Iterable[Webhook]) -> Mapping[str, Webhook]:
    """Give each webhook under the name that the database knows it by.

    Raises:
        Misconfigured: one of them cannot be used; the message says which, and how to mend it.
    """
    found: dict[str, Webhook] = {}
    for hook in hooks:
        name = hook.name or f"url-{hashlib.sha256(hook.url.encode()).hexdigest()[:16]}"
        if name in found:
            raise Misconfigured(f"two webhooks are called {name}: give each a name of its own")
        _check(name, hook)
        found[name] = hook
    return found


def signed(hook: Webhook, event: stores.Event, *, store_id: bytes, now: int) -> Request:
    """Write the request that tells of an event. `now` is in milliseconds since 1970 UTC."""
    known = event_of(event)
    letter = {
        "type": f"connection.{known.name}",
        "timestamp": stamp(known.at),
        "data": event_document(known),
    }
    body = json.dumps(letter, separators=(",", ":"))
    told, sent_at = id_of(event, store_id), moment(now)
    seal = standardwebhooks.Webhook(hook.secret.reveal()).sign(told, sent_at, body)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": told,
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": seal,
    }
    return Request("POST", hook.url, headers=headers, content=body.encode())


def id_of(event: stores.Event, store_id: bytes) -> str:
    """Give what receivers know a delivery by, however often it comes.

    With its time, because a database that was restored gives its numbers once more.
    """
    return f"evt_{store_id.hex()}_{event.seq}_{event.at}"


def pause(failures: int, *, asked: float, chance: float) -> float:
    """Give the seconds until the next try, after so many that failed.

    `asked`: seconds the receiver wants to be left alone. `chance`: 0 to 1, so that not all come at
    once.
    """
    return max(_SCHEDULE[failures - 1], min(asked, _LONGEST_ASKED)) * (1 + chance / 10)


def _check(name: str, hook: Webhook) -> None:
    if not _NAME.fullmatch(name):
        raise Misconfigured("a webhook's name is 1 to 64 letters, digits, dots, _ and -")
    if not _is_reachable(hook.url):
        words = "https://, or with http:// if it is on this machine, and holds no blank"
        raise Misconfigured(f"webhook {name}: its url begins with {words}")
    unknown = sorted((hook.events or frozenset()).difference(get_args(EventName)))
    if unknown or hook.events == frozenset():
        there = ", ".join(get_args(EventName))
        raise Misconfigured(f"webhook {name}: its events are some of {there}; without, it gets all")
    if not _is_strong(hook.secret):
        make = 'echo "whsec_$(openssl rand -base64 32)"'
        words = f"whsec_ and 24 to 64 random bytes in base64: {make} makes one"
        raise Misconfigured(f"webhook {name}: its secret is {words}")


def _is_reachable(url: str) -> bool:
    try:
        origin_of(url)
    except NotAllowed:
        return False
    return _URL.fullmatch(url) is not None


def _is_strong(secret: Secret) -> bool:
    found = _SECRET.fullmatch(secret.reveal())
    if found is None:
        return False
    try:
        key = base64.b64decode(found[1] + "=" * (-len(found[1]) % 4), validate=True)
    except binascii.Error:
        return False
    return len(key) in _KEY_LENGTHS and len(set(key)) >= _LEAST_VARIETY
