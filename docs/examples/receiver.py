"""Hear of events from a vault: a webhook's receiver."""

from pathlib import Path

from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SEAL = Webhook(Path("hook.secret").read_text().strip())
DONE: set[str] = set()  # here stands a table of yours: what comes twice is done once


async def hear(request: Request) -> Response:
    try:
        letter = SEAL.verify(await request.body(), dict(request.headers))
    except (WebhookVerificationError, ValueError):
        return Response(status_code=401)
    if request.headers["webhook-id"] not in DONE:
        if letter["type"] == "connection.reconnect_needed":
            print("tell", letter["data"]["user"], "to connect again", flush=True)
        DONE.add(request.headers["webhook-id"])
    return Response(status_code=204)


site = Starlette(routes=[Route("/hook", hear, methods=["POST"])])
