"""Handing out tokens: as they are, or refreshed first."""

from connector_vault.errors import BadArguments
from connector_vault.lifecycle import Need, need
from connector_vault.model import AccessToken, Owner
from connector_vault.refresh import Refresher
from connector_vault.room import Room, check_usable, instant
from connector_vault.stores import Openable, Row
from connector_vault.uses import Uses

__all__ = ["Handout"]


class Handout:
    """Where a vault's tokens are handed out."""

    def __init__(self, room: Room, refresher: Refresher) -> None:
        self._room = room
        self._refresher = refresher
        self._uses = Uses(room)

    async def give(
        self, connection: str, owner: Owner, newer_than: int | None
    ) -> tuple[Openable, AccessToken]:
        """Give a token, and the row it is from: what `Vault.token` does."""
        row = await self._fresh(connection, owner, newer_than)
        access, scopes = await self._room.keyring.access(row)
        self._uses.note(row, self._room.clock())
        return row, AccessToken(access, instant(row.expires_at), row.generation, scopes)

    async def _fresh(self, connection: str, owner: Owner, newer_than: int | None) -> Openable:
        found = await self._room.credential(connection, owner)
        check_usable(found)
        if newer_than is not None and newer_than > found.generation:
            raise BadArguments(
                f"{found.id} has had {found.generation} token sets, not {newer_than}"
            )
        if self._need(found, newer_than) is Need.NONE:
            return found
        row = await self._room.row(connection, owner)
        check_usable(row)
        # Read again, because another process may have refreshed between the two reads.
        match self._need(row, newer_than):
            case Need.NOW if not await self._is_last(row, newer_than):
                row = await self._refresher.renew(row)
            case Need.SOON if row.retry_at <= self._room.clock():
                # Whoever sees it first begins; nobody waits for it.
                self._refresher.begin(row)
            case _:
                pass
        check_usable(row)
        return row

    def _need(self, row: Openable, newer_than: int | None) -> Need:
        return need(
            generation=row.generation,
            expires_at=row.expires_at,
            due_at=row.due_at,
            now=self._room.clock(),
            newer_than=newer_than,
        )

    async def _is_last(self, row: Row, newer_than: int | None) -> bool:
        # Its last minute is better than none, where there is no refresh token.
        refused = newer_than is not None and row.generation <= newer_than
        now = self._room.clock()
        if refused or row.expires_at <= now:
            return False
        if 2 * now < row.proven_at + row.expires_at:
            # No newer one would live for a minute, either: it is used for half of its life.
            return True
        tokens, _ = await self._room.keyring.open(row)
        return tokens.refresh is None
