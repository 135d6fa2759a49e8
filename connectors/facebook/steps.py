"""From a code to one connection for each Page, and how a Page's token is renewed. Sends nothing.

code → a token for an hour or two → one for about 60 days → the person, their permissions, their
Pages. All of it by forms and headers: neither a token nor the app's secret stands in an address.

https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived
https://developers.facebook.com/docs/pages-api/manage-pages
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import TypeVar

from connector_vault.connector import (
    Account,
    Client,
    Grant,
    Json,
    Refused,
    Reply,
    Request,
    Secret,
    Steps,
    Tokens,
    read,
)

from .._meta.answers import errors
from .._meta.proof import appsecret_proof
from .._meta.words import FACEBOOK
from .holding import Held, held

__all__ = ["complete", "renew"]

T = TypeVar("T")

TOKEN = f"{FACEBOOK}/oauth/access_token"

_LONG = 60 * 86_400
"""Seconds a person's long-lived token lives, as documented: for answers that do not say."""

_FIELDS = "id,name,access_token,tasks,instagram_business_account{id,username}"

_PAGE, _MOST_PAGES = 100, 100
"""Accounts asked for at once, and how often more are asked for."""

_INSTAGRAM = "instagram_basic"
"""The permission with which accounts on Instagram can be read."""

_NO_PAGE = (
    "this person shared no Page with the app: connect again, agree to pages_show_list "
    "and choose at least one Page there"
)

_TASKS = {
    "pages_manage_posts": "CREATE_CONTENT",
    "pages_manage_engagement": "MODERATE",
    "pages_messaging": "MESSAGING",
    "read_insights": "ANALYZE",
}
"""What a person has to be allowed to do on a Page, for a permission to be of use there."""

