"""Ending Jotter's tokens: https://jotter.example/docs/revoke (RFC 7009)."""

from collections.abc import Sequence

from connector_vault.connector import Client, Request, Tokens, basic

__all__ = ["revoke_token"]


def revoke_token(client: Client, tokens: Tokens) -> Sequence[Request]:
    """End one token."""
    form = {"token": tokens.access.reveal(), "token_type_hint": "access_token"}
    url = "https://jotter.example/oauth/revoke"
    return (Request("POST", url, headers=basic(client), form=form),)
