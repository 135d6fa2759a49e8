"""The way out: where the token is put on, and the only places it can reach."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from connector_vault.answer import Answer
from connector_vault.connector import Api, Connector, Json, Reply, Request, Tool
from connector_vault.connector.api import UNEXPECTED
from connector_vault.connector.wire import Flow, Parts, check_request, is_among
from connector_vault.declared import changes, check_declared
from connector_vault.dressing import Proof, api_request, mask_of, with_token
from connector_vault.errors import (
    ConnectorVaultError,
    NotAllowed,
    OutcomeUnknown,
    RateLimited,
    Reconnect,
    Refused,
    TimedOut,
    Unreachable,
)
from connector_vault.http import Http, origin_of, read_body
from connector_vault.masking import Mask, without
from connector_vault.model import AccessToken, Secret

__all__ = ["Direct", "Egress", "Progress"]

MAX_REPLY = 10 * 1024 * 1024
"""Bytes of an API's answer."""

_NOT_FOR_A_TOOL = frozenset({"connection", "set-cookie", "transfer-encoding"})
"""Headers of an answer that stay here: a session of the account, and what is about this hop."""

Tokens = Callable[[int | None], Awaitable[AccessToken]]
"""Gives the token as it is now; a newer one than the generation named, if one is."""


Progress = Callable[[int, int], None]
"""Called with how many bytes of a body have been sent, and how many there are."""


class Egress:
    """An account's door for one call, in the process that holds its token."""

    def __init__(
        self,
        connector: Connector,
        tool: Tool,
        http: Http,
        tokens: Tokens,
        *,
        deadline: float,
        progress: Progress | None = None,
        proof: Proof | None = None,
        account: str = "",
    ) -> None:
        self.connector = connector
        self.account = account
        self._proof = proof
        self._tool = tool
        self._http = http
        self._tokens = tokens
        self._deadline = deadline
        self._progress = progress
        self._shown: list[Secret] = []
        """Every token that was put on: any of them may come back in an answer."""
        self._changes = 0
        """Changes that were made, or may have been: a tool may send several at once."""
        self._under_way = 0
        """Changes of which nobody knows yet what came of them."""
        self.broken: ConnectorVaultError | None = None
        """What broke off the last answer, after it had begun."""

    @property
    def left(self) -> float:
        """Give the seconds until the call is ended."""
        return self._deadline - asyncio.get_running_loop().time()

    @property
    def wrote(self) -> bool:
        """Whether something was changed there, or may have been."""
        return self._changes > 0

    @property
    def undecided(self) -> bool:
        """Whether a change was begun, and nobody knows yet what came of it."""
        return self._under_way > 0

    @asynccontextmanager
    async def exchange(self, request: Request) -> AsyncGenerator[Answer]:
        """Ask the provider, and give what it answers, masked, as it comes.

        The url is a path below the connector's `api`, or an address at one of its upload hosts.

        Raises:
            NotAllowed: the tool may not ask this.
            Unreachable, TimedOut: nothing was changed.
            OutcomeUnknown: it was sent, and no answer came.
        """
        check_request(request)
        known = self._is_with_token(request)
        if known:
            check_declared(self._tool, request)
        token = await self._tokens(None)
        # What flows by cannot be sent once more.
        if known and not isinstance(request.content, Flow):
            async with self._once(request, token) as answer:
                if not await self._is_stale(answer):
                    yield await self._told(request, answer)
                    return
            # Another process may have refreshed: GitHub's refresh ends the old token at once.
            token = await self._tokens(token.generation)
        async with self._once(request, token) as answer:
            yield await self._told(request, answer)

    def _is_with_token(self, request: Request) -> bool:
        return request.url.startswith("/") or origin_of(request.url) in self.connector.guarded

    def _outgoing(self, request: Request, token: Secret) -> tuple[Request, str]:
        connector = self.connector
        if request.url.startswith("/"):
            return api_request(connector, request, token, self._proof), origin_of(connector.api)
        request, origin = self._watched(request), origin_of(request.url)
        if origin in connector.guarded:
            return with_token(request, token, scheme=connector.guarded[origin]), origin
        if not is_among(request.url, connector.uploads):
            raise NotAllowed(f"{origin} is not a host of this connector")
        return request, origin

    def _watched(self, request: Request) -> Request:
        body = request.content
        if self._progress is None or not isinstance(body, Parts | Flow):
            return request
        return replace(request, content=Flow(len(body), _counted(body, self._progress)))

    def clean(self, text: bytes) -> bytes:
        """Give a tool's own words without the tokens that were used, and what looks like one.

        It never had them; this is for what was written in a way that the door did not see through.
        """
        return self._mask().clean(text, escaped=False)

    @asynccontextmanager
    async def _once(self, request: Request, token: AccessToken) -> AsyncGenerator[Answer]:
        count = int(changes(self._tool, request))
        outgoing, origin = self._outgoing(request, token.secret)
        if token.secret not in self._shown:
            self._shown.append(token.secret)
        self._changes += count
        self._under_way += count
        answered = False
        try:
            async with self._http.stream(
                outgoing, origins={origin}, deadline=self._deadline, limit=MAX_REPLY
            ) as answer:
                answered = True
                self._under_way -= count
                if not _is_blank_failure(answer) and (
                    answer.status >= 300 or (count and await self._is_refused(answer))
                ):
                    self._changes -= count
                yield answer
        except (NotAllowed, TimedOut, Unreachable):
            # Before an answer these mean that nothing was sent.
            if not answered:
                self._under_way -= count
                self._changes -= count
            raise
        except OutcomeUnknown as error:
            # The tool is told, and may look. What is cancelled tells nobody, and stays under way.
            if not answered:
                self._under_way -= count
            if count:
                raise
            if asyncio.get_running_loop().time() >= self._deadline:
                raise TimedOut(str(error)) from error
            raise Unreachable(str(error)) from error

    async def _is_stale(self, answer: Answer) -> bool:
        stale, refused = self.connector.stale, answer.status == 401
        if self.connector.oauth is None and self.connector.identity is None:
            # There is no newer one, and nobody to ask: one answer ends no connection.
            return False
        if not refused and stale is None:
            return False
        body = await answer.short()
        if body is None:
            return refused
        reply = Reply(answer.status, body, answer.headers)
        # A connector's own code, on what a provider says: it decides nothing by failing.
        with suppress(Exception, SystemExit):
            if not refused and stale is not None:
                return stale(reply)
            try:
                self.connector.answer(reply)
            except Refused as error:
                # It says no for another reason, such as a scope: a newer token has it no more.
                return error.code == UNEXPECTED
        return refused

    async def _is_refused(self, answer: Answer) -> bool:
        # Some providers say no with a status that says yes.
        body = await answer.short()
        if body is None:
            return False
        with suppress(Exception, SystemExit):
            # What cannot be read is no refusal.
            json.loads(body or b"null")
            try:
                self.connector.answer(Reply(answer.status, body, answer.headers))
            except (RateLimited, Reconnect):
                return True
            except Refused as error:
                return error.code != UNEXPECTED
        return False

    async def _told(self, request: Request, answer: Answer) -> Answer:
        if _is_blank_failure(answer):
            words = f"{self.connector.title} answered {answer.status}"
            if not changes(self._tool, request):
                raise Unreachable(f"{words}: try again in a while")
            if not await answer.short():
                words = f"{words} to a change: look whether it happened before repeating"
                raise OutcomeUnknown(words)
            # What else it says of a change is for the tool to read.
        mask = self._mask()
        kept = {name: said for name, said in answer.headers.items() if name not in _NOT_FOR_A_TOOL}
        if self.connector.secrets:
            body = mask.clean(without(self.connector.secrets, await answer.whole()))
            return Answer.of(answer.status, _clean(kept, mask), body)
        return Answer(answer.status, _clean(kept, mask), _masked(answer.pieces, mask))

    def _mask(self) -> Mask:
        return mask_of(self.connector, *self._shown)


