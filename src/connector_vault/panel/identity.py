"""Who is at the door: an owner, somebody who looks after a whole tenant, or a stranger."""

from collections.abc import Awaitable, Callable
from inspect import isawaitable

from starlette.requests import Request

from connector_vault import access
from connector_vault.model import Owner, Secret, Tenant
from connector_vault.vault import Vault

__all__ = ["Identify", "Who", "by_key", "known"]

Who = Owner | Tenant

Identify = Callable[[Request], Awaitable[Who | None] | Who | None]
"""Tells from a request whose connections it is about. None: nobody that is known here."""


def by_key(vault: Vault) -> Identify:
    """Know people by the access keys of a vault."""

    async def identify(request: Request) -> Who | None:
        given = request.headers.getlist("authorization")
        scheme, _, key = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if scheme.lower() != "bearer":
            return None
        return await access.identify(vault.room, Secret(key.strip()))

    return identify


async def known(identify: Identify, request: Request) -> Who | None:
    """Ask who is there."""
    found = identify(request)
    return await found if isawaitable(found) else found
