"""People and bots of a workspace.

https://docs.slack.dev/reference/methods/users.list
https://docs.slack.dev/reference/methods/users.info
https://docs.slack.dev/reference/methods/users.lookupByEmail
"""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from connector_vault.connector import Api

from .asking import ask
from .pages import Metadata
from .parameters import Cursor, TeamId, UserId

__all__ = ["User", "Users", "find_user_by_email", "get_user", "list_users"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What somebody says of themselves. `email` is there only with users:read.email."""

    real_name: str | None = None
    display_name: str | None = None
    title: str | None = None
    email: str | None = None
    status_text: str | None = None
    status_emoji: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person or a bot. `deleted`: deactivated; `is_restricted`: a guest."""

    id: str
    name: str | None = None
    real_name: str | None = None
    team_id: str | None = None
    deleted: bool = False
    is_bot: bool = False
    is_admin: bool = False
    is_restricted: bool = False
    tz: str | None = None
    profile: Profile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """A page of people. `next_cursor` is null on the last."""

    members: tuple[User, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    members: tuple[User, ...]
    response_metadata: Metadata | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _One:
    user: User


async def list_users(
    api: Api,
    limit: Annotated[int, Field(ge=1, le=999, description="Results on a page, at most.")] = 200,
    cursor: Cursor = None,
    team_id: TeamId = None,
) -> Users:
    """List a workspace's people and bots, deactivated ones too.

    Returns one page. Has no search by name: to find somebody, find_user_by_email is one call, and
    this may be many. 20 calls a minute.
    """
    asked = {"limit": limit, "cursor": cursor, "team_id": team_id}
    found = await ask(api, _Page, "users.list", **asked)
    return Users(members=found.members, next_cursor=Metadata.after(found.response_metadata))


async def get_user(api: Api, user: UserId) -> User:
    """Read who somebody is, by id.

    Returns names, title, status and time zone. Does not tell whether they are online.
    """
    return (await ask(api, _One, "users.info", user=user)).user


async def find_user_by_email(
    api: Api,
    email: Annotated[str, Field(min_length=3, max_length=320, description="As in their profile.")],
) -> User:
    """Find who has an email address.

    Returns the one person. Refused with users_not_found if nobody in the workspace has it.
    """
    return (await ask(api, _One, "users.lookupByEmail", email=email)).user
