"""Rows, opened and sealed under their data keys; and the keys that are no connection's."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from secrets import token_bytes

from connector_vault.datakeys import DataKeys
from connector_vault.envelope import Binding, DataKey, decode, dek_id_of, encode
from connector_vault.errors import Corrupt, Shredded
from connector_vault.model import Secret, Tokens
from connector_vault.stores import (
    AddKey,
    Conflict,
    DropKey,
    Everything,
    Openable,
    Row,
    Store,
    WrappedKey,
)

__all__ = ["Keyring", "open_keyring", "reply_binding", "scope_text", "seal"]

Endpoint = Callable[[str], bytes]
"""Gives the digest of a configured service's addresses, and nothing for any other provider."""

_DAY = 24 * 3600 * 1000
"""Milliseconds."""

_JOURNAL = "journal"
"""Stands for the connection in the keys of journals."""

_KEPT_DAYS = 8
"""Days a journal's key is kept. What it seals is used within seconds, or within days at most."""

_SWEPT_DAYS = 40
"""Days before that from which keys are destroyed, if nobody did so in time."""

_STORE_KEY = bytes(16)
"""The id of the key that seals consents and marks grants: one in each store."""

_EPOCH = "epoch"
"""Stands for the connection in the keys that count restored backups."""


class Keyring:
    """Opens and seals rows. Data keys are kept for a while, tokens never."""

    def __init__(self, store: Store, keys: DataKeys, endpoint: Endpoint = lambda _: b"") -> None:
        self._store = store
        self._endpoint = endpoint
        self.keys = keys

    async def create(self, tenant: str, connection: str) -> tuple[DataKey, WrappedKey]:
        """Make a connection's data key. Raises as `DataKeys.make` does."""
        return await self.keys.make(token_bytes(16), tenant, connection)

    async def get(self, dek_id: bytes, tenant: str, connection: str) -> DataKey:
        """Give a connection's data key. Raises as `DataKeys.get` does."""
        return await self.keys.get(dek_id, tenant, connection)

    async def open(self, row: Openable) -> tuple[Tokens, str]:
        """Open a row: its tokens, and the account they belong to.

        Raises:
            Corrupt: the row was altered.
            Shredded, KeysUnavailable: as `get` says.
        """
        said = await self._said(row)
        return _tokens(said, row.expires_at), _text(said, "account")

    def seal(self, key: DataKey, row: Row, tokens: Tokens, account: str) -> bytes:
        """Seal a token set into its place, as `seal` does."""
        return seal(key, row, tokens, account, self._endpoint(row.provider))

    async def access(self, row: Openable) -> tuple[Secret, frozenset[str] | None]:
        """Open only what is handed out of a row: the access token and its scopes."""
        said = await self._said(row)
        return Secret(_text(said, "access")), _scopes(said)

    async def store_key(self) -> DataKey:
        """Give the key that seals consents and marks grants."""
        return await self.keys.get(_STORE_KEY, "", "")

    async def journal_key(self, now: int) -> DataKey:
        """Give the key that seals today's replies. Each day has its own, so that old ones can end.

        It is no connection's, because a reply may have to be opened after its connection's key was
        destroyed: what it holds is then still to be revoked.
        """
        dek_id = _journal_id(now // _DAY)
        try:
            return await self.keys.get(dek_id, "", _JOURNAL)
        except Shredded:
            _, wrapped = await self.keys.make(dek_id, "", _JOURNAL)
        self.keys.forget(dek_id)
        with suppress(Conflict):
            await self._store.commit(AddKey(wrapped))
        return await self.keys.get(dek_id, "", _JOURNAL)

    async def open_reply(self, record: bytes, process: str) -> Mapping[str, object]:
        """Open what a journal holds.

        Raises:
            Shredded: it is older than a week.
            Corrupt, KeysUnavailable: as `get` says.
        """
        key = await self.keys.get(dek_id_of(record), "", _JOURNAL)
        return decode(key.open(reply_binding(process), record))

    async def drop_journal_keys(self, now: int) -> None:
        """Destroy the keys of journals that are older than a week."""
        last = now // _DAY - _KEPT_DAYS
        old = [_journal_id(day) for day in range(max(0, last - _SWEPT_DAYS), last)]
        await self._store.commit(*(DropKey(dek_id) for dek_id in old))

    async def epoch(self, known: int = 0) -> int:
        """Tell how often a backup was restored, and the vault was told so.

        Each time has a key of its own in the database: nobody makes one without the holder.

        Raises:
            Corrupt, KeysUnavailable: as `get` says.
        """
        while await self._store.key(_epoch_id(known + 1)) is not None:
            await self.keys.get(_epoch_id(known + 1), "", _EPOCH)
            known += 1
        return known

    async def begin_epoch(self, after: int) -> int:
        """Begin the next epoch, which comes after this one, and give its number."""
        for number in range(await self.epoch() + 1, after + 2):
            _, wrapped = await self.keys.make(_epoch_id(number), "", _EPOCH)
            self.keys.forget(wrapped.dek_id)
            with suppress(Conflict):
                await self._store.commit(AddKey(wrapped))
        return await self.epoch()

    async def prove(self) -> None:
        """Prove that the store answers now, and that the holder opens its key.

        Raises:
            StoreUnavailable, KeysUnavailable, Corrupt, Shredded: they do not.
        """
        await self.keys.fetch(_STORE_KEY, "", "")

    async def settle_store_key(self) -> None:
        """Make the store's own key in a new store, or prove that the holder opens it.

        Raises:
            Misconfigured: the store was sealed under another holder.
            Corrupt: the key is gone or altered, but there are rows.
        """
        found = await self._store.key(_STORE_KEY)
        if found is None:
            if [row async for row in self._store.rows(Everything())]:
                raise Corrupt("the store's own key is gone from the database: restore a backup")
            await self._settle_new()
        await self.store_key()

    async def _settle_new(self) -> None:
        _, wrapped = await self.keys.make(_STORE_KEY, "", "")
        try:
            await self._store.commit(AddKey(wrapped))
        except Conflict:
            # Another process opened the same new store. Its key holds.
            self.keys.forget(_STORE_KEY)

    async def _said(self, row: Openable) -> Mapping[str, object]:
        key = self.keys.at_hand(row.dek_id)
        if key is None:
            key = await self.keys.get(row.dek_id, row.tenant, row.id)
        endpoint = self._endpoint(row.provider)
        try:
            return decode(key.open(binding_of(row, endpoint), row.sealed))
        except Corrupt:
            if not endpoint:
                raise
            words = (
                f"{row.id} was sealed for other addresses than {row.provider} has now, or altered"
            )
            raise Corrupt(f"{words}: put them back, or disconnect it and add it anew") from None


async def open_keyring(store: Store, keys: DataKeys, endpoint: Endpoint = lambda _: b"") -> Keyring:
    """Open the keyring of a store, and prove that its holder is the right one.

    Raises:
        Misconfigured, Corrupt, KeysUnavailable, KeysDenied: as `settle_store_key` says.
    """
    keyring = Keyring(store, keys, endpoint)
    await keyring.settle_store_key()
    return keyring


def seal(key: DataKey, row: Row, tokens: Tokens, account: str, endpoint: bytes = b"") -> bytes:
    """Seal a token set into its place: everything `row` says beside it is bound."""
    said = {
        "access": tokens.access.reveal(),
        "account": account,
        "refresh": tokens.refresh.reveal() if tokens.refresh else "",
        "refresh_expires_at": tokens.refresh_expires_at,
        "scopes": scope_text(tokens.scopes),
    }
    return key.seal(binding_of(row, endpoint), encode(said))


def scope_text(scopes: frozenset[str] | None) -> str | None:
    """Write scopes as a row holds them."""
    return None if scopes is None else " ".join(sorted(scopes))


def binding_of(row: Openable, endpoint: bytes = b"") -> Binding:
    return Binding(
        row.tenant,
        row.user,
        row.id,
        row.grant_id,
        row.kind,
        row.provider,
        row.client_id,
        row.generation,
        row.expires_at,
        endpoint,
    )


def reply_binding(process: str) -> Binding:
    """Give what a reply in a journal is bound to: the process that received it."""
    return Binding("", "", process, "", _JOURNAL, "", "", 0, 0)


def _journal_id(day: int) -> bytes:
    return b"journal\0" + day.to_bytes(8, "big")


def _epoch_id(number: int) -> bytes:
    return b"epoch\0\0\0" + number.to_bytes(8, "big")


def _tokens(said: Mapping[str, object], expires_at: int) -> Tokens:
    refresh = _text(said, "refresh")
    end = said["refresh_expires_at"]
    return Tokens(
        access=Secret(_text(said, "access")),
        refresh=Secret(refresh) if refresh else None,
        expires_at=expires_at,
        refresh_expires_at=end if isinstance(end, int) else 0,
        scopes=_scopes(said),
    )


def _scopes(said: Mapping[str, object]) -> frozenset[str] | None:
    scopes = said["scopes"]
    return frozenset(scopes.split()) if isinstance(scopes, str) else None


def _text(said: Mapping[str, object], name: str) -> str:
    text = said[name]
    return text if isinstance(text, str) else ""
