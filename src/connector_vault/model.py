"""The words: who owns, what is kept, what is handed out."""

import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Literal, NoReturn

from connector_vault.errors import BadArguments

__all__ = [
    "AccessKey",
    "AccessToken",
    "Account",
    "Client",
    "Connection",
    "Kind",
    "Owner",
    "Pending",
    "Receipt",
    "Secret",
    "State",
    "Tenant",
    "Tokens",
]

_NAME = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,255}")
"""Tenants and users: 1 to 255 characters, none of them a control character or half of one."""


class Secret:
    """Text that does not print itself. Only `reveal` gives it.

    Python cannot wipe a `str`: what is kept out of logs, tracebacks and pickles is not kept out of
    a memory dump.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give the text. Each place that calls this is listed in a test."""
        return self._text

    def mask(self) -> str:
        """Give four characters to tell one long secret from another, none of a short one."""
        return "••••" + (self._text[-4:] if len(self._text) >= 24 else "")

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = (one.encode("utf-8", "surrogatepass") for one in (self._text, other._text))
        return hmac.compare_digest(mine, theirs)

    __hash__ = None  # type: ignore[assignment]  # a hash of a secret tells something about it

    def __repr__(self) -> str:
        return "Secret('••••')"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose a connection is. Without a user it belongs to the workspace itself."""

    tenant: str
    user: str | None = None

    def __post_init__(self) -> None:
        for name, value in (("tenant", self.tenant), ("user", self.user)):
            if value is not None and not _NAME.fullmatch(value):
                msg = f"an owner's {name} is 1 to 255 characters without control characters"
                raise BadArguments(msg)

    def __str__(self) -> str:
        return f"{self.tenant}/{self.user}" if self.user else self.tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """Everybody in a tenant, and its workspace: for those who look after all its connections.

    It owns nothing. `Owner(tenant=…)` without a user is the workspace alone.
    """

    name: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise BadArguments("a tenant is 1 to 255 characters without control characters")

    def __str__(self) -> str:
        return f"everybody in {self.name}"


class State(Enum):
    """Where a connection stands."""

    ACTIVE = "active"
    RECONNECT = "reconnect"
    REVOKING = "revoking"
    REVOKED = "revoked"


Kind = Literal["oauth", "token", "api-key"]
"""Obtained by consent; pasted for a provider we have a connector for; for any other service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """An OAuth client: our name at a provider, registered there by the operator."""

    provider: str
    id: str
    secret: Secret = field(default_factory=lambda: Secret(""))
    """Empty for a public client."""
    name: str = "default"
    """Tells several clients of one provider apart."""
    tenant: str | None = None
    """None serves every tenant that has no client of its own under this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody at a provider."""

    id: str
    """What never changes there. Empty if the provider does not say."""
    grant: str = ""
    """What several of its connections rest on, and end with. Empty: the account itself."""
    label: str = ""
    """What people call it, and may change."""
    scopes: frozenset[str] | None = None
    """What a pasted token may do, where the identity answer tells."""
    provider: str = ""
    """The connector whose tools it is for, where a consent gives accounts of several of one family.
    Empty: the one that was connected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """One token set, as a provider gave it."""

    access: Secret
    refresh: Secret | None = None
    expires_at: int = 0
    """Milliseconds since 1970 UTC. 0: the provider names no end."""
    refresh_expires_at: int = 0
    """Milliseconds since 1970 UTC. 0: the provider names no end."""
    scopes: frozenset[str] | None = frozenset()
    """As granted. None: the provider does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One account of one owner, without its secrets."""

    id: str
    owner: Owner
    provider: str
    kind: Kind
    client: str
    """Name of the OAuth client; empty for a pasted secret."""
    account: str
    """The account's permanent id at the provider; empty if it has none."""
    label: str
    state: State
    reason: str
    """Why the state is what it is; empty while active."""
    scopes: frozenset[str] | None
    """As granted. None: the provider does not say."""
    generation: int
    """Counts the token sets, from 1."""
    expires_at: datetime | None
    """When the access token ends, UTC. None: never, as far as the provider says."""
    created_at: datetime
    changed_at: datetime
    dies_on: datetime | None = None
    """When the grant ends if nothing is done, UTC. None: nobody knows of an end."""
    last_proven_alive: datetime | None = None
    """When its provider last showed that the grant lives, UTC."""

    @property
    def live(self) -> bool:
        return self.state is State.ACTIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A consent that was begun. Send the person to `url` before `expires_at`, UTC."""

    url: str = field(repr=False)
    state: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """What opens the panel to a program, without its text, which nobody has but that program."""

    id: str
    whose: Owner | Tenant
    """Whose connections it lists and ends."""
    name: str
    """What people call it."""
    created_at: datetime
    revoked_at: datetime | None
    """None: it works."""

    @property
    def live(self) -> bool:
        return self.revoked_at is None


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, handed out on purpose."""

    secret: Secret
    expires_at: datetime | None
    """UTC. None: never, as far as the provider says."""
    generation: int
    """For `newer_than=`, after the provider answered 401."""
    scopes: frozenset[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was proven about the end of a connection, and what could not be."""

    connection: str
    provider: str
    account: str
    asked_at: datetime
    """From here no call started."""
    finished_at: datetime | None
    """When the data key was destroyed. None: not yet, call `disconnect` again."""
    outcome: Literal["revoked", "already gone", "unconfirmed", "not revocable"]
    """What the provider said."""
    reach: Literal["token", "grant", "none"]
    """What it ended there: this token, or everything the account had granted this client."""
    probe: Literal["dead", "alive", "not asked"]
    """What the provider says of the token afterwards."""
    shredded: bool
    shred_horizon: str
    """When the last backup of the wrapped data key becomes unreadable."""
    note: str = ""
    """What could not be proven, in words."""

    @property
    def confirmed(self) -> bool:
        return self.finished_at is not None and self.outcome != "unconfirmed"
