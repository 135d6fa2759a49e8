"""The holder that wraps, and those that only open what they once wrapped."""

from collections.abc import Iterable, Sequence

from connector_vault.errors import Misconfigured
from connector_vault.keys import Holder, KeyHolder

__all__ = ["Holders"]

_SETTING = "CONNECTOR_VAULT_KEYS"


class Holders:
    """Finds the holder of a wrapped key by the id that is written beside it."""

    def __init__(self, current: Holder, others: Iterable[KeyHolder] = ()) -> None:
        self.current = current
        """It wraps from now on."""
        self._others = tuple(others)
        # The current one last: should another one be the same, it stands for both.
        self._holders = {holder.id: holder for holder in (*self._others, current)}

    @property
    def others(self) -> Sequence[str]:
        """Names of those that only open."""
        return [name for name in self._holders if name != self.current.id]

    def of(self, holder: str) -> KeyHolder:
        """Give the holder of this id.

        Raises:
            Misconfigured: it was not given.
        """
        found = self._holders.get(holder)
        if found is None:
            known = ", ".join(self._holders)
            msg = (
                f"a data key was sealed under {holder}, and {known} was given: add it to {_SETTING}"
            )
            raise Misconfigured(msg)
        return found

    async def close(self) -> None:
        """Close all of them."""
        for holder in (*self._others, self.current):
            await holder.close()
