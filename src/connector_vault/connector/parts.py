"""A provider, as data."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Concatenate, Literal

from connector_vault.connector.api import Api
from connector_vault.connector.wire import Json, Reply, Request, plain_answer
from connector_vault.model import Account, Client, Tokens

__all__ = [
    "Connector",
    "Effect",
    "Identity",
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
    function: Function | str, *scopes: str, requests: Iterable[str] = (), timeout: float = 30
) -> Tool:
    """Offer a function that changes something at the provider. `timeout` is in seconds."""
    return _tool(function, scopes, "writes", requests, timeout)


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
) -> Tool:
    return Tool(
        function=function,
        scopes=frozenset(scopes),
        effect=effect,
        timeout=timeout,
        requests=tuple(requests),
    )


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

    token: Callable[[Client, Tokens], Request]
    """Ends this token alone."""
    grant: Callable[[Client, Tokens], Request] | None = None
    """Ends all the account granted to this client. None: the provider has no such thing."""
    probe: Callable[[Client, Tokens], Request] | None = None
    """Asks whether the token lives, `alive` reads the answer. None: nobody can be asked."""
    alive: Callable[[Reply], bool | None] = by_status
    """What the answer to `probe` says. None: nothing. By default 2xx is yes and 404 is no."""
    needs_live_token: bool = False
    """An expired access token has to be refreshed before it can be revoked."""


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
    separator: str = " "
    """What stands between two scopes in a request. Answers are read by comma and by space."""
    dead: frozenset[str] = frozenset({"invalid_grant"})
    """Error codes that end a grant for good."""
    misconfigured: frozenset[str] = frozenset(
        {"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"},
    )
    """Error codes that blame our client and change no connection."""
    idle: int = 0
    """Seconds an unused refresh token lives, where the answers do not say. 0: unknown."""
    absolute: int = 0
    """Seconds after a consent at which the grant ends, whatever is done. 0: it does not."""
    granted: Callable[[str, frozenset[str]], frozenset[str] | None] = lambda _, scopes: scopes
    """The scopes that hold, from the access token and the answer's `scope`. None: unknown."""


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
    implies: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Scopes that another scope includes."""
    patterns: tuple[str, ...] = ()
    """Regular expressions of this provider's tokens, for redaction."""

    def lacking(self, tool: Tool, granted: frozenset[str] | None) -> frozenset[str]:
        """Give the scopes a tool needs and a grant lacks. None granted means: ask the provider."""
        if granted is None:
            return frozenset()
        implied = (self.implies.get(scope, frozenset()) for scope in granted)
        return tool.scopes - granted.union(*implied)
