"""Errors: those of the token endpoint, and those of the Graph API."""

from datetime import UTC, datetime

from connector_vault.connector import Json, Reply
from connector_vault.emulator import json_reply

from .grants import Token

__all__ = ["dead_token", "dead_words", "graph_error", "oauth_error"]

_WHY = {
    458: "The user has not authorized application {app}.",
    460: "The session has been invalidated because the user changed their password or Facebook "
    "has changed the session for security reasons.",
    459: "The user must log in at www.facebook.com: the account is checkpointed.",
    467: "This session is invalid because the user logged out.",
}


def oauth_error(message: str) -> Reply:
    """Answer as api.instagram.com does."""
    said = {"error_type": "OAuthException", "code": 400, "error_message": message}
    return json_reply(400, said)


def graph_error(code: int, message: str, subcode: int = 0, status: int = 400) -> Reply:
    """Answer as graph.instagram.com does."""
    said: dict[str, Json] = {"message": message, "type": "OAuthException", "code": code}
    said |= {"error_subcode": subcode} if subcode else {}
    return json_reply(status, {"error": {**said, "fbtrace_id": "AMlw7fTjYxH2jLx2RUbDRQY"}})


def dead_words(token: Token | None, now: float) -> tuple[str, int]:
    """Say why a token is no good, in words and by a subcode. Empty: it is good."""
    if token is None:
        return "Invalid OAuth access token - Cannot parse access token", 0
    if token.why:
        return f"Error validating access token: {_WHY[token.why].format(app=token.app)}", token.why
    if now >= token.ends:
        end = datetime.fromtimestamp(int(token.ends), UTC).strftime("%A, %d-%b-%y %H:%M:%S UTC")
        return f"Error validating access token: Session has expired on {end}.", 463
    return "", 0


def dead_token(token: Token | None, now: float, status: int) -> Reply | None:
    """Answer to a token that is no good. None: it is good."""
    words, subcode = dead_words(token, now)
    return graph_error(190, words, subcode, status) if words else None
