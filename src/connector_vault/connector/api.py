"""The one thing a tool is given: a door to one account at one provider."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from connector_vault.connector.wire import File, Json, Part, Parts, Request, fill
from connector_vault.errors import Refused

__all__ = ["UNEXPECTED", "Api", "Query", "read"]

T = TypeVar("T")
UNEXPECTED = "unexpected_answer"
"""The code of an answer that has another shape than the tool asks for."""

Query = str | int | bool | None
"""A query parameter. None is left out; a bool is sent as true or false."""


class Api(ABC):
    """One account's door to one provider. The token is put on behind it; a tool never sees it.

    A `{}` in a path takes the next value as one segment, a `{/}` as a path of several. Every
    answer is read into the type the tool asks for, and fields the type lacks are dropped.
    """

    account: str = ""
    """The account's permanent id, as the connector's identity named it. Empty: it has none."""

    @property
    def left(self) -> float:
        """Give the seconds until the call is ended: what is not told by then is lost."""
        return math.inf

    @abstractmethod
    async def send(self, request: Request) -> Json:
        """Send one request with the token on it, and give what the reply says.

        Raises:
            Refused: the provider said no.
            RateLimited: it said later.
            Unreachable: it did not answer.
            OutcomeUnknown: a write was sent and no answer came.
        """

    async def get(self, into: type[T], path: str, *values: str | int, **query: Query) -> T:
        """Ask for something."""
        wanted = {name: _text(value) for name, value in query.items() if value is not None}
        return read(into, await self.send(Request("GET", fill(path, *values), query=wanted)))

    async def post(self, into: type[T], path: str, *values: str | int, json: Json = None) -> T:
        """Make something."""
        return read(into, await self.send(Request("POST", fill(path, *values), json=json)))

    async def put(self, into: type[T], path: str, *values: str | int, json: Json = None) -> T:
        """Replace something."""
        return read(into, await self.send(Request("PUT", fill(path, *values), json=json)))

    async def patch(self, into: type[T], path: str, *values: str | int, json: Json = None) -> T:
        """Change something."""
        return read(into, await self.send(Request("PATCH", fill(path, *values), json=json)))

    async def delete(self, into: type[T], path: str, *values: str | int, json: Json = None) -> T:
        """Remove something."""
        return read(into, await self.send(Request("DELETE", fill(path, *values), json=json)))

    async def upload(
        self,
        url: str,
        content: bytes | File,
        headers: Mapping[str, str],
        *,
        method: Literal["POST", "PUT"] = "PUT",
        span: range | None = None,
    ) -> Json:
        """Send bytes to one of the connector's upload hosts, or guarded ones.

        The token is put on for the guarded alone.

        A file is read while it is sent, and never held whole. `span`: only these positions of it.
        """
        body: bytes | Parts
        if isinstance(content, bytes):
            body = content
        else:
            body = Parts((Part(content, range(content.size) if span is None else span),))
        return await self.send(Request(method, url, content=body, headers=headers))


def read(into: type[T], said: Json) -> T:
    """Read an answer into a type, so that a provider that changed its shape is told apart.

    Raises:
        Refused: the answer has another shape; the message names the fields, never their values.
    """
    try:
        value: T = _reader(into).validate_python(said)  # type: ignore[arg-type]  # a type is hashable
    except ValidationError as error:
        wrong = {".".join(map(str, detail["loc"])): detail["type"] for detail in error.errors()}
        message = ", ".join(f"{name or 'answer'}: {kind}" for name, kind in wrong.items())
        raise Refused(UNEXPECTED, message[:300]) from None
    return value


@lru_cache(maxsize=512)
def _reader(into: type[Json]) -> TypeAdapter[Json]:
    # Building one costs a millisecond, using it a few microseconds.
    return TypeAdapter(into)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int):
        msg = f"a query parameter is text, a whole number or a bool, not {type(value).__name__}"
        raise TypeError(msg)
    return str(value)
