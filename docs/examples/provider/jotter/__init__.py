"""Jotter: notes.

OAuth  https://jotter.example/docs/oauth
"""

from dataclasses import dataclass

from connector_vault.connector import (
    Account,
    Connector,
    Identity,
    OAuth,
    Reply,
    Request,
    Revocation,
    plain_answer,
    read,
    reads,
    writes,
)

from . import tools
from .revocation import revoke_token

__all__ = ["connector"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Me:
    id: str
    name: str


def _account(reply: Reply) -> Account:
    me = read(_Me, plain_answer(reply))
    return Account(id=me.id, label=me.name)


connector = Connector(
    name="jotter",
    title="Jotter",
    api="https://api.jotter.example/v1",
    oauth=OAuth(
        authorize="https://jotter.example/oauth/authorize",
        token="https://jotter.example/oauth/token",
        scopes=("notes",),
        revocation=Revocation(token=revoke_token),
        access=3600,
        rotates=True,
    ),
    identity=Identity(request=Request("GET", "/me"), account=_account),
    tools=(
        reads(tools.list_notes, "notes", requests=["GET /notes"]),
        writes(tools.add_note, "notes", requests=["POST /notes"]),
    ),
    patterns=(r"jot_[A-Za-z0-9_-]{32}",),
)
