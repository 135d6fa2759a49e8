"""Who holds the keys that wrap data keys: a file, Vault, an HSM, or a cloud's KMS."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from connector_vault.errors import Corrupt, Misconfigured

__all__ = ["Holder", "KeyHolder", "KeyVersions", "Raw", "Wrapped", "open_keys"]


_FORMS = "local:PATH, hcvault://…, pkcs11:…, aws-kms://…"


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
    """Open a key holder: a key file, Vault or OpenBao, an HSM, or a cloud's KMS.

    `uri`: one of `local:PATH`, `hcvault://HOST:PORT/MOUNT/keys/NAME`, `pkcs11:token=…;object=…`
    (RFC 7512), `aws-kms://ARN`; docs/how-to/choose-a-key-holder.md has the options of each.
    `create` makes a key file, or a key in an HSM, where there is none. Nothing else ever makes one:
    a new key where the old one was expected opens nothing.

    Raises:
        Misconfigured: there is no such holder, its key is missing or of no use here, or a package
            that it needs is not installed.
        KeysUnavailable, KeysDenied: an HSM does not answer, or refuses.
    """
    scheme, _, rest = uri.partition(":")
    match scheme:
        case "local" if rest:
            from connector_vault.keys.local import LocalKeys

            return LocalKeys.open(rest, create=create)
        case "aws-kms":
            try:
                from connector_vault.keys.aws_kms import AwsKms
            except ModuleNotFoundError as error:
                mend = "pip install 'connector-vault[aws]'"
                raise Misconfigured(f"aws-kms: needs {error.name}: {mend}") from error
            return AwsKms.open(uri)
        case "pkcs11":
            from connector_vault.keys.pkcs11 import Pkcs11Keys

            return Pkcs11Keys.open(uri, create=create)
        case "hcvault":
            from connector_vault.keys.hcvault import VaultKeys

            return VaultKeys.open(uri)
        case "":
            words = "no place for keys is named, and this user has no home to keep them in"
            raise Misconfigured(f"{words}: set CONNECTOR_VAULT_KEYS and CONNECTOR_VAULT_DATABASE")
        case _:
            # The text is not repeated: somebody may have pasted the key itself.
            raise Misconfigured(f"the key holder is not written as one of {_FORMS}")
