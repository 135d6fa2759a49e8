"""Disconnecting: stop, take the lease, tell the provider, shred, and give a receipt."""

from contextlib import suppress
from dataclasses import dataclass, replace

from pydantic import TypeAdapter, ValidationError

from connector_vault import lease, registry
from connector_vault.ending import Told, end_token
from connector_vault.errors import ConnectorVaultError, Corrupt, Reconnect
from connector_vault.model import Receipt, State
from connector_vault.refresh import Refresher
from connector_vault.room import Room, check_state, instant, moment, new_id, owner_of
from connector_vault.stores import Conflict, Row, Sharing, Shred, Update, Value

__all__ = ["disconnect"]

_LIVE = (State.ACTIVE.value, State.RECONNECT.value)


_UNTOLD = Told(outcome="unconfirmed")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A receipt as its row keeps it. Times are milliseconds since 1970."""

    asked_at: int
    finished_at: int = 0
    told: Told = _UNTOLD


_READER = TypeAdapter(_Kept)


async def disconnect(room: Room, refresher: Refresher, row: Row) -> Receipt:
    """End a connection: what `Vault.disconnect` does."""
    check_state(row)
    while row.state != State.REVOKED.value:
        row = await _stop(room, row)
        try:
            return await _end(room, refresher, row)
        except Conflict:
            # A refresh that was under way stored a newer token: that one has to be revoked.
            row = await room.row(row.id, owner_of(row))
    return _receipt(row, _kept(row))


async def _stop(room: Room, row: Row) -> Row:
    # From this commit on no call and no refresh starts, in any process.
    while row.state in _LIVE:
        where: dict[str, Value] = {"state": row.state}
        asked = _READER.dump_json(_Kept(asked_at=room.clock())).decode()
        change: dict[str, Value] = {"state": State.REVOKING.value, "reason": "", "receipt": asked}
        line = room.audit.line(row, "disconnect", "asked")
        with suppress(Conflict):
            await room.store.commit(Update(row.id, where, change), line)
        row = await room.row(row.id, owner_of(row))
    return row


async def _end(room: Room, refresher: Refresher, row: Row) -> Receipt:
    if row.kind != "oauth":
        note = "a pasted secret is not ours to revoke: end it at the provider"
        return await _shred(room, row, Told(outcome="not revocable", note=note))
    try:
        held = await _hold(room, refresher, row)
    except ConnectorVaultError as error:
        return await _unconfirmed(room, row, Told(outcome="unconfirmed", note=str(error)))
    try:
        told = await _tell(room, held)
        if told.outcome != "unconfirmed":
            return await _shred(room, held, told)
    except Corrupt:
        raise
    except ConnectorVaultError as error:
        told = Told(outcome="unconfirmed", note=str(error))
    finally:
        await lease.release(room, held)
    return await _unconfirmed(room, row, told)


async def _unconfirmed(room: Room, row: Row, told: Told) -> Receipt:
    now = await room.row(row.id, owner_of(row))
    if now.state == State.REVOKED.value:
        # Our lease had run out, and somebody else was done with it before us.
        return _receipt(now, _kept(now))
    await room.store.commit(room.audit.line(row, "disconnect", told.outcome, note=told.note))
    return _receipt(row, replace(_kept(row), told=told))


async def _hold(room: Room, refresher: Refresher, row: Row) -> Row:
    # A refresh under way has just spent the token that would be revoked: wait for its end. Where
    # only a live token can be revoked, it is refreshed first, by the revoker alone.
    if _must_refresh(room, row):
        held = await lease.acquire(room, row, new_id("att"), spend=True)
        if held is None:
            raise Conflict(row.id)
        with suppress(Reconnect):
            await refresher.spend(held)
        row = await room.row(row.id, owner_of(row))
    held = await lease.acquire(room, row, new_id("att"), spend=False)
    if held is None:
        raise Conflict(row.id)
    return held


def _must_refresh(room: Room, row: Row) -> bool:
    oauth = registry.load(row.provider).oauth
    needs = oauth is not None and oauth.revocation is not None and oauth.revocation.needs_live_token
    return needs and 0 < row.expires_at <= room.clock()


async def _tell(room: Room, held: Row) -> Told:
    tokens, _ = await room.keyring.open(held)
    client = room.clients.holding(held.provider, held.client_id, held.tenant)
    connector = registry.load(held.provider)
    shared = await _is_shared(room, held)
    told = await end_token(room, connector, client, tokens, whole=not shared)
    if told.outcome == "already gone" and (held.doubt or held.intent):
        note = "a refresh got no answer: a token that nobody holds may live until it ends"
        return replace(told, outcome="unconfirmed", note=note)
    if shared and told.reach == "token":
        return replace(told, note="provider grant kept: shared")
    return told


async def _is_shared(room: Room, row: Row) -> bool:
    if not row.grant_key:
        return False
    async for other in room.store.rows(Sharing(row.grant_key)):
        if other.id != row.id and other.state in _LIVE:
            return True
    return False


async def _shred(room: Room, row: Row, told: Told) -> Receipt:
    kept = _kept(row)
    kept = replace(kept, told=told, finished_at=room.clock())
    change: dict[str, Value] = {
        "state": State.REVOKED.value,
        "sealed": b"",
        "grant_key": b"",
        "receipt": _READER.dump_json(kept).decode(),
        "attempt": "",
        "lease_until": 0,
    }
    # By generation: what was revoked has to be what is shredded.
    where: dict[str, Value] = {"generation": row.generation, "state": State.REVOKING.value}
    told_line = {"reach": told.reach, "probe": told.probe, "note": told.note}
    line = room.audit.line(row, "disconnect", told.outcome, **told_line)
    await room.store.commit(Update(row.id, where, change), Shred(row.id), line)
    room.keyring.forget(row.dek_id)
    return _receipt(row, kept)


def _kept(row: Row) -> _Kept:
    try:
        return _READER.validate_json(row.receipt)
    except ValidationError:
        raise Corrupt(f"the receipt of {row.id} is none: somebody edited the database") from None


def _receipt(row: Row, kept: _Kept) -> Receipt:
    return Receipt(
        connection=row.id,
        provider=row.provider,
        account=row.label,
        asked_at=moment(kept.asked_at),
        finished_at=instant(kept.finished_at),
        outcome=kept.told.outcome,
        reach=kept.told.reach,
        probe=kept.told.probe,
        shredded=kept.finished_at > 0,
        shred_horizon="none: keys lie in the database, and in its backups",
        note=kept.told.note,
    )
