"""Telling a provider that a token, or a whole grant, is to end."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from connector_vault.connector import Connector, Ending, Reply, Request
from connector_vault.http import origins_of
from connector_vault.model import Client, Tokens
from connector_vault.room import Room

__all__ = ["Told", "end_token"]

_SEND = 10.0
"""Seconds for one request of a revocation."""

Outcome = Literal["revoked", "already gone", "unconfirmed", "not revocable"]
Reach = Literal["token", "grant", "none"]
Probe = Literal["dead", "alive", "not asked"]


_PROBED: Mapping[bool | None, Probe] = {True: "alive", False: "dead", None: "not asked"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of telling the provider."""

    outcome: Outcome
    reach: Reach = "none"
    probe: Probe = "not asked"
    note: str = ""


async def end_token(
    room: Room, connector: Connector, client: Client, tokens: Tokens, *, whole: bool = False
) -> Told:
    """Revoke one token, or the whole grant, and ask the provider whether it is dead.

    Raises:
        Unreachable, TimedOut, OutcomeUnknown: the provider did not say.
    """
    revocation = connector.oauth.revocation if connector.oauth else None
    if revocation is None:
        note = f"{connector.title} has no way to revoke a token"
        return Told(outcome="not revocable", note=note)
    requests = revocation.grant(client, tokens) if whole and revocation.grant else ()
    reach: Reach = "grant" if requests else "token"
    requests = requests or revocation.token(client, tokens)
    if not requests:
        note = f"{connector.title} ends this token only with everything that was granted with it"
        return Told(outcome="not revocable", note=note)
    replies = [await _ask(room, connector, request) for request in requests]
    said: list[Ending] = [revocation.said(reply) for reply in replies]
    status = max(reply.status for reply in replies)
    if revocation.probe is None:
        return _judge(said, status, reach, "not asked")
    alive = revocation.alive(await _ask(room, connector, revocation.probe(client, tokens)))
    return _judge(said, status, reach, _PROBED[alive])


def _judge(said: Sequence[Ending], status: int, reach: Reach, probe: Probe) -> Told:
    if probe == "alive":
        note = f"the provider answered {status} and says that the token lives"
        return Told(outcome="unconfirmed", probe=probe, note=note)
    if "unconfirmed" not in said and "revoked" in said:
        return Told(outcome="revoked", reach=reach, probe=probe)
    if "unconfirmed" not in said or (probe == "dead" and len(said) == 1):
        # Only the token is proven gone: a dead one cannot name its grant. Nor does the end of one
        # of two prove that of the other.
        return Told(outcome="already gone", reach="token", probe=probe)
    return Told(outcome="unconfirmed", note=f"the provider answered {status}")


async def _ask(room: Room, connector: Connector, request: Request) -> Reply:
    deadline = asyncio.get_running_loop().time() + _SEND
    origins = origins_of(connector)
    return await room.http.send(request, origins=origins, deadline=deadline)
