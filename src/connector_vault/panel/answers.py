"""How it looks when it goes wrong: one JSON object, which says no more than its reader may know."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from traceback import extract_tb

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from connector_vault.errors import (
    BadArguments,
    ConnectorVaultError,
    KeysUnavailable,
    NotAllowed,
    NotConnected,
    StoreUnavailable,
)

__all__ = ["failure", "no_such_place", "refusal", "stranger"]

_PAUSE = "2"
"""Seconds after which it is worth asking again."""

_NEXT = {
    404: "there is nothing at this address: /v1/connections lists connections",
    405: "this address does not take that method: `Allow` names those it takes",
}
"""What to do next where the router gives nothing but the name of a status."""

_log = logging.getLogger(__name__)


def refusal(
    status: int, error: str, message: str, headers: Mapping[str, str] | None = None
) -> Response:
    """Say that something is not done."""
    return JSONResponse({"error": error, "message": message}, status, headers)


def stranger() -> Response:
    """Say that nobody is known by what was shown, and not what was wrong with it."""
    words = "who asks is not known here: send credentials that are valid"
    return refusal(401, "Unauthorized", words, {"WWW-Authenticate": "Bearer"})


def failure(error: Exception) -> Response:
    """Say how a request failed. What its caller cannot mend is told to the log alone."""
    kind = type(error).__name__
    match error:
        case BadArguments():
            return refusal(400, kind, str(error))
        case NotAllowed():
            return refusal(403, kind, str(error))
        case NotConnected():
            # The same for another tenant's, and with nothing in it that could tell them apart.
            words = "there is no such connection: /v1/connections lists those there are"
            return refusal(404, kind, words)
        case StoreUnavailable() | KeysUnavailable():
            _log.warning("a request could not be answered: %s", error)
            words = "this cannot be answered now: try again"
            return refusal(503, kind, words, {"Retry-After": _PAUSE})
        case _:
            _log.error("a request failed with %s: %s", kind, _cause(error))
            return refusal(500, "Failed", "this failed, and the log of the vault says how")


async def no_such_place(_: Request, error: Exception) -> Response:
    """Say what the router says, and whoever identifies people, in our own form."""
    if not isinstance(error, HTTPException):
        raise error
    phrase = HTTPStatus(error.status_code).phrase
    words = _NEXT.get(error.status_code, phrase) if error.detail == phrase else str(error.detail)
    name = phrase.title().replace(" ", "")
    return refusal(error.status_code, name, words, error.headers)


def _cause(error: Exception) -> str:
    if isinstance(error, ConnectorVaultError):
        return str(error)
    # The text of a foreign error may hold anything, so only its place is told.
    place = extract_tb(error.__traceback__)[-1]
    return f"{place.filename}, line {place.lineno}"
