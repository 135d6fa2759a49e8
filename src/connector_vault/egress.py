"""The way out: where the token is put on, and the only hosts it can reach."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from urllib.parse import unquote

from connector_vault.connector import Api, Connector, Json, Reply, Request
from connector_vault.errors import NotAllowed, OutcomeUnknown, Refused, TimedOut, Unreachable
from connector_vault.http import Http, origin_of
from connector_vault.model import AccessToken, Secret
from connector_vault.redaction import forms

__all__ = ["Egress", "api_request", "hear"]

MAX_REPLY = 10 * 1024 * 1024
"""Bytes of an API's answer."""

_HIDDEN = "[token]"
_METHODS = frozenset({"DELETE", "GET", "PATCH", "POST", "PUT"})
_NOT_A_TOOLS = frozenset(
    {"authorization", "connection", "content-length", "cookie", "host", "transfer-encoding"}
)
"""Headers that say who asks, whom, and how long a message is."""

_PATH = re.compile(r"/[\x21-\x7e]*")

Tokens = Callable[[int | None], Awaitable[AccessToken]]
"""Gives the token as it is now; a newer one than the generation named, if one is."""


class Egress(Api):
    """An account's door, in the process that holds its token."""

    def __init__(
        self, connector: Connector, http: Http, tokens: Tokens, *, deadline: float
    ) -> None:
        self._connector = connector
        self._http = http
        self._tokens = tokens
        self._deadline = deadline
        self._shown: list[Secret] = []
        """Every token that was put on: any of them may come back in an answer."""
        self.wrote = False
        """Whether something was changed there, or may have been."""

    async def send(self, request: Request) -> Json:
        token = await self._tokens(None)
        reply = await self._once(request, token.secret)
        if reply.status == 401 and request.url.startswith("/"):
            # Another process may have refreshed: GitHub's refresh ends the old token at once.
            token = await self._tokens(token.generation)
            reply = await self._once(request, token.secret)
        if request.method != "GET" and _is_blank_failure(reply):
            words = f"{self._connector.title} answered {reply.status} to a change"
            raise OutcomeUnknown(f"{words}: look whether it happened before repeating it")
        return hear(self._connector, reply, self._shown)

    async def _once(self, request: Request, token: Secret) -> Reply:
        changes = request.method != "GET"
        if token not in self._shown:
            self._shown.append(token)
        if _NOT_A_TOOLS & {name.lower() for name in request.headers}:
            raise NotAllowed("a tool set a header that is not its own to set")
        outgoing, origins = request, frozenset(self._connector.uploads)
        if request.url.startswith("/"):
            outgoing = api_request(self._connector, request, token)
            origins = frozenset({origin_of(self._connector.api)})
        wrote, self.wrote = self.wrote, self.wrote or changes
        try:
            reply = await self._http.send(
                outgoing, origins=origins, deadline=self._deadline, limit=MAX_REPLY
            )
        except (NotAllowed, TimedOut, Unreachable):
            self.wrote = wrote
            raise
        except OutcomeUnknown as error:
            if changes:
                raise
            if asyncio.get_running_loop().time() >= self._deadline:
                raise TimedOut(str(error)) from error
            raise Unreachable(str(error)) from error
        if reply.status >= 300 and not _is_blank_failure(reply):
            self.wrote = wrote
        return reply


def api_request(connector: Connector, request: Request, token: Secret) -> Request:
    """Join a path to the connector's base, and put its headers and the token on.

    Raises:
        NotAllowed: the method or the path is not one.
    """
    path = request.url
    pieces = unquote(path).replace("\\", "/").split("/")
    climbs = any(piece in (".", "..") for piece in pieces)
    if (
        request.method not in _METHODS
        or not _PATH.fullmatch(path)
        or climbs
        or set("?#\\") & set(path)
    ):
        raise NotAllowed("a tool asked for an address that is not a plain path of its API")
    headers = {**connector.headers, **request.headers}
    headers["Authorization"] = f"Bearer {token.reveal()}"
    return replace(request, url=connector.api + path, headers=headers)


def _is_blank_failure(reply: Reply) -> bool:
    # A bare 5xx may come from a proxy, after the provider did what was asked.
    return reply.status >= 500 and "retry-after" not in reply.headers


def hear(connector: Connector, reply: Reply, tokens: Sequence[Secret]) -> Json:
    """Give what a reply says, without any of these tokens: some providers repeat them.

    Raises:
        ConnectorVaultError: what the connector reads in it.
    """
    body = reply.body
    for token in tokens:
        for _, form in forms(token.reveal()):
            body = body.replace(form, _HIDDEN.encode())
    try:
        said = connector.answer(replace(reply, body=body))
    except Refused as error:
        raise Refused(_hide(error.code, tokens), _hide(error.message, tokens)) from None
    # It may have been written with escapes. Written again it has those that we look for.
    return _scrub(said, tokens) if b"\\" in body else said


def _scrub(said: Json, tokens: Sequence[Secret]) -> Json:
    text = json.dumps(said, ensure_ascii=False)
    for token in tokens:
        text = text.replace(json.dumps(token.reveal(), ensure_ascii=False)[1:-1], _HIDDEN)
    return json.loads(text)


def _hide(text: str, tokens: Sequence[Secret]) -> str:
    for token in tokens:
        text = text.replace(token.reveal(), _HIDDEN)
    return text
