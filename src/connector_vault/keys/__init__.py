"""Who holds the keys that wrap data keys: a file, and later an HSM, Vault or a cloud's KMS."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from connector_vault.errors import Corrupt, Misconfigured

__all__ = ["Holder", "KeyHolder", "KeyVersions", "Raw", "Wrapped", "open_keys"]


class Raw(NamedTuple):
    """A data key to wrap, and what it is bound to: `envelope.wrap_context`."""

    key: bytearray
    context: bytes

    def __repr__(self) -> str:
        return f"Raw(key='••••', context={self.context!r})"


class Wrapped(NamedTuple):
    """A wrapped data key, and what it is bound to: `envelope.wrap_context`."""

    key: bytes
    context: bytes


class KeyHolder(Protocol):
    """Wraps data keys under a key of its own, which never leaves it.

    Answers come in the order of the items. An item that was altered, or is bound to another
    context, is answered by a `Corrupt`, which is not raised: its neighbours are good.

    Every method that asks the holder raises KeysUnavailable if it does not answer, KeysDenied if
    it answers that we may not, and Misconfigured if it says that there is no such key, or that it
    is of no use here. None waits longer than the holder's deadline, or stops the event loop.
    """

    @property
    def id(self) -> str:
        """Names the key, without a secret. It is written beside each data key it wraps."""
        ...

    async def version(self) -> int:
        """Give the version of the key that wraps from now on.

        Ask before `wrap`, never after: a version noted too low costs one rewrap, one noted too
        high is never rewrapped and dies with the old version.
        """
        ...

    async def wrap(self, items: Sequence[Raw]) -> list[bytes]:
        """Wrap data keys. They are not wiped: `envelope.DataKey` does that."""
        ...

    async def unwrap(self, items: Sequence[Wrapped]) -> list[bytearray | Corrupt]:
        """Give data keys. Hand each to `envelope.DataKey`, which wipes it."""
        ...

    async def rewrap(self, items: Sequence[Wrapped]) -> list[bytes | Corrupt]:
        """Wrap again under the newest version, bound to the same context."""
        ...

    async def health(self) -> None:
        """Return if the holder could wrap and unwrap now."""
        ...

    async def close(self) -> None:
        """Give back connections, threads and what this process knows of secrets."""
        ...


class KeyVersions(Protocol):
    """What whoever keeps the key may do to it. Each holder here can, or says who can instead.

    Raises as `KeyHolder` does. Most deployments give the vault no right to any of this.
    """

    async def oldest(self) -> int:
        """Give the oldest version that still opens what it wrapped."""
        ...

    async def rotate(self) -> int:
        """Make a new version, which wraps from now on, and give its number."""
        ...

    async def retire(self, before: int) -> None:
        """Destroy all versions older than this one. What they wrapped is noise from then on.

        Raises:
            Misconfigured: this holder cannot; the message tells what to do instead.
        """
        ...


class Holder(KeyHolder, KeyVersions, Protocol):
    """A key holder as `open_keys` gives it."""


def open_keys(uri: str, *, create: bool = False) -> Holder:
    """Open the key holder at `uri`: `local:PATH` is a key file.

    `create` makes a key file where there is none. Nothing else ever makes one: a new key where
    the old one was expected opens nothing.

    Raises:
        Misconfigured: there is no such holder, or its file is missing, unsafe or malformed.
    """
    scheme, _, rest = uri.partition(":")
    match scheme:
        case "local" if rest:
            from connector_vault.keys.local import LocalKeys

            return LocalKeys.open(rest, create=create)
        case "hcvault" | "pkcs11" | "aws-kms":
            raise Misconfigured(f"the key holder {scheme}: is not in this version: use local:PATH")
        case "":
            words = "no place for keys is named, and this user has no home to keep them in"
            raise Misconfigured(f"{words}: set CONNECTOR_VAULT_KEYS and CONNECTOR_VAULT_DATABASE")
        case _:
            # The text is not repeated: somebody may have pasted the key itself.
            raise Misconfigured("the key holder is not written as local:PATH")
