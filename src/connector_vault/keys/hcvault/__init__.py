"""Keys in Vault's or OpenBao's Transit engine, which never leave it. By hvac."""

import importlib.util
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Self, TypeVar

from connector_vault.envelope import DEK_SIZE
from connector_vault.errors import BadArguments, ConnectorVaultError, Corrupt, Misconfigured
from connector_vault.keys import Raw, Wrapped
from connector_vault.keys.hcvault.address import Address, address_of
from connector_vault.keys.hcvault.crew import Crew, Deadline
from connector_vault.keys.hcvault.desk import Desk
from connector_vault.keys.hcvault.key import Key
from connector_vault.keys.hcvault.policy import policy

__all__ = ["VaultKeys", "policy"]

T = TypeVar("T")

_MISSING = "hcvault: needs one more package: pip install 'connector-vault[vault]'"

_GOODBYE = 1.0
"""Seconds that closing may take to end our token."""


class VaultKeys:
    """A holder whose key lies in Transit.

    Threads of its own wait for the server, at most eight, and each method ends at its deadline,
    whatever the server does: login, renewal, several batches and a slow answer included.
    """

    def __init__(self, address: Address) -> None:
        self.id = address.id
        self._address = address
        self._desk = Desk(address)
        self._key = Key(address, self._desk)
        self._crew = Crew()

    @classmethod
    def open(cls, uri: str) -> Self:
        """Open the key at `hcvault://HOST:PORT/MOUNT/keys/NAME?OPTION=VALUE`. Nothing is sent yet.

        No secret stands in the URI. How to log in, and with what:
            auth=token (or nothing): the token in BAO_TOKEN or VAULT_TOKEN
            auth=token-file, token-file=PATH: read again when it changes, as Vault's agent does
            auth=approle, role-id=ID, secret-id-file=PATH
            auth=kubernetes, role=NAME, jwt-file=PATH (if not the pod's own)
            auth-mount=PATH where approle or kubernetes is mounted, if not there
        Where, and for how long:
            namespace=PATH of the key and of the login
            ca=FILE of certificates to trust instead of the system's
            client-cert=FILE, client-key=FILE to show a certificate of our own
            tls=off for a server on this machine only
            timeout=SECONDS of each method, 0.1 to 60, else 5
        Nothing else is read from the environment: no VAULT_ADDR, and no proxy is used.

        Raises:
            Misconfigured: it is malformed, or hvac is not installed.
        """
        address = address_of(uri)
        if importlib.util.find_spec("hvac") is None:
            raise Misconfigured(_MISSING)
        return cls(address)

    async def version(self) -> int:
        return await self._run(self._key.version)

    async def wrap(self, items: Sequence[Raw]) -> list[bytes]:
        for item in items:
            if len(item.key) != DEK_SIZE:
                raise BadArguments(f"a data key is {DEK_SIZE} bytes long, not {len(item.key)}")
        if not items:
            return []
        return await self._run(lambda deadline: self._key.wrap(items, deadline))

    async def unwrap(self, items: Sequence[Wrapped]) -> list[bytearray | Corrupt]:
        if not items:
            return []
        return await self._run(lambda deadline: self._key.unwrap(items, deadline))

    async def rewrap(self, items: Sequence[Wrapped]) -> list[bytes | Corrupt]:
        if not items:
            return []
        return await self._run(lambda deadline: self._key.rewrap(items, deadline))

    async def health(self) -> None:
        await self._run(self._key.prove)

    async def oldest(self) -> int:
        return await self._run(self._key.oldest)

    async def rotate(self) -> int:
        return await self._run(self._key.rotate)

    async def retire(self, before: int) -> None:
        await self._run(lambda deadline: self._key.retire(before, deadline))

    async def close(self) -> None:
        """End the token, if we logged in for it, hang up, and let the threads end."""
        if self._crew.is_foreign:
            return
        with suppress(ConnectorVaultError):
            await self._crew.run(self._desk.leave, _GOODBYE)
        self._crew.close()
        self._desk.close()

    async def _run(self, work: Callable[[Deadline], T]) -> T:
        return await self._crew.run(work, self._address.timeout)

    def __repr__(self) -> str:
        return f"<VaultKeys {self.id} at {self._address.place}>"
