"""What a service's file may say, and the connector that is made of it."""

import re
import tomllib
from collections.abc import Mapping
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from connector_vault.connector import Account, Connector, Identity, Json, OAuth, Reply, Request
from connector_vault.connector.parts import Effect, Tool
from connector_vault.connector.wire import is_a_tools
from connector_vault.envelope import length_prefixed
from connector_vault.errors import ConnectorVaultError, Misconfigured
from connector_vault.http import origin_of
from connector_vault.services.revocation import revocation_at
from connector_vault.services.tool import answer, field_of, request_tool

__all__ = ["NAME", "Service", "connector_of", "read_service"]

_MAX_FILE = 64 * 1024
"""Bytes."""

NAME = r"[a-z][a-z0-9_]{0,63}"
"""As of connectors."""

_METHOD = r"(?:DELETE|GET|PATCH|POST|PUT)"


def _place(said: str) -> str:
    said = said if "://" in said else f"https://{said}"
    try:
        origin_of(said)
    except ConnectorVaultError as error:
        raise ValueError(str(error)) from None
    if re.search(r"[^\x21-\x7e]|[#\\]", said):
        raise ValueError("an address has no spaces, no # and nothing beyond ASCII")
    return said


def _address(said: str) -> str:
    said = _place(said)
    if re.search(r"\?|/\.\.?(/|$)", said):
        raise ValueError("an address is https://, a host and a path, and nothing else")
    return said.rstrip("/")


def _header(said: str) -> str:
    if said.lower() != "authorization" and not is_a_tools(said):
        raise ValueError("this header is not for a credential")
    return said


def _pattern(said: str) -> str:
    try:
        re.compile(said.encode())
    except re.error:
        raise ValueError("not a regular expression") from None
    return said


Address = Annotated[str, AfterValidator(_address)]
"""Where paths begin: `https://openrouter.ai/api/v1`. Without a scheme https:// is meant."""

Place = Annotated[str, AfterValidator(_place)]
"""A whole address."""

_SEGMENT = r"/(?:[A-Za-z0-9_.~%:@!$&'()+,;=-]+|\{\})"

Allowed = Annotated[
    str, StringConstraints(pattern=rf"^{_METHOD} (?:(?:{_SEGMENT})*/\*|(?:{_SEGMENT})+/?|/)$")
]
"""A method and a path: `{}` stands for one segment of it, `/*` at the end for any path below."""

Header = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$"), AfterValidator(_header)]
Line = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{0,1024}$")]
Word = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Whose(_Part):
    """How the service tells whose credential it is."""

    request: Annotated[str, StringConstraints(pattern=r"^GET /[^\s?#]*$")]
    id: str = ""
    """Where in its answer the account's permanent id stands: `data.id`."""
    label: str = ""
    """Where its name stands."""


class OAuth2(_Part):
    """How the service speaks OAuth 2.0 (RFC 6749)."""

    authorize: Place
    token: Place
    revoke: Place | None = None
    """RFC 7009. None: it has none."""
    scopes: tuple[Word, ...] = ()
    client_authentication: Literal["body", "basic"] = "body"
    """RFC 6749 §2.3.1."""
    pkce: bool = True
    separator: str = " "
    parameters: Mapping[str, str] = Field(default_factory=dict)
    """Sent along when a person is asked."""


