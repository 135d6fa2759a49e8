"""Jotter keeps notes. It does not exist; this is what its connector would be."""

from collections.abc import Sequence
from dataclasses import dataclass

from connector_vault.connector import (
    Account,
    Client,
    Connector,
    Identity,
    OAuth,
    Reply,
    Request,
    Revocation,
    Tokens,
    basic,
    plain_answer,
    read,
    reads,
    writes,
)

__all__ = ["connector"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Me:
    id: str
    name: str


def _account(reply: Reply) -> Account:
    me = read(_Me, plain_answer(reply))
    return Account(id=me.id, label=me.name)


def _revoke(client: Client, tokens: Tokens) -> Sequence[Request]:
    """End a token (RFC 7009)."""
    form = {"token": tokens.access.reveal(), "token_type_hint": "access_token"}
    url = "https://jotter.example/oauth/revoke"
    return (Request("POST", url, headers=basic(client), form=form),)


connector = Connector(
    name="jotter",
    title="Jotter",
    api="https://api.jotter.example/v1",
    oauth=OAuth(
        authorize="https://jotter.example/oauth/authorize",
        token="https://jotter.example/oauth/token",
        scopes=("notes",),
        revocation=Revocation(token=_revoke),
    ),
    identity=Identity(request=Request("GET", "/me"), account=_account),
    tools=(
        reads("jotter_connector.tools:list_notes", "notes", requests=["GET /notes"]),
        writes("jotter_connector.tools:add_note", "notes", requests=["POST /notes"]),
    ),
    patterns=(r"jot_[A-Za-z0-9_-]{32}",),
)
