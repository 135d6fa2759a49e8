"""How Facebook is told that a person's grant ended. A Page's token has no end of its own.

https://developers.facebook.com/docs/facebook-login/guides/permissions/request-revoke
"""

from collections.abc import Sequence

from connector_vault.connector import Client, Ending, Reply, Request, Secret, Tokens

from .._meta.answers import DEAD, fields_of, problem_of
from .._meta.proof import appsecret_proof
from .._meta.words import FACEBOOK
from .holding import held

__all__ = ["alive", "probe", "revoke_grant", "revoke_token", "said"]

_REMOVED = 458
"""Subcode: the person has removed the app, or never had it."""


def revoke_token(_: Client, __: Tokens) -> Sequence[Request]:
    """Give nothing: a Page's token ends with everything the person granted, and not before."""
    return ()


def revoke_grant(client: Client, tokens: Tokens) -> Sequence[Request]:
    """End all that the person granted to the app: permissions, and every Page's token.

    It is the app that asks, by its own token: that works after the person's token is over, too.
    The app's token holds its secret, so that it travels in a header and never in an address.
    """
    kept = held(tokens.refresh.reveal()) if tokens.refresh is not None else None
    if kept is None:
        return ()
    token = Secret(f"{client.id}|{client.secret.reveal()}") if client.secret else Secret(kept.token)
    url = f"{FACEBOOK}/{kept.person}/permissions"
    query = appsecret_proof(client, token)
    return (Request("DELETE", url, query=query, headers=_bearer(token)),)


def said(reply: Reply) -> Ending:
    """Read what an answer to that confirms."""
    found = problem_of(reply)
    if found is not None:
        gone = found.code in DEAD and found.error_subcode == _REMOVED
        return "already gone" if gone else "unconfirmed"
    success = fields_of(reply).get("success", True)
    return "revoked" if reply.status < 300 and success is True else "unconfirmed"


def probe(client: Client, tokens: Tokens) -> Request:
    """Ask whose the Page's token is."""
    query = {"fields": "id", **appsecret_proof(client, tokens.access)}
    return Request("GET", f"{FACEBOOK}/me", query=query, headers=_bearer(tokens.access))


def alive(reply: Reply) -> bool | None:
    """Read what an answer to `probe` says of the token."""
    found = problem_of(reply)
    if found is not None:
        return False if found.code in DEAD else None
    return True if reply.status < 300 else None


def _bearer(token: Secret) -> dict[str, str]:
    return {"Authorization": f"Bearer {token.reveal()}"}
