"""What a consent was begun with, sealed until the callback."""

from dataclasses import dataclass
from hashlib import sha256

from connector_vault.envelope import Binding, decode, encode
from connector_vault.keyring import Keyring
from connector_vault.model import Owner, Secret
from connector_vault.stores import Consent

__all__ = ["Begun", "id_of", "opened", "sealed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What a consent was begun with."""

    provider: str
    client_id: str
    redirect_uri: str
    scopes: str
    verifier: Secret
    reconnect: str
    endpoint: str
    """Of a configured service: the digest of its addresses, in hex."""


def id_of(state: str) -> bytes:
    # The database never holds a state: who reads it could not finish somebody's consent.
    return sha256(state.encode()).digest()


def _binding(consent: Consent) -> Binding:
    place = consent.id.hex()
    return Binding(
        consent.tenant, consent.user, place, "", "consent", "", "", 0, consent.expires_at
    )


async def sealed(
    keyring: Keyring, owner: Owner, id_: bytes, expires_at: int, begun: Begun
) -> Consent:
    key = await keyring.store_key()
    blank = Consent(id_, owner.tenant, owner.user or "", expires_at, b"")
    said = {
        "client_id": begun.client_id,
        "endpoint": begun.endpoint,
        "provider": begun.provider,
        "reconnect": begun.reconnect,
        "redirect_uri": begun.redirect_uri,
        "scopes": begun.scopes,
        "verifier": begun.verifier.reveal(),
    }
    return blank._replace(sealed=key.seal(_binding(blank), encode(said)))


async def opened(keyring: Keyring, consent: Consent) -> Begun:
    key = await keyring.store_key()
    said = {
        name: str(value)
        for name, value in decode(key.open(_binding(consent), consent.sealed)).items()
    }
    return Begun(
        provider=said["provider"],
        client_id=said["client_id"],
        redirect_uri=said["redirect_uri"],
        scopes=said["scopes"],
        verifier=Secret(said["verifier"]),
        reconnect=said["reconnect"],
        # A consent of an older version has none: it was no service's.
        endpoint=said.get("endpoint", ""),
    )
