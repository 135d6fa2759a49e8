"""Who is in the workspace.

https://developers.notion.com/reference/get-users
"""

from dataclasses import dataclass

from connector_vault.connector import Api

from .parameters import Cursor, PageSize

__all__ = ["User", "Users", "list_users"]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody in the workspace, or a bot."""

    id: str
    name: str | None = None
    type: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """A page of users. `next_cursor` is null on the last."""

    users: tuple[User, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Person:
    email: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raw:
    id: str
    name: str | None = None
    type: str | None = None
    person: _Person | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    results: tuple[_Raw, ...]
    next_cursor: str | None = None


async def list_users(api: Api, start_cursor: Cursor = None, page_size: PageSize = 100) -> Users:
    """List the members of the workspace and its bots, with the ids that people properties take.

    Emails only if the connection may see them. Guests are not listed. Refused with
    restricted_resource if the connection may not see users.
    """
    found = await api.get(_Listing, "/v1/users", start_cursor=start_cursor, page_size=page_size)
    return Users(users=tuple(map(_user, found.results)), next_cursor=found.next_cursor)


def _user(raw: _Raw) -> User:
    email = raw.person.email if raw.person else None
    return User(id=raw.id, name=raw.name, type=raw.type, email=email)
