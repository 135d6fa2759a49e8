"""A provider, as data."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Concatenate, Literal

from connector_vault.connector.api import Api
from connector_vault.connector.wire import Delivery, Json, Reply, Request, plain_answer
from connector_vault.model import Account, Client, Secret, Tokens

__all__ = [
    "Connector",
    "Effect",
    "Ending",
    "Identity",
    "Notice",
    "OAuth",
    "Revocation",
    "Tool",
    "destroys",
    "reads",
    "writes",
]

Effect = Literal["reads", "writes", "destroys"]
Function = Callable[Concatenate[Api, ...], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function an agent may call. Its docstring and signature are what the agent sees."""

    function: Function | str
    """A name, `package.module:function`, is imported in the tool's own process and nowhere else."""
    scopes: frozenset[str]
    """All of them are needed."""
    effect: Effect
    timeout: float
    """Seconds for the whole call, however many requests it makes."""
    requests: tuple[str, ...] = ()
    """All it may ask of the API: `GET /repos/{}/issues`, a `{}` being any one segment. Empty: any
    path; only with GET, if it reads."""
    silent: tuple[str, ...] = ()
    """Those of them, and upload origins, whose effect nobody sees until another request is made: a
    tool that fails after them has changed nothing."""

    @property
    def name(self) -> str:
        if isinstance(self.function, str):
            return self.function.rpartition(":")[2]
        return self.function.__name__

    def load(self) -> Function:
        """Give the function, imported if it is only named."""
        if not isinstance(self.function, str):
            return self.function
        module, _, name = self.function.partition(":")
        function: Function = getattr(import_module(module), name)
        return function


def reads(
    function: Function | str, *scopes: str, requests: Iterable[str] = (), timeout: float = 30
) -> Tool:
    """Offer a function that changes nothing at the provider. `timeout` is in seconds."""
    return _tool(function, scopes, "reads", requests, timeout)


def writes(
    function: Function | str,
    *scopes: str,
    requests: Iterable[str] = (),
    silent: Iterable[str] = (),
    timeout: float = 30,
) -> Tool:
    """Offer a function that changes something at the provider. `timeout` is in seconds."""
    return _tool(function, scopes, "writes", requests, timeout, silent)


def destroys(
    function: Function | str, *scopes: str, requests: Iterable[str] = (), timeout: float = 30
) -> Tool:
    """Offer a function whose change cannot be taken back. `timeout` is in seconds."""
    return _tool(function, scopes, "destroys", requests, timeout)


def _tool(
    function: Function | str,
    scopes: Iterable[str],
    effect: Effect,
    requests: Iterable[str],
    timeout: float,
    silent: Iterable[str] = (),
) -> Tool:
    return Tool(
        function=function,
        scopes=frozenset(scopes),
        effect=effect,
        timeout=timeout,
        requests=tuple(requests),
        silent=tuple(silent),
    )


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
    issuer: str = ""
    """What `iss` in a callback has to be (RFC 9207). Empty: the origin of `authorize`."""
    pkce: bool = True
    """Whether an S256 challenge is sent (RFC 7636)."""
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
    rotates: bool = False
    """Whether a refresh token works once, and the answer brings the next."""
    idle: int = 0
    """Seconds an unused refresh token lives, where the answers do not say. 0: unknown."""
    absolute: int = 0
    """Seconds after a consent at which the grant ends, whatever is done. 0: it does not."""
    granted: Callable[[str, frozenset[str]], frozenset[str] | None] = lambda _, scopes: scopes
    """The scopes that hold, from the access token and the answer's `scope`. None: unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """How a provider tells, unasked, that a person took back what they granted.

    It is a reason to look, and no evidence: our own revocation causes it, too, and it may be late.
    """

    events: tuple[str, ...]
    """What the provider calls it."""
    verify: Callable[[Delivery, Secret], None]
    """Lets only what the provider signed pass, or raises NotAllowed."""
    accounts: Callable[[Delivery], Sequence[str]]
    """The ids, or their beginnings, of the accounts it speaks of. Nothing: of something else."""
    challenge: Callable[[Delivery, Secret], Reply | None] | None = None
    """The answer to a question by which the provider tries an address. None: it is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """How a provider tells whose token this is."""

    request: Request
    """Its url is a path below the connector's `api`."""
    account: Callable[[Reply], Account]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connector:
    """A provider, as data. What does not fit in data is a pure function over Request and Reply."""

    name: str
    title: str
    api: str
    """The base of every path, and the one place the token is sent to."""
    tools: tuple[Tool, ...] = ()
    oauth: OAuth | None = None
    """None: only pasted tokens."""
    identity: Identity | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Sent with every API request."""
    uploads: tuple[str, ...] = ()
    """Further origins that tools may send bytes to. They never get the token."""
    answer: Callable[[Reply], Json] = plain_answer
    """What a reply says, or the error it names."""
    stale: Callable[[Reply], bool] | None = None
    """Whether an answer that is no 401 says that a token has ended, and that a new one may do."""
    secrets: frozenset[str] = frozenset()
    """Fields of answers that hold a secret. No tool sees them."""
    implies: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Scopes that another scope includes."""
    patterns: tuple[str, ...] = ()
    """Regular expressions of this provider's tokens, for redaction."""
    notice: Notice | None = None
    """How the provider tells that somebody took back what they granted. None: it does not."""
    verified: str = ""
    """When all this was last compared with the provider's documents: 2026-11-21."""

    def lacking(self, tool: Tool, granted: frozenset[str] | None) -> frozenset[str]:
        """Give the scopes a tool needs and a grant lacks. None granted means: ask the provider."""
        if granted is None:
            return frozenset()
        implied = (self.implies.get(scope, frozenset()) for scope in granted)
        return tool.scopes - granted.union(*implied)