_EVERYTHING = ("MANAGE", "FULL_CONTROL")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    id: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Long:
    access_token: str
    expires_in: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Permission:
    permission: str
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Permissions:
    data: tuple[_Permission, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Instagram:
    id: str
    username: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    id: str
    name: str = ""
    access_token: str = ""
    tasks: tuple[str, ...] = ()
    instagram_business_account: _Instagram | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cursors:
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paging:
    cursors: _Cursors = _Cursors()
    next: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pages:
    data: tuple[_Page, ...] = ()
    paging: _Paging = _Paging()


class _Said(Exception):
    """Carry an error, in the words of RFC 6749 §5.2, out of the step that met it."""

    def __init__(self, error: Json) -> None:
        super().__init__()
        self.error = error


def complete(client: Client, answer: Json) -> Steps[Sequence[Grant]]:
    """Make of a short-lived token of a person one token set for each of their Pages.

    Where `instagram_basic` was granted, one for each account on Instagram that is linked to a Page
    as well: it is used with the Page's token.
    """
    try:
        return (yield from _grants(client, answer))
    except _Said as found:
        return [Grant(found.error)]


def renew(client: Client, tokens: Tokens) -> Steps[Json]:
    """Exchange the person's token once more, and ask for the Page's new one with it.

    Meta does not promise that the exchange lengthens the person's token; what it says of its life
    is passed on, or assumed. Without a person's token there is nothing to renew with.
    """
    try:
        return (yield from _renewed(client, tokens))
    except _Said as found:
        return found.error


def _grants(client: Client, answer: Json) -> Steps[Sequence[Grant]]:
    long = yield from _exchange(client, str(answer.get("access_token")))
    person = yield from _ask(client, long, _Person, "/me", {"fields": "id,name"})
    said = yield from _ask(client, long, _Permissions, "/me/permissions", {})
    scopes = frozenset(one.permission for one in said.data if one.status == "granted")
    pages = yield from _pages(client, long)
    if not pages:
        raise _Said({"error": "no_page", "error_description": _NO_PAGE})
    return [grant for page in pages for grant in _of_page(page, person, long, scopes)]


def _of_page(page: _Page, person: _Person, long: _Long, scopes: frozenset[str]) -> Iterable[Grant]:
    mine = _useful(scopes, page.tasks)
    answer = _token_set(page.access_token, Held(person.id, page.id, long.access_token), long)
    answer["scope"] = ",".join(sorted(mine))
    whole = Account(id=f"{person.id}/{page.id}", label=page.name, grant=person.id)
    yield Grant(answer, whole)
    linked = page.instagram_business_account
    if linked is not None and _INSTAGRAM in scopes:
        yield Grant(
            answer,
            Account(
                id=f"{person.id}/{linked.id}",
                label=linked.username,
                grant=person.id,
                provider="instagram_facebook",
            ),
        )


def _useful(scopes: frozenset[str], tasks: Sequence[str]) -> frozenset[str]:
    # Newer Pages say PROFILE_PLUS_MODERATE and the like.
    if not tasks or any(task.endswith(_EVERYTHING) for task in tasks):
        return scopes
    lost = {scope for scope, need in _TASKS.items() if not any(t.endswith(need) for t in tasks)}
    return scopes - lost


def _token_set(access: str, kept: Held, long: _Long) -> dict[str, Json]:
    said: dict[str, Json] = {"access_token": access, "refresh_token": str(kept)}
    if long.expires_in:
        said["refresh_token_expires_in"] = long.expires_in
    return said


def _renewed(client: Client, tokens: Tokens) -> Steps[Json]:
    text = tokens.refresh.reveal() if tokens.refresh is not None else ""
    kept = held(text)
    if kept is None:
        # Adopted, and not with what we keep: it cannot say for which Page it would be.
        yield from _exchange(client, text)
        raise _Said({"error": "invalid_grant", "error_description": "it names no Page"})
    long = yield from _exchange(client, kept.token, tokens.refresh_expires_at)
    # A permission that is missing is no end: it is told as it is, and tried again later.
    page = yield from _ask(client, long, _Page, f"/{kept.page}", {"fields": "id,name,access_token"})
    if not page.access_token:
        words = "this person may no longer act for this Page"
        raise _Said({"error": "invalid_grant", "error_description": words})
    return _token_set(page.access_token, kept._replace(token=long.access_token), long)


def _exchange(client: Client, token: str, ends_at: int = 0) -> Steps[_Long]:
    # `ends_at` is when the token ends, in milliseconds since 1970. 0: unknown.
    form = {
        "grant_type": "fb_exchange_token",
        "client_id": client.id,
        "client_secret": client.secret.reveal(),
        "fb_exchange_token": token,
    }
    reply = yield Request("POST", TOKEN, form=form)
    long = _read(_Long, reply)
    if long.expires_in is not None:
        return long
    # If it is the same one, what was known of its end holds.
    same = long.access_token == token
    return replace(long, expires_in=_left(reply, ends_at) if same else _LONG)


def _left(reply: Reply, ends_at: int) -> int | None:
    """Give the seconds until a time, by the clock of who answered. None: nobody knows."""
    try:
        now = parsedate_to_datetime(reply.headers.get("date", "")).timestamp()
    except (TypeError, ValueError):
        return None
    return max(1, int(ends_at / 1000 - now)) if ends_at else None


def _pages(client: Client, long: _Long) -> Steps[Sequence[_Page]]:
    found: list[_Page] = []
    query = {"fields": _FIELDS, "limit": str(_PAGE)}
    for _ in range(_MOST_PAGES):
        page = yield from _ask(client, long, _Pages, "/me/accounts", query)
        # A Page without a token is one this person may not act for.
        found += [one for one in page.data if one.access_token]
        if not page.paging.next or not page.paging.cursors.after:
            break
        query = {**query, "after": page.paging.cursors.after}
    return found


def _ask(
    client: Client, long: _Long, into: type[T], path: str, query: Mapping[str, str]
) -> Steps[T]:
    proof = appsecret_proof(client, Secret(long.access_token))
    headers = {"Authorization": f"Bearer {long.access_token}"}
    reply = yield Request("GET", f"{FACEBOOK}{path}", query={**query, **proof}, headers=headers)
    return _read(into, reply)


def _read(into: type[T], reply: Reply) -> T:
    found = errors(reply)
    if found is not None:
        raise _Said(found)
    try:
        return read(into, reply.json())
    except Refused as error:
        # Read as an answer that is none, which ends nothing.
        raise ValueError(error.message) from None
