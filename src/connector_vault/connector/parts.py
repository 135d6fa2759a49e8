"""A provider, as data."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Concatenate, Literal

from connector_vault.connector.api import Api
from connector_vault.connector.granting import OAuth
from connector_vault.connector.wire import Delivery, Json, Reply, Request, plain_answer
from connector_vault.model import Account, Client, Secret

__all__ = [
    "Connector",
    "Effect",
    "Identity",
    "Notice",
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
    carrier: str = "Authorization"
    """The header in which the token goes to the API."""
    scheme: str = "Bearer"
    """What stands before the token in it. Empty: nothing does."""
    proof: Callable[[Client, Secret], Mapping[str, str]] | None = None
    """Query parameters that prove to the API that its caller has the client's secret, made for one
    token. Tools never see them."""
    uploads: tuple[str, ...] = ()
    """Further origins that tools may send bytes to. They never get the token. A `*` for the first
    part of a host stands for any: `https://*.example.com`."""
    guarded: Mapping[str, str] = field(default_factory=dict[str, str])
    """Further origins that do get the token, and what stands before it there: `OAuth`. A tool that
    asks them declares it as in `POST https://upload.example.com/video/{}`."""
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
    endpoint: bytes = b""
    """Digest of a configured service's addresses, to which its credentials are bound. Empty: the
    addresses are code."""
    verified: str = ""
    """When all this was last compared with the provider's documents: 2026-11-21."""

    def lacking(self, tool: Tool, granted: frozenset[str] | None) -> frozenset[str]:
        """Give the scopes a tool needs and a grant lacks. None granted means: ask the provider."""
        if granted is None:
            return frozenset()
        implied = (self.implies.get(scope, frozenset()) for scope in granted)
        return tool.scopes - granted.union(*implied)
