"""The panel's addresses, and what each of them does."""

from collections.abc import Awaitable, Callable, Collection

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connector_vault.documents import connection_document, receipt_document
from connector_vault.errors import BadArguments, NotConnected
from connector_vault.model import Connection
from connector_vault.panel import answers, questions
from connector_vault.panel.guard import Guard
from connector_vault.panel.health import Health
from connector_vault.panel.identity import Identify, Who, by_key, known
from connector_vault.vault import Vault

__all__ = ["app"]

Work = Callable[[Vault, Who, Request], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def app(
    vault: Vault, *, identify: Identify | None = None, hosts: Collection[str] | None = None
) -> Starlette:
    """Make the panel of a vault: an ASGI app, to be served or mounted.

    `identify`: tells whose connections a request is about: an `Owner`; a `Tenant` for everybody in
    it; None for a stranger. It may be asynchronous. Without it, requests show an access key.
    `hosts`: the names this answers to. None: any, because whoever mounts it checks them.
    """
    asked, health = identify or by_key(vault), Health(vault)
    path = "/v1/connections"
    site = Starlette(
        routes=[
            Route(path, _behind(vault, asked, _list)),
            Route(f"{path}/{{id}}", _behind(vault, asked, _show)),
            Route(
                f"{path}/{{id}}/disconnect", _behind(vault, asked, _disconnect), methods=["POST"]
            ),
            Route("/healthz", health.alive),
            Route("/readyz", health.ready),
        ],
        middleware=[Middleware(Guard, hosts=hosts)],
        exception_handlers={HTTPException: answers.no_such_place},
    )
    # It would answer with an address made of whatever Host says.
    site.router.redirect_slashes = False
    return site


def _behind(vault: Vault, identify: Identify, work: Work) -> Endpoint:
    """Let only those in who are known, and tell them how it went wrong."""

    async def endpoint(request: Request) -> Response:
        try:
            who = await known(identify, request)
            return answers.stranger() if who is None else await work(vault, who, request)
        except HTTPException:
            raise
        except Exception as error:  # noqa: BLE001  # the last one to see it
            return answers.failure(error)

    return endpoint


async def _list(vault: Vault, who: Who, request: Request) -> Response:
    question = questions.read(request.query_params.multi_items(), who)
    found = await _found(vault, question)
    page = found[: question.limit]
    more = len(found) > question.limit
    documents = [connection_document(one) for one in page]
    return JSONResponse({"connections": documents, "next": page[-1].id if more else None})


async def _show(vault: Vault, who: Who, request: Request) -> Response:
    return JSONResponse(connection_document(await _one(vault, who, request)))


async def _disconnect(vault: Vault, who: Who, request: Request) -> Response:
    connection = await _one(vault, who, request)
    receipt = await vault.disconnect(connection.id, owner=connection.owner)
    return JSONResponse(receipt_document(receipt), 200 if receipt.confirmed else 202)


async def _one(vault: Vault, who: Who, request: Request) -> Connection:
    return await vault.get(request.path_params["id"], owner=who)


async def _found(vault: Vault, question: questions.Question) -> list[Connection]:
    """Give the connections asked for, and one more if there is one."""
    found: list[Connection] = []
    asked = vault.connections(
        owner=question.owner, provider=question.provider, after=question.after
    )
    try:
        async for one in asked:
            found.append(one)
            if len(found) > question.limit:
                break
    except NotConnected:
        raise BadArguments("after is the `next` of an earlier answer, and this is none") from None
    return found