class Direct(Api):
    """The same door for a tool that runs in this process."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        self.account = egress.account

    @property
    def left(self) -> float:
        return self._egress.left

    async def send(self, request: Request) -> Json:
        async with self._egress.exchange(request) as answer:
            body = b"".join([piece async for piece in answer.pieces])
        return self._egress.connector.answer(Reply(answer.status, body, answer.headers))


def _clean(headers: Mapping[str, str], mask: Mask) -> Mapping[str, str]:
    everything = "\n".join(headers.values()).encode("latin-1", "replace")
    # All at once first: hardly any holds a token, and each costs as much to look at.
    if mask.clean(everything) == everything:
        return headers
    return {
        name: mask.clean(said.encode("latin-1", "replace")).decode("latin-1")
        for name, said in headers.items()
    }


def _is_blank_failure(answer: Answer) -> bool:
    # A bare 5xx may come from a proxy, after the provider did what was asked.
    return answer.status >= 500 and "retry-after" not in answer.headers


async def _counted(body: Parts | Flow, progress: Progress) -> AsyncGenerator[bytes]:
    sent = 0
    async for piece in read_body(body):
        yield piece
        sent += len(piece)
        progress(sent, len(body))


async def _masked(pieces: AsyncIterator[bytes], mask: Mask) -> AsyncGenerator[bytes]:
    async for piece in pieces:
        if certain := mask.feed(piece):
            yield certain
    if rest := mask.rest():
        yield rest
