"""Ending a service's tokens as RFC 7009 has it."""

from functools import partial

from connector_vault.connector import Client, Request, Revocation, Tokens, basic

__all__ = ["revocation_at"]


def revocation_at(address: str, *, basic: bool) -> Revocation:
    """Give how tokens are ended at an address. `basic`: how the client says who it is."""
    return Revocation(token=partial(_by_header if basic else _in_body, address))


def _by_header(address: str, client: Client, tokens: Tokens) -> list[Request]:
    if not client.secret:
        return _in_body(address, client, tokens)
    headers = basic(client)
    return [Request("POST", address, form=form, headers=headers) for form in _forms(tokens)]


def _in_body(address: str, client: Client, tokens: Tokens) -> list[Request]:
    own = {"client_id": client.id}
    if client.secret:
        own["client_secret"] = client.secret.reveal()
    return [Request("POST", address, form=form | own) for form in _forms(tokens)]


def _forms(tokens: Tokens) -> list[dict[str, str]]:
    # The refresh token first: its end should take the access token along (RFC 7009 §2.1).
    hints = {"refresh_token": tokens.refresh, "access_token": tokens.access}
    return [
        {"token": secret.reveal(), "token_type_hint": hint}
        for hint, secret in hints.items()
        if secret
    ]
