"""Access keys: what a program shows at the panel to say whose connections it looks after."""

import hashlib
import hmac
import re
from collections.abc import AsyncIterator
from contextlib import suppress

from connector_vault.envelope import length_prefixed
from connector_vault.errors import BadArguments, Corrupt
from connector_vault.model import AccessKey, Owner, Secret, Tenant
from connector_vault.room import Room, instant, moment, new_id
from connector_vault.stores import Access, AddAccess, Conflict, EndAccess, Issued, Line, Presented

__all__ = ["create", "identify", "issued", "revoke"]

_LETTERS = 52
"""Of 5 bits each: 260 bits are not guessed, so a plain hash of them can be kept."""

_TEXT = re.compile(r"cvk_[a-z2-9]{52}")
_NAME = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{0,100}")


async def create(room: Room, whose: Owner | Tenant, name: str = "") -> tuple[AccessKey, Secret]:
    """Make an access key for the connections of an owner, or of everybody in a tenant.

    Gives its text beside it, which is not kept and cannot be had again.

    Raises:
        BadArguments: the name cannot be one.
    """
    if not _NAME.fullmatch(name):
        raise BadArguments("a key's name is up to 100 characters without control characters")
    secret = Secret(new_id("cvk", _LETTERS))
    tenant, user = _place(whose)
    unsigned = Access(
        id=new_id("key"),
        tenant=tenant,
        user=user,
        name=name,
        digest=_digest(secret),
        created_at=room.clock(),
        revoked_at=0,
        mac=b"",
    )
    access = unsigned._replace(mac=await _mac(room, unsigned))
    await room.store.commit(AddAccess(access), _line(room, access, "created"))
    return _shown(access), secret


async def identify(room: Room, presented: Secret) -> Owner | Tenant | None:
    """Tell whose connections a key opens. None: it is no key of ours, or was revoked.

    Raises:
        Corrupt: its row was altered, or not written by us.
    """
    if not _TEXT.fullmatch(presented.reveal()):
        return None
    async for access in room.store.rows(Presented(_digest(presented))):
        await _check(room, access)
        return None if access.revoked_at else _whose(access)
    return None


async def issued(room: Room, tenant: str | None = None) -> AsyncIterator[AccessKey]:
    """Give a tenant's access keys, or everybody's, the oldest first, the revoked among them.

    Raises:
        Corrupt: the row of one was altered, or not written by us.
    """
    async for access in room.store.rows(Issued(tenant)):
        await _check(room, access)
        yield _shown(access)


async def revoke(room: Room, key: str, tenant: str) -> AccessKey:
    """End an access key, in every process at once. Again changes nothing.

    Raises:
        BadArguments: the tenant has no such key.
        Corrupt: its row was altered, or not written by us.
    """
    while not (access := await _find(room, key, tenant)).revoked_at:
        ended = access._replace(revoked_at=room.clock())
        end = EndAccess(key, ended.revoked_at, await _mac(room, ended))
        # Where somebody else has just revoked it, what they wrote holds.
        with suppress(Conflict):
            await room.store.commit(end, _line(room, access, "revoked"))
    return _shown(access)


async def _find(room: Room, key: str, tenant: str) -> Access:
    async for access in room.store.rows(Issued(tenant)):
        if access.id == key:
            await _check(room, access)
            return access
    raise BadArguments(f"{tenant} has no such access key: `keys list` shows those there are")


async def _check(room: Room, access: Access) -> None:
    if not hmac.compare_digest(access.mac, await _mac(room, access)):
        raise Corrupt(f"the access key {access.id[:64]!r} was written or altered by somebody else")


async def _mac(room: Room, access: Access) -> bytes:
    fields = (
        "connector_vault/access-key",
        access.id,
        access.tenant,
        "everybody" if access.user is None else "owner",
        access.user or "",
        access.name,
        access.digest.hex(),
        str(access.created_at),
        str(access.revoked_at),
    )
    key = await room.keyring.store_key()
    return key.mac(length_prefixed(*(field.encode() for field in fields)))


def _digest(secret: Secret) -> bytes:
    return hashlib.sha256(secret.reveal().encode()).digest()


def _place(whose: Owner | Tenant) -> tuple[str, str | None]:
    if isinstance(whose, Tenant):
        return whose.name, None
    return whose.tenant, whose.user or ""


def _whose(access: Access) -> Owner | Tenant:
    if access.user is None:
        return Tenant(name=access.tenant)
    return Owner(tenant=access.tenant, user=access.user or None)


def _shown(access: Access) -> AccessKey:
    return AccessKey(
        id=access.id,
        whose=_whose(access),
        name=access.name,
        created_at=moment(access.created_at),
        revoked_at=instant(access.revoked_at),
    )


def _line(room: Room, access: Access, outcome: str) -> Line:
    owner = Owner(tenant=access.tenant, user=access.user or None)
    everybody = access.user is None
    return room.audit.about(
        owner, "access key", outcome, id=access.id, name=access.name, everybody=everybody
    )
