"""A token set as a provider gave it, and how a journal holds it until it is stored."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from connector_vault.errors import Corrupt
from connector_vault.model import Owner, Secret, Tokens

__all__ = ["Received", "read", "written"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A token set, and what it was received for."""

    connection: str
    owner: Owner
    provider: str
    client_id: str
    grant_id: str
    generation: int
    """Of the refresh token that was spent for it."""
    attempt: str
    account: str
    at: int
    """Milliseconds since 1970 UTC."""
    tokens: Tokens
    endpoint: str = ""
    """Of a configured service: the digest of the addresses that gave them, in hex."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    connection: str
    tenant: str
    user: str | None
    provider: str
    client_id: str
    grant_id: str
    generation: int
    attempt: str
    account: str
    at: int
    access: str
    refresh: str | None
    expires_at: int
    refresh_expires_at: int
    scopes: list[str] | None
    endpoint: str = ""


_READER = TypeAdapter(_Written)


def written(received: Received) -> Mapping[str, object]:
    """Write it as JSON: to be sealed, because it holds the tokens."""
    tokens, owner = received.tokens, received.owner
    return {
        "connection": received.connection,
        "tenant": owner.tenant,
        "user": owner.user,
        "provider": received.provider,
        "client_id": received.client_id,
        "grant_id": received.grant_id,
        "generation": received.generation,
        "attempt": received.attempt,
        "account": received.account,
        "at": received.at,
        "access": tokens.access.reveal(),
        "refresh": None if tokens.refresh is None else tokens.refresh.reveal(),
        "expires_at": tokens.expires_at,
        "refresh_expires_at": tokens.refresh_expires_at,
        "scopes": None if tokens.scopes is None else sorted(tokens.scopes),
        "endpoint": received.endpoint,
    }


def read(said: Mapping[str, object]) -> Received:
    """Read what `written` wrote.

    Raises:
        Corrupt: it is not that.
    """
    try:
        found = _READER.validate_python(said)
    except ValidationError:
        found = None
    if found is None:
        # Not inside the except: the error quotes the tokens.
        raise Corrupt("a reply was opened, but is none")
    tokens = Tokens(
        access=Secret(found.access),
        refresh=None if found.refresh is None else Secret(found.refresh),
        expires_at=found.expires_at,
        refresh_expires_at=found.refresh_expires_at,
        scopes=None if found.scopes is None else frozenset(found.scopes),
    )
    return Received(
        connection=found.connection,
        owner=Owner(tenant=found.tenant, user=found.user),
        provider=found.provider,
        client_id=found.client_id,
        grant_id=found.grant_id,
        generation=found.generation,
        attempt=found.attempt,
        account=found.account,
        at=found.at,
        tokens=tokens,
        endpoint=found.endpoint,
    )
