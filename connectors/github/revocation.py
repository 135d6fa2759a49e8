"""How GitHub is told that a connection ended.

https://docs.github.com/en/rest/apps/oauth-applications
"""

from collections.abc import Sequence

from connector_vault.connector import Client, Request, Tokens, basic, fill

from .api import API, HEADERS

__all__ = ["probe", "revoke_grant", "revoke_token"]


def revoke_token(client: Client, tokens: Tokens) -> Sequence[Request]:
    """End this token. Others of the same account at this client live on."""
    return (_about("DELETE", "/applications/{}/token", client, tokens),)


def revoke_grant(client: Client, tokens: Tokens) -> Sequence[Request]:
    """End every token of the account at this client, and take the client off its settings page."""
    return (_about("DELETE", "/applications/{}/grant", client, tokens),)


def probe(client: Client, tokens: Tokens) -> Request:
    """Ask whether the token lives: 200 it does, 404 it does not."""
    return _about("POST", "/applications/{}/token", client, tokens)


def _about(method: str, path: str, client: Client, tokens: Tokens) -> Request:
    return Request(
        method,
        API + fill(path, client.id),
        headers={**HEADERS, **basic(client)},
        json={"access_token": tokens.access.reveal()},
    )
