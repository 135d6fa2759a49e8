"""What TikTok's answers mean. Each names an error, and the one called `ok` is success.

Errors   https://developers.tiktok.com/doc/tiktok-api-v2-error-handling
Posting  https://developers.tiktok.com/doc/content-posting-api-reference-direct-post
Uploads  https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
"""

import json
from dataclasses import dataclass

from connector_vault.connector import (
    Account,
    Json,
    RateLimited,
    Reconnect,
    Refused,
    Reply,
    Unreachable,
    read,
    retry_after,
)

__all__ = ["DEAD", "OUT_OF_STEP", "Failed", "account", "answer", "code_of", "fields_of", "stale"]

DEAD = "access_token_invalid"
"""The access token has ended, or never lived."""

OUT_OF_STEP = "upload_out_of_step"
"""Our name for 416, by which an upload host says that it waits for another chunk."""

_OK = "ok"
_LATER = "rate_limit_exceeded"
_TROUBLE = "internal_error"

_HINTS = {
    "scope_not_authorized": "connect TikTok again with the scope this needs",
    "scope_permission_missed": "TikTok has not approved the app for the scope this needs",
    "unaudited_client_can_only_post_to_private_accounts": "TikTok has not audited the app: it "
    "posts to accounts that are private only, and what it posts only they see",
    "reached_active_user_cap": "no more people can post by this app today: without TikTok's audit "
    "of it there are five in 24 hours",
    "spam_risk_too_many_posts": "the account has posted as often by apps as it may in 24 hours, "
    "about 15 times: only the TikTok app posts more",
    "spam_risk_user_banned_from_posting": "TikTok has banned the account from posting",
    "spam_risk_too_many_pending_share": "five drafts of 24 hours wait in the account's inbox: it "
    "has to post or drop some first",
    "url_ownership_unverified": "the address is below none that the app's owner has verified at "
    "TikTok: upload the file itself, or have the address verified",
    "privacy_level_option_mismatch": "the account does not offer this privacy_level: creator_info "
    "lists those it does",
    "publish_not_cancellable": "it is over, one way or the other, and cannot be cancelled",
    "invalid_publish_id": "no publication has this id",
    "app_version_check_failed": "the account's TikTok app is too old: it has to be 31.8 or newer",
}
"""What TikTok's codes mean to whoever called a tool."""

_MAX_MESSAGE = 300
"""Characters of an error's text that are passed on."""

_MAX_CODE = 80
"""Characters."""


class Failed(Unreachable):
    """Say that TikTok failed, or cannot be understood: whether anything was done is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Error:
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Nested:
    """As the API writes it."""

    error: _Error


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flat:
    """As the addresses for tokens write it."""

    error: str
    error_description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _User:
    open_id: str
    display_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    user: _User


@dataclass(frozen=True, slots=True, kw_only=True)
class _Me:
    data: _Data


def answer(reply: Reply) -> Json:
    """Give what a reply says, or raise what it means.

    Some errors have the status 200. An upload host says by 201 that it has everything, by 206 that
    it wants more: that is told as `complete`.

    Raises:
        Reconnect: the token is dead.
        RateLimited: TikTok wants a pause.
        Failed: whether it was done is open.
        Refused: anything else; the code is TikTok's, or the status if it names none.
    """
    if reply.status in (201, 206):
        return {"complete": reply.status == 201}
    error = _error(reply)
    if error.code == DEAD:
        raise Reconnect(DEAD)
    if reply.status == 429 or error.code == _LATER:
        raise RateLimited(retry_after(reply))
    if reply.status >= 500 or error.code == _TROUBLE:
        raise Failed(f"TikTok failed ({error.code or reply.status})")
    if reply.status >= 300 or error.code not in ("", _OK):
        raise _refused(reply, error)
    said = _object(reply)
    if said is None:
        raise Failed(f"TikTok gave no usable answer (HTTP {reply.status})")
    return said


def stale(reply: Reply) -> bool:
    """Tell whether an answer that is no 401 says that the access token has ended."""
    return DEAD.encode() in reply.body and code_of(reply) == DEAD


def code_of(reply: Reply) -> str:
    """Give the code of the error a reply names. Empty: it names none, or says that all is well."""
    code = _error(reply).code
    return "" if code == _OK else code


def account(reply: Reply) -> Account:
    """Read whose token it is from user/info.

    The id is one that this app alone knows the person by. The name may change, and be empty.

    https://developers.tiktok.com/doc/tiktok-api-v2-get-user-info
    """
    user = read(_Me, answer(reply)).data.user
    if not user.open_id:
        raise Unreachable("TikTok did not say whose account it is: try again")
    return Account(id=user.open_id, label=user.display_name or user.open_id)


def fields_of(said: Json) -> dict[str, Json]:
    """Give an object's fields. What is no object has none."""
    return {**said} if isinstance(said, dict) else {}


def _error(reply: Reply) -> _Error:
    said = _object(reply)
    try:
        return read(_Nested, said).error
    except Refused:
        pass
    try:
        flat = read(_Flat, said)
    except Refused:
        # A proxy answers in HTML, an upload host perhaps without a body: the status is enough.
        return _Error()
    return _Error(code=flat.error, message=flat.error_description)


def _refused(reply: Reply, error: _Error) -> Exception:
    if reply.status == 401 and error.code in ("", _OK):
        return Reconnect("401")
    if reply.status == 416:
        return Refused(OUT_OF_STEP, _one_line(error.message))
    code = error.code if error.code != _OK else ""
    words = (_one_line(error.message), _HINTS.get(code, ""))
    return Refused(_one_line(code)[:_MAX_CODE] or str(reply.status), "; ".join(filter(None, words)))


def _object(reply: Reply) -> dict[str, Json] | None:
    """Decode a reply. None: it is no JSON object."""
    try:
        said = json.loads(reply.body)
    except (RecursionError, ValueError):
        return None
    return {**said} if isinstance(said, dict) else None


def _one_line(text: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(plain.split())[:_MAX_MESSAGE]
