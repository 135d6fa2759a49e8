"""People.

https://docs.x.com/x-api/users/lookup/introduction
"""

from typing import Annotated

from pydantic import Field

from connector_vault.connector import Api

from .parameters import checked_id
from .shapes import Person, person_of
from .wire import Somebody

__all__ = ["get_me", "get_user", "own_id"]

_FIELDS = (
    "created_at,description,location,name,profile_image_url,protected,public_metrics,url,"
    "username,verified"
)


async def get_user(
    api: Api,
    username: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9_]{1,15}$", description="Without the @ before it.")
    ],
) -> Person:
    """Look somebody up by username.

    Returns their id, profile and numbers. Costs $0.010. Does not list whom they follow.
    """
    fields = {"user.fields": _FIELDS}
    return person_of((await api.get(Somebody, "/2/users/by/username/{}", username, **fields)).data)


async def get_me(api: Api) -> Person:
    """Say whose X account this is.

    Returns its id, profile and numbers. Costs $0.001. 75 times in 15 minutes: keep the id.
    """
    return person_of((await api.get(Somebody, "/2/users/me", **{"user.fields": _FIELDS})).data)


async def own_id(api: Api, known: str | None) -> str:
    """Give the account's id, asked for if the caller does not know it."""
    if known is not None:
        return checked_id(known, "user_id")
    return (await api.get(Somebody, "/2/users/me")).data.id
