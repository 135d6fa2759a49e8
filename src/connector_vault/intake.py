"""Taking a token set in: whose it is, and which row it goes into."""

from dataclasses import dataclass, replace

from connector_vault import lifecycle
from connector_vault.connector import Connector
from connector_vault.dressing import Proof, api_request, mask_of
from connector_vault.envelope import length_prefixed
from connector_vault.errors import (
    BadArguments,
    NotAllowed,
    OutcomeUnknown,
    StoreUnavailable,
    Unreachable,
)
from connector_vault.forecast import planned
from connector_vault.http import origins_of
from connector_vault.keyring import scope_text
from connector_vault.lifecycle import Happening
from connector_vault.model import Account, Client, Kind, Owner, State, Tokens
from connector_vault.room import Room, new_id
from connector_vault.stores import AddConnection, AddKey, Conflict, Owned, Row, Update, values

__all__ = ["Intake", "check_mendable", "identify", "same_account", "take_in"]

_TRIES = 20
"""How often a consent that met a refresh tries again. It always wins."""


_ALWAYS = frozenset({"attempt", "lease_until", "intent", "doubt", "failures", "retry_at"})
"""What a refresh may have changed since the row was read, and a new grant makes an end of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """A token set, and where it comes from."""

    owner: Owner
    provider: str
    kind: Kind
    client: Client | None
    tokens: Tokens
    account: Account
    origin: str
    """"consent", "pasted", or "adopted" and what tells that the same tokens are adopted again."""


async def identify(
    room: Room,
    connector: Connector,
    tokens: Tokens,
    deadline: float,
    proof: Proof | None = None,
) -> Account:
    """Ask the provider whose token this is. `deadline` is a time of the loop's clock.

    `proof`: of holding the secret of the client that was granted it, where that is asked for.

    Raises:
        Reconnect, Refused, RateLimited, Unreachable, TimedOut: it did not say.
    """
    if connector.identity is None:
        return Account(id="")
    request = api_request(connector, connector.identity.request, tokens.access, proof)
    try:
        reply = await room.http.send(request, origins=origins_of(connector), deadline=deadline)
    except OutcomeUnknown as error:
        raise Unreachable(str(error)) from error
    # Some providers repeat the token, and errors say what the provider said.
    reply = replace(reply, body=mask_of(connector, tokens.access).clean(reply.body))
    connector.answer(reply)
    return connector.identity.account(reply)


async def take_in(room: Room, intake: Intake, over: Row | None = None) -> tuple[Row, Row | None]:
    """Seal a token set, in the row `over` or of the same account if there is one.

    Gives the row that was committed, and as it was before. Nothing fails after the commit: callers
    end a token that was not kept, and must not end one that was.

    Raises:
        NotAllowed: `over` belongs to another account, or was disconnected, or would be a second
            connection to this one.
        StoreUnavailable: nothing was stored.
    """
    for _ in range(_TRIES):
        if over is not None:
            check_mendable(over, intake.provider)
        same = await same_account(room, intake)
        # Read again, to see whether it is a state of the past that came back.
        same = same and await room.row(same.id, intake.owner)
        old = over or same
        if over is not None and same is not None and same.id != over.id:
            raise NotAllowed(f"{same.id} holds this account already: name that one, or none")
        try:
            if old is None:
                return await _add(room, intake), None
            return await _replace(room, intake, old), old
        except Conflict:
            over = over and await room.row(over.id, intake.owner)
    raise StoreUnavailable("the connection kept changing while it was connected: try again")


def check_mendable(row: Row, provider: str) -> None:
    """Let only a connection pass that a new consent can mend.

    Raises:
        BadArguments: it is one to another provider.
        NotAllowed: it was disconnected.
    """
    if row.provider != provider:
        raise BadArguments(f"{row.id} is a connection to {row.provider}, not {provider}")
    if row.state not in ("active", "reconnect"):
        words = f"{row.id} was disconnected, which is final: connect without naming it"
        raise NotAllowed(words)


async def _add(room: Room, intake: Intake) -> Row:
    connection, now = new_id("con"), room.clock()
    tenant = intake.owner.tenant
    key, wrapped = await room.keyring.create(tenant, connection)
    blank = Row(
        id=connection,
        tenant=tenant,
        user=intake.owner.user or "",
        provider=intake.provider,
        kind=intake.kind,
        client=intake.client.name if intake.client else "",
        client_id=intake.client.id if intake.client else "",
        account=intake.account.id,
        label=intake.account.label,
        state=State.ACTIVE.value,
        reason="",
        scopes=scope_text(intake.tokens.scopes),
        generation=1,
        revision=1,
        expires_at=intake.tokens.expires_at,
        grant_id=new_id("grant"),
        grant_key=await _grant_key(room, intake),
        dek_id=wrapped.dek_id,
        sealed=b"",
        attempt="",
        lease_until=0,
        intent="",
        doubt="",
        receipt="",
        origin=intake.origin,
        granted_at=now,
        proven_at=now,
        used_at=now,
        due_at=0,
        retry_at=0,
        failures=0,
        dies_on=0,
        warn_at=0,
        created_at=now,
        changed_at=now,
    )
    row = blank._replace(
        sealed=room.keyring.seal(key, blank, intake.tokens, intake.account.id),
        **planned(room, blank, intake.tokens),
    )
    line = room.audit.line(row, "connect", kind=row.kind, scopes=row.scopes)
    event = room.event(row, "connected")
    await room.store.commit(AddKey(wrapped), AddConnection(row), event, line)
    room.seen.rise(row)
    return row


async def _replace(room: Room, intake: Intake, old: Row) -> Row:
    _, account = await room.keyring.open(old)
    # Of one that was adopted with an access token that had ended, nobody knew whose it is.
    if account != intake.account.id and (account or not old.origin.startswith("adopted")):
        msg = f"{old.id} belongs to another {old.provider} account: sign in there as {old.label}"
        raise NotAllowed(msg)
    step = lifecycle.after(State(old.state), Happening.CONSENTED)
    if step is None:
        raise Conflict(old.id)
    new = old._replace(
        account=intake.account.id,
        label=intake.account.label,
        kind=intake.kind,
        client=intake.client.name if intake.client else "",
        client_id=intake.client.id if intake.client else "",
        state=step.state.value,
        reason="",
        scopes=scope_text(intake.tokens.scopes),
        generation=old.generation + 1,
        expires_at=intake.tokens.expires_at,
        grant_id=new_id("grant"),
        grant_key=await _grant_key(room, intake),
        attempt="",
        lease_until=0,
        intent="",
        doubt="",
        origin=intake.origin,
        granted_at=room.clock(),
        proven_at=room.clock(),
        retry_at=0,
        failures=0,
    )
    # Of a new grant nothing has been announced.
    fresh = new._replace(dies_on=0, warn_at=0)
    new = new._replace(**planned(room, fresh, intake.tokens))
    key = await room.keyring.get(old.dek_id, old.tenant, old.id)
    new = new._replace(sealed=room.keyring.seal(key, new, intake.tokens, intake.account.id))
    changed = {
        name: value
        for name, value in new._asdict().items()
        if value != getattr(old, name) or name in _ALWAYS
    }
    where = values(generation=old.generation, state=old.state, dek_id=old.dek_id)
    line = room.audit.line(new, "reconnect", kind=new.kind, scopes=new.scopes)
    event = room.event(new, step.event)
    await room.store.commit(Update(old.id, where, changed), event, line)
    room.seen.rise(new)
    return new


async def same_account(room: Room, intake: Intake) -> Row | None:
    """Give the live connection that its owner has to this account already."""
    if not intake.account.id:
        return None
    found: list[Row] = []
    async for row in room.store.rows(Owned(owner=intake.owner, provider=intake.provider)):
        same = (row.account, row.kind) == (intake.account.id, intake.kind)
        if same and row.state in ("active", "reconnect"):
            found.append(row)
    return found[0] if found else None


async def _grant_key(room: Room, intake: Intake) -> bytes:
    if intake.client is None or not intake.account.id:
        return b""
    key = await room.keyring.store_key()
    family = room.catalog.family(intake.provider)
    names = (family, intake.client.id, intake.account.grant or intake.account.id)
    return key.mac(length_prefixed(*(name.encode() for name in names)))