class Service(_Part):
    """A service: where it is, how it takes a credential, and what may be asked of it."""

    name: Annotated[str, StringConstraints(pattern=f"^{NAME}$")]
    auth: Literal["api-key", "oauth2"]
    host: Address
    allow: Annotated[tuple[Allowed, ...], Field(min_length=1)]
    """All that may be asked of it. Nothing else is let out."""
    title: str = ""
    header: Header = "Authorization"
    """What carries the credential."""
    scheme: Line = "Bearer"
    """What stands before it. Empty: nothing."""
    headers: Mapping[Header, Line] = Field(default_factory=dict)
    """Sent with every request."""
    timeout: Annotated[float, Field(gt=0, le=600)] = 60.0
    """Seconds for one request."""
    patterns: tuple[Annotated[str, AfterValidator(_pattern)], ...] = ()
    """Regular expressions of its credentials, for redaction."""
    identity: Whose | None = None
    oauth2: OAuth2 | None = None

    @model_validator(mode="after")
    def _fits(self) -> "Service":
        if (self.auth == "oauth2") != (self.oauth2 is not None):
            raise ValueError('auth = "oauth2" and a part [oauth2] go together')
        if (
            self.oauth2
            and self.oauth2.revoke
            and origin_of(self.oauth2.revoke) not in self._origins()
        ):
            raise ValueError("the revocation address is at another host than all others")
        return self

    def _origins(self) -> frozenset[str]:
        told = self.oauth2
        places = (self.host, *((told.authorize, told.token) if told else ()))
        return frozenset(map(origin_of, places))

    def digest(self) -> bytes:
        """Give what stands for its addresses: who changes one, changes this."""
        told = self.oauth2
        places = (self.host, *((told.authorize, told.token, told.revoke or "") if told else ()))
        words = ("connector_vault/service", self.auth, *places)
        return sha256(length_prefixed(*(one.encode() for one in words))).digest()


def read_service(path: Path, name: str = "") -> Service:
    """Read a service's file. `name`: without one it is the file's.

    Raises:
        Misconfigured: it cannot be read, or says what is wrong; the message says where.
    """
    try:
        if not path.is_file() or path.stat().st_size > _MAX_FILE:
            raise Misconfigured(f"{path} is not a file of at most {_MAX_FILE} bytes")
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Misconfigured(f"{path} cannot be read: {type(error).__name__}") from None
    return service_of(said, name or path.stem, str(path))


def service_of(said: Mapping[str, Json], name: str, where: str) -> Service:
    """Read what is said of a service.

    Raises:
        Misconfigured: something in it is wrong; the message begins with `where`.
    """
    try:
        return Service.model_validate({**said, "name": name})
    except ValidationError as error:
        wrong = "; ".join(_fault(one["loc"], one["msg"]) for one in error.errors())
        raise Misconfigured(f"{where}: {wrong}") from None


def _fault(place: tuple[int | str, ...], words: str) -> str:
    return f"{'.'.join(map(str, place)) or 'the file'}: {words}"


def connector_of(service: Service, *, shipped: bool = False) -> Connector:
    """Make what stands for a service. `shipped`: its addresses are code, and bind nothing."""
    told = service.identity
    return Connector(
        name=service.name,
        title=service.title or service.name,
        api=service.host,
        tools=(_tool(service),),
        oauth=_oauth(service.oauth2) if service.oauth2 else None,
        identity=None
        if told is None
        else Identity(
            request=Request("GET", told.request.removeprefix("GET ")),
            account=partial(_account, told),
        ),
        headers=dict(service.headers),
        carrier=service.header,
        scheme=service.scheme,
        answer=answer,
        patterns=service.patterns,
        endpoint=b"" if shipped else service.digest(),
    )


def _tool(service: Service) -> Tool:
    methods = {one.partition(" ")[0] for one in service.allow}
    changing: Effect = "destroys" if "DELETE" in methods else "writes"
    return Tool(
        function=request_tool(service.title or service.name, service.allow),
        scopes=frozenset(),
        effect="reads" if methods == {"GET"} else changing,
        timeout=service.timeout,
        requests=tuple(map(_strict, service.allow)),
    )


def _strict(allowed: str) -> str:
    # An agent writes the path itself: what servers read in more than one way is left out.
    return re.sub(r"\*$", "{plain*}", allowed.replace("{}", "{plain}"))


def _oauth(said: OAuth2) -> OAuth:
    basic = said.client_authentication == "basic"
    return OAuth(
        authorize=said.authorize,
        token=said.token,
        scopes=said.scopes,
        revocation=revocation_at(said.revoke, basic=basic) if said.revoke else None,
        pkce=said.pkce,
        basic=basic,
        parameters=dict(said.parameters),
        separator=said.separator,
    )


def _account(told: Whose, reply: Reply) -> Account:
    said = reply.json()
    return Account(id=_found(said, told.id), label=_found(said, told.label))


def _found(said: Json, place: str) -> str:
    for name in place.split(".") if place else ():
        said = field_of(said, name)
    return str(said) if place and isinstance(said, str | int) else ""
