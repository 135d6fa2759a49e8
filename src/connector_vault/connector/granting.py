"""How a provider grants, renews and takes back, as data and pure functions."""

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeVar

from connector_vault.connector.wire import Json, Reply, Request
from connector_vault.model import Account, Client, Tokens

__all__ = ["Ending", "Grant", "OAuth", "Revocation", "Steps"]

T = TypeVar("T")

Steps = Generator[Request, Reply, T]
"""Several requests, each perhaps after the answer to the one before: a generator that yields a
`Request`, is sent the `Reply`, and returns what came of it. It sends nothing itself."""


class Grant(NamedTuple):
    """A token set in the words of RFC 6749 §5, and whose it is."""

    answer: Json
    account: Account | None = None
    """None: the identity request tells."""


Ending = Literal["revoked", "already gone", "unconfirmed"]


def ended_by_status(reply: Reply) -> Ending:
    """Read from its status whether an answer confirms that a token ended."""
    return "revoked" if reply.status < 300 else "unconfirmed"


def by_status(reply: Reply) -> bool | None:
    """Read from its status whether an answer says that a token lives.

    401 says nothing of the token: it is our client that was not known (RFC 7662 §2.3).
    """
    if reply.status == 404:
        return False
    return True if reply.status < 300 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """How a provider is told that a connection ended."""

    token: Callable[[Client, Tokens], Sequence[Request]]
    """What ends these tokens alone, in order. Nothing: they only end with the whole grant."""
    grant: Callable[[Client, Tokens], Sequence[Request]] | None = None
    """What ends all the account granted to this client. None, or nothing: there is none."""
    said: Callable[[Reply], Ending] = ended_by_status
    """What the answer to one of those says. By default 2xx confirms it."""
    probe: Callable[[Client, Tokens], Request] | None = None
    """Asks whether the token lives, `alive` reads the answer. None: nobody can be asked."""
    alive: Callable[[Reply], bool | None] = by_status
    """What the answer to `probe` says. None: nothing. By default 2xx is yes and 404 is no."""
    alone: bool = True
    """Whether a token can be ended while others on the same grant go on."""
    needs_live_token: bool = False
    """An expired access token has to be refreshed before it can be revoked."""


def one_answer(reply: Reply) -> Sequence[Json]:
    """Read a token endpoint's answer as RFC 6749 has it: one JSON document."""
    return (json.loads(reply.body),)


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth:
    """How a provider speaks OAuth 2.0: its addresses, and where it strays from RFC 6749."""

    authorize: str
    token: str
    scopes: tuple[str, ...] = ()
    """Asked for when the caller of `connect` names none."""
    revocation: Revocation | None = None
    family: str = ""
    """The connector whose OAuth clients these are, and whose grants, where several share them.
    Empty: its own."""
    issuer: str = ""
    """What `iss` in a callback has to be (RFC 9207). Empty: the origin of `authorize`."""
    pkce: bool = True
    """Whether an S256 challenge is sent (RFC 7636)."""
    challenge: Callable[[str, str], str] | None = None
    """The challenge for a verifier and a redirect URI, where it is not RFC 7636's. Empty: this
    address needs none."""
    client_id: str = "client_id"
    """What the parameter with the client's id is called."""
    basic: bool = False
    """Whether the client authenticates by HTTP Basic rather than in the body (RFC 6749 §2.3.1)."""
    json: bool = False
    """Whether the token endpoint is sent JSON rather than a form."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Sent to the token endpoint."""
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    """Sent along when a person is asked."""
    separator: str = " "
    """What stands between two scopes in a request. Answers are read by comma and by space."""
    asking: Callable[[tuple[str, ...]], Mapping[str, str]] | None = None
    """The parameters that ask for scopes. None: `scope`, with the separator between them."""
    answers: Callable[[Reply], Sequence[Json]] = one_answer
    """The token sets, or the error, in an answer, each in the words of RFC 6749 §5."""
    complete: Callable[[Client, Json], Steps[Sequence[Grant]]] | None = None
    """What follows the answer to a code before anything is kept: a longer life, and the accounts
    that were granted. It gives token sets, or an error in the same words. None: nothing follows."""
    renew: Callable[[Client, Tokens], Steps[Json]] | None = None
    """How a token set is replaced: it asks at least once, and gives the next, or an error, in the
    words of RFC 6749 §5. A refresh token that works once is spent in the last step. None: by its
    refresh token (RFC 6749 §6)."""
    dead: frozenset[str] = frozenset({"invalid_grant"})
    """Error codes that end a grant for good."""
    misconfigured: frozenset[str] = frozenset(
        {"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"},
    )
    """Error codes that blame our client and change no connection."""
    trouble: frozenset[str] = frozenset({"server_error", "temporarily_unavailable"})
    """Error codes by which the provider says that it failed: what it did is not known."""
    access: int = 0
    """Seconds an access token lives, as documented: answers decide. 0: no end, or unknown."""
    youth: int = 0
    """Seconds a token has to be old before it can be renewed; `access` says how long it lives."""
    outlives: bool = False
    """Whether an access token without an end goes on when its refresh token is dead: then only a
    person can renew the grant, and is told two weeks ahead."""
    rotates: bool = False
    """Whether a refresh token works once, and the answer brings the next."""
    idle: int = 0
    """Seconds an unused refresh token lives, where the answers do not say. 0: unknown."""
    absolute: int = 0
    """Seconds after a consent at which the grant ends, whatever is done. 0: it does not."""
    granted: Callable[[str, frozenset[str]], frozenset[str] | None] = lambda _, scopes: scopes
    """The scopes that hold, from the access token and the answer's `scope`. None: unknown."""
