"""What Instagram's token endpoints say, in the words of RFC 6749, and whose token it is.

https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login
https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/get-started
"""

from collections.abc import Sequence
from dataclasses import dataclass

from connector_vault.connector import Account, Json, Refused, Reply, read

from .._meta.answers import answer, errors, fields_of

__all__ = ["LONG", "account", "answers", "long_lived"]

LONG = 60 * 86_400
"""Seconds a long-lived token lives, as documented: for answers that do not say."""

_PERSONAL = (
    "this is a personal account, which Instagram opens to no app: switch it to a professional one "
    "(business or creator) in Instagram's settings, then connect it again"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Me:
    id: str
    user_id: str | int | None = None
    username: str = ""
    account_type: str | None = None


def answers(reply: Reply) -> Sequence[Json]:
    """Read the answer to a code: an object, or the first of a list in `data`, as documented."""
    failed = errors(reply)
    if failed is not None:
        return (failed,)
    said = fields_of(reply)
    for first in _listed(said.get("data"))[:1]:
        said = _named(first)
    return ({"access_token": said.get("access_token"), **_scope(said)},)


def long_lived(reply: Reply) -> dict[str, Json]:
    """Read the answer with a long-lived token, which is what it is renewed with, too."""
    failed = errors(reply)
    if failed is not None:
        return failed
    said = fields_of(reply)
    token, life = said.get("access_token"), said.get("expires_in") or LONG
    return {
        "access_token": token,
        "refresh_token": token,
        "expires_in": life,
        "refresh_token_expires_in": life,
        **_scope(said),
    }


def account(reply: Reply) -> Account:
    """Read whose token it is from GET /me.

    The id is two: the one the account has for this app, by which Instagram tells that the app was
    removed, and that of the professional account, which stands in the API's paths.

    Raises:
        Refused: it is no professional account.
    """
    me = read(_Me, answer(reply))
    if not me.user_id or (me.account_type or "").upper() == "PERSONAL":
        raise Refused("personal_account", _PERSONAL)
    return Account(id=f"{me.id}/{me.user_id}", label=me.username)


def _scope(said: dict[str, Json]) -> dict[str, Json]:
    """Read what was granted, a list or a text. Where it is not said, it is left out."""
    granted = said.get("permissions")
    text = granted if isinstance(granted, str) else ",".join(str(one) for one in _listed(granted))
    return {"scope": text} if text.strip() else {}


def _named(value: Json) -> dict[str, Json]:
    return {**value} if isinstance(value, dict) else {}


def _listed(value: Json) -> list[Json]:
    return [*value] if isinstance(value, list) else []
