"""Disconnecting: stop, take the lease, tell the provider, shred, and give a receipt."""

from contextlib import suppress
from dataclasses import dataclass, replace

from pydantic import TypeAdapter, ValidationError

from connector_vault import lifecycle, schedule
from connector_vault.ending import Told, end_token
from connector_vault.errors import (
    ConnectorVaultError,
    Corrupt,
    Reconnect,
    Shredded,
    StoreUnavailable,
)
from connector_vault.lease import Held
from connector_vault.model import Receipt, State
from connector_vault.refresh import Refresher
from connector_vault.reports import horizon
from connector_vault.room import Room, check_state, instant, moment, owner_of
from connector_vault.stores import Conflict, Row, Sharing, Shred, Update, Value, values

__all__ = ["disconnect"]

_LIVE = (State.ACTIVE.value, State.RECONNECT.value)


_UNTOLD = Told(outcome="unconfirmed")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A receipt as its row keeps it. Times are milliseconds since 1970."""

    asked_at: int
    finished_at: int = 0
    told: Told = _UNTOLD
    tries: int = 0
    """How often the provider was told, without confirming it."""
    holder: str = ""
    version: int = 0
    """What wrapped the data key that was destroyed. Not known of those that ended long ago."""


_READER = TypeAdapter(_Kept)


async def disconnect(
    room: Room, refresher: Refresher, row: Row, *, restored: bool = False
) -> Receipt:
    """End a connection: what `Vault.disconnect` does.

    `restored`: a backup brought it back. Its refresh token is one of the past, and is not spent.
    """
    check_state(row)
    while row.state != State.REVOKED.value:
        row = await _stop(room, row)
        if row.state == State.REVOKED.value:
            # Somebody else was done with it meanwhile.
            break
        try:
            return await _end(room, refresher, row, restored=restored)
        except Conflict:
            # A refresh that was under way stored a newer token: that one has to be revoked.
            row = await room.row(row.id, owner_of(row))
    # Where keys lie apart, they may have been out of reach when the row was done with.
    await room.store.commit(Shred(row.id))
    return _receipt(row, _kept(row))


async def _stop(room: Room, row: Row) -> Row:
    # From this commit on no call and no refresh starts, in any process.
    while row.state in _LIVE:
        where: dict[str, Value] = {"state": row.state}
        asked = _READER.dump_json(_Kept(asked_at=room.clock())).decode()
        change = values(
            state=State.REVOKING.value, reason="", receipt=asked, due_at=_takeover(room), warn_at=0
        )
        line = room.audit.line(row, "disconnect", "asked")
        event = room.event(row, "disconnecting")
        with suppress(Conflict):
            await room.store.commit(Update(row.id, where, change), event, line)
        row = await room.row(row.id, owner_of(row))
    return row


def _takeover(room: Room) -> int:
    # When somebody else goes on if this process dies in the middle.
    return room.clock() + int(2 * lifecycle.LIFE * 1000)


async def _end(room: Room, refresher: Refresher, row: Row, *, restored: bool) -> Receipt:
    if row.kind != "oauth":
        note = "a pasted secret is not ours to revoke: end it at the provider"
        return await _shred(room, row, Told(outcome="not revocable", note=note))
    try:
        held = await _hold(room, refresher, row)
    except ConnectorVaultError as error:
        return await _unconfirmed(room, row, Told(outcome="unconfirmed", note=str(error)))
    try:
        told = await _tell(room, held.row)
        early = _needs_live(room, row) and not _has_ended(room, row)
        if told.outcome == "already gone" and early and not restored:
            # Its access token ended before its time: what renews it may live on.
            await refresher.leases.release(held)
            held = await _hold(room, refresher, held.row, renew=True)
            told = await _tell(room, held.row)
        if told.outcome != "unconfirmed":
            return await _shred(room, held.row, told)
    except Corrupt as error:
        if not room.catalog.endpoint(held.row.provider):
            raise
        # Its service has other addresses now: they may be put back, and are not waited for long.
        told = Told(outcome="unconfirmed", note=str(error))
    except Shredded as error:
        # A backup brought it back, and not its key: nothing can name the token to the provider.
        return await _shred(room, held.row, Told(outcome="unconfirmed", note=str(error)))
    except ConnectorVaultError as error:
        told = Told(outcome="unconfirmed", note=str(error))
    finally:
        await refresher.leases.release(held)
    return await _unconfirmed(room, row, told)


async def _unconfirmed(room: Room, row: Row, told: Told) -> Receipt:
    now = await room.row(row.id, owner_of(row))
    if now.state == State.REVOKED.value:
        # Our lease had run out, and somebody else was done with it before us.
        return _receipt(now, _kept(now))
    kept = _kept(now)
    kept = replace(kept, told=told, tries=kept.tries + 1)
    if schedule.is_hopeless(kept.tries, waited=room.clock() - kept.asked_at):
        return await _shred(room, now, told)
    wait = schedule.background_pause(kept.tries, chance=room.chance())
    change = values(
        receipt=_READER.dump_json(kept).decode(), due_at=room.clock() + int(wait * 1000)
    )
    line = room.audit.line(row, "disconnect", told.outcome, note=told.note)
    where = values(state=now.state, receipt=now.receipt)
    with suppress(Conflict):
        await room.store.commit(Update(row.id, where, change), line)
    return _receipt(now, kept)


async def _hold(room: Room, refresher: Refresher, row: Row, *, renew: bool = False) -> Held:
    # A refresh under way has just spent the token that would be revoked: wait for its end. Where
    # only a live token can be revoked, it is refreshed first, by the revoker alone.
    if renew or (_needs_live(room, row) and _has_ended(room, row)):
        held = await refresher.leases.acquire(row, spend=True)
        if held is None:
            raise Conflict(row.id)
        with suppress(Reconnect):
            await refresher.spend(held)
        row = await room.row(row.id, owner_of(row))
        if row.state != State.REVOKING.value:
            # Somebody else was done with it meanwhile: there is nothing left to revoke.
            raise Conflict(row.id)
    held = await refresher.leases.acquire(row, spend=False)
    if held is None:
        raise Conflict(row.id)
    return held


def _needs_live(room: Room, row: Row) -> bool:
    oauth = room.catalog.load(row.provider).oauth
    return oauth is not None and oauth.revocation is not None and oauth.revocation.needs_live_token


def _has_ended(room: Room, row: Row) -> bool:
    return 0 < row.expires_at <= room.clock()


async def _tell(room: Room, held: Row) -> Told:
    tokens, _ = await room.keyring.open(held)
    client = room.clients.holding(held.provider, held.client_id, held.tenant)
    connector = room.catalog.load(held.provider)
    shared = await _is_shared(room, held)
    told = await end_token(room, connector, client, tokens, whole=not shared)
    if (held.doubt or held.intent) and told.reach != "grant":
        # Some providers say of a token that was spent long ago that they have revoked it.
        note = "a refresh got no answer: a token that nobody holds may live until it ends"
        outcome = "unconfirmed" if told.outcome == "already gone" else told.outcome
        return replace(told, outcome=outcome, note=note)
    if shared and (told.reach == "token" or told.outcome == "not revocable"):
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
    holder, version = await _wrapped_by(room, row)
    kept = replace(_kept(row), told=told, finished_at=room.clock(), holder=holder, version=version)
    change: dict[str, Value] = {
        "state": State.REVOKED.value,
        "sealed": b"",
        "grant_key": b"",
        "receipt": _READER.dump_json(kept).decode(),
        "attempt": "",
        "lease_until": 0,
        "due_at": 0,
        "warn_at": 0,
    }
    # By generation: what was revoked has to be what is shredded.
    where: dict[str, Value] = {"generation": row.generation, "state": State.REVOKING.value}
    told_line = {"reach": told.reach, "probe": told.probe, "note": told.note}
    line = room.audit.line(row, "disconnect", told.outcome, **told_line)
    event = room.event(row, "disconnected", outcome=told.outcome)
    await room.store.commit(Update(row.id, where, change), Shred(row.id), event, line)
    await room.seen.end(row)
    room.keyring.keys.forget(row.dek_id)
    return _receipt(row, kept)


async def _wrapped_by(room: Room, row: Row) -> tuple[str, int]:
    # Where keys lie apart, they may be out of reach. An end does not wait for that.
    with suppress(StoreUnavailable):
        key = await room.store.key(row.dek_id)
        if key is not None:
            return key.holder, key.version
    return "", 0


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
        shred_horizon=_horizon(kept),
        note=kept.told.note,
    )


def _horizon(kept: _Kept) -> str:
    # Copies of the wrapped key lie in backups, and in logs of the database.
    if not kept.finished_at:
        return "none yet: its key is not destroyed"
    if not kept.holder:
        return "when the key that wrapped it is retired"
    return horizon(kept.holder, kept.version)
