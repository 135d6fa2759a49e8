"""What one version of a holder's key wraps, read page by page."""

from typing import TYPE_CHECKING

from connector_vault.errors import ConnectorVaultError
from connector_vault.stores import Store, Tally, Wrapped, WrappedKey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["Listing"]


class Listing:
    """Gives pages of so many data keys. After a failure it goes on where it was."""

    def __init__(self, store: Store, one: Tally, size: int) -> None:
        self._store = store
        self._one = one
        self._size = size
        self._after = b""
        self._rows: AsyncIterator[WrappedKey] | None = None

    async def page(self) -> list[WrappedKey]:
        """Give the next page. It is empty once there are no more.

        Raises:
            StoreUnavailable, Corrupt: nothing was given; the next call gives what this one should.
        """
        if self._rows is None:
            self._rows = self._store.rows(Wrapped(self._one.holder, self._one.version, self._after))
        page: list[WrappedKey] = []
        try:
            async for row in self._rows:
                page.append(row)
                if len(page) == self._size:
                    break
        except ConnectorVaultError:
            self._rows = None
            raise
        if page:
            self._after = page[-1].dek_id
        return page
