"""How Meta tells, unasked, that a person removed the app: a signed form (`signed_request`).

The callbacks for deauthorisation and for deletion of data look alike; both name the person by the
id that person has for this app.

https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback
https://developers.facebook.com/docs/facebook-login/guides/advanced/oidc-token
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from connector_vault.connector import Delivery, Json, NotAllowed, Notice, Refused, Secret, read

__all__ = ["NOTICE", "accounts", "verify"]

_ALGORITHM = "HMAC-SHA256"

_WINDOW = 3600
"""Seconds since it was signed. Meta names no window."""

_AHEAD = 300
"""Seconds that Meta's clock may be ahead of ours."""

_FIELD = "signed_request"
_MAX_BODY = 64 * 1024
"""Bytes."""

_PARTS = re.compile(r"([A-Za-z0-9_-]{43})={0,2}\.([A-Za-z0-9_-]{1,32768}={0,2})")
"""A signature of 32 bytes, and what it signs: base64url, as a rule without padding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Payload:
    algorithm: str = ""
    issued_at: int = 0
    user_id: str | int = ""


def verify(delivery: Delivery, secret: Secret) -> None:
    """Let only what was signed with the app's secret, within the last hour, pass.

    Raises:
        NotAllowed: it was not, or does not say when.
    """
    encoded, signed = _parts(delivery)
    digest = hmac.new(secret.reveal().encode(), signed.encode(), hashlib.sha256).digest()
    # An empty key is one that anybody has.
    if not secret or not hmac.compare_digest(_decoded(encoded), digest):
        raise NotAllowed("this was not signed by Meta for this app")
    payload = _payload(signed)
    if payload.algorithm.upper() != _ALGORITHM:
        raise NotAllowed("this was signed in another way than HMAC-SHA256")
    if not -_AHEAD <= delivery.at - payload.issued_at <= _WINDOW:
        raise NotAllowed("this was signed too long ago, or does not say when")


def accounts(delivery: Delivery) -> Sequence[str]:
    """Give how the accounts of the person who removed the app begin: `person/`.

    Nothing: it is of something else.
    """
    try:
        person = str(_payload(_parts(delivery)[1]).user_id)
    except NotAllowed:
        return ()
    return (f"{person}/",) if person else ()


def _parts(delivery: Delivery) -> tuple[str, str]:
    """Give the signature and what it signs, both encoded."""
    if len(delivery.body) > _MAX_BODY:
        raise NotAllowed("this is too long to be a signed request")
    fields = [said for name, said in _fields(delivery.body) if name == _FIELD]
    # Two would let one be checked and the other be read.
    found = _PARTS.fullmatch(fields[0]) if len(fields) == 1 else None
    if found is None:
        raise NotAllowed("this is no signed request")
    return found[1], found[2]


def _fields(body: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(body.decode("ascii"), max_num_fields=16)
    except ValueError:
        return []


def _payload(encoded: str) -> _Payload:
    try:
        said: Json = json.loads(_decoded(encoded))
        return read(_Payload, said)
    except (RecursionError, Refused, ValueError):
        raise NotAllowed("what was signed cannot be read") from None


def _decoded(text: str) -> bytes:
    plain = text.rstrip("=")
    try:
        return base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4))
    except binascii.Error:
        raise NotAllowed("this is no signed request") from None


NOTICE = Notice(events=("deauthorize", "data_deletion"), verify=verify, accounts=accounts)
