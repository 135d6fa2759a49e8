"""From a code to a token for 60 days, and how that is renewed: by itself. Sends nothing.

Instagram documents both requests as a GET with the token, and the first with the app's secret, in
the query, and nothing else.

https://developers.facebook.com/docs/instagram-platform/reference/access_token
https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token
"""

from collections.abc import Sequence

from connector_vault.connector import Client, Grant, Json, Request, Steps, Tokens

from .answers import long_lived

__all__ = ["complete", "renew"]

_GRAPH = "https://graph.instagram.com"
"""These two have no version."""


def complete(client: Client, answer: Json) -> Steps[Sequence[Grant]]:
    """Make of a token for an hour one for 60 days."""
    query = {
        "grant_type": "ig_exchange_token",
        "client_secret": client.secret.reveal(),
        "access_token": str(answer.get("access_token")),
    }
    request = Request("GET", f"{_GRAPH}/access_token", query=query)
    reply = yield request
    if reply.status >= 500:
        # The code is spent, but asking for this once more costs nothing.
        reply = yield request
    said = long_lived(reply)
    scope = {"scope": answer["scope"]} if answer.get("scope") and "error" not in said else {}
    return [Grant({**scope, **said})]


def renew(client: Client, tokens: Tokens) -> Steps[Json]:  # noqa: ARG001  # the token names its app
    """Give a token that is a day old at least for one with 60 days before it.

    The old one goes on, as far as is known: an answer that is lost costs nothing. That a token is
    too young is no error of its own at Instagram, and none that ends anything here.
    """
    token = tokens.refresh.reveal() if tokens.refresh is not None else ""
    query = {"grant_type": "ig_refresh_token", "access_token": token}
    reply = yield Request("GET", f"{_GRAPH}/refresh_access_token", query=query)
    return long_lived(reply)
