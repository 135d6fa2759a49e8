"""What is put onto a request for an account: headers, the token, and a proof beside it. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from connector_vault.connector import Connector, Request
from connector_vault.connector.wire import check_request
from connector_vault.masking import Mask
from connector_vault.model import Client, Secret

__all__ = ["Proof", "api_request", "mask_of", "proof_of", "with_token"]

Proof = Callable[[Secret], Mapping[str, str]]
"""Gives query parameters for a token that it is sent with."""


def mask_of(connector: Connector, *tokens: Secret) -> Mask:
    """Make what takes these tokens out of a connector's answers."""
    return Mask([token.reveal() for token in tokens], connector.patterns)


def api_request(
    connector: Connector, request: Request, token: Secret, proof: Proof | None = None
) -> Request:
    """Join a path to the connector's base, and put its headers, the token and its proof on.

    Raises:
        NotAllowed: the method or the path is not one.
    """
    check_request(request)
    query = {**request.query, **proof(token)} if proof else request.query
    headers = _joined(connector.headers, request.headers)
    request = replace(request, url=connector.api + request.url, headers=headers, query=query)
    return with_token(request, token, connector.carrier, connector.scheme)


def with_token(
    request: Request, token: Secret, header: str = "Authorization", scheme: str = "Bearer"
) -> Request:
    """Put a token on, in place of whatever was there."""
    own = {header: f"{scheme} {token.reveal()}".strip()}
    return replace(request, headers=_joined(request.headers, own))


def proof_of(connector: Connector, client: Client | None) -> Proof | None:
    """Give what proves that we hold the client's secret, where a connector asks for it."""
    if connector.proof is None or client is None:
        return None
    return partial(connector.proof, client)


def _joined(ours: Mapping[str, str], theirs: Mapping[str, str]) -> dict[str, str]:
    said = {name.lower() for name in theirs}
    return {name: value for name, value in ours.items() if name.lower() not in said} | dict(theirs)
