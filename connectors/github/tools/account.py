"""Whose account it is.

https://docs.github.com/en/rest/users/users
"""

from dataclasses import dataclass

from connector_vault.connector import Api

__all__ = ["Profile", "get_authenticated_user"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A GitHub account. `login` may change, `id` never does."""

    id: int
    login: str
    html_url: str
    type: str = "User"
    name: str | None = None
    email: str | None = None
    company: str | None = None
    location: str | None = None
    bio: str | None = None
    blog: str | None = None
    public_repos: int = 0
    followers: int = 0
    following: int = 0
    created_at: str | None = None


async def get_authenticated_user(api: Api) -> Profile:
    """Say whose GitHub account this is.

    Returns the login, id, name and public profile. The email is null unless it is public. Tells
    nothing of other people.
    """
    return await api.get(Profile, "/user")
