"""How Notion is told that a connection ended.

https://developers.notion.com/reference/revoke-token
https://developers.notion.com/reference/introspect-token
"""

from collections.abc import Sequence

from connector_vault.connector import (
    Client,
    Ending,
    Json,
    Refused,
    Reply,
    Request,
    Secret,
    Tokens,
    basic,
)

from .api import API, HEADERS

__all__ = ["alive", "probe", "revoke", "said"]

_GONE = frozenset({"invalid_grant", "invalid_request", "invalid_token", "validation_error"})
"""What a token that no longer lives may be answered with: Notion documents 400 and no code."""


def revoke(client: Client, tokens: Tokens) -> Sequence[Request]:
    """End both tokens: whether the end of one is the end of the other is not documented."""
    both = (tokens.refresh, tokens.access)
    return tuple(_about("revoke", client, token) for token in both if token is not None)


def said(reply: Reply) -> Ending:
    """Tell a token that was ended from one that had ended before."""
    if reply.status < 300:
        return "revoked"
    problem = _fields(reply)
    gone = reply.status == 400 and {problem.get("code"), problem.get("error")} & _GONE
    return "already gone" if gone else "unconfirmed"


def probe(client: Client, tokens: Tokens) -> Request:
    """Ask whether the longer-lived of the two still works, without side effects."""
    return _about("introspect", client, tokens.refresh or tokens.access)


def alive(reply: Reply) -> bool | None:
    """Read what introspection says (RFC 7662 §2.2)."""
    active = _fields(reply).get("active")
    return active if reply.status < 300 and isinstance(active, bool) else None


def _about(deed: str, client: Client, token: Secret) -> Request:
    return Request(
        "POST",
        f"{API}/v1/oauth/{deed}",
        headers={**HEADERS, **basic(client)},
        json={"token": token.reveal()},
    )


def _fields(reply: Reply) -> dict[str, Json]:
    try:
        fields = reply.json()
    except Refused:
        return {}
    return {**fields} if isinstance(fields, dict) else {}
