"""Instagram, by Instagram Login: posts, Reels, Stories, comments and numbers of one account.

OAuth  https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login
API    https://developers.facebook.com/docs/instagram-platform
"""

from connector_vault.connector import Connector, Identity, OAuth, Request

from .._meta.answers import answer, stale
from .._meta.instagram import tools
from .._meta.notice import NOTICE
from .._meta.words import INSTAGRAM, PATTERNS
from .answers import LONG, account, answers
from .steps import complete, renew

__all__ = ["connector"]

_BEGINNING = "instagram_business_"

_DAY = 86_400
"""Seconds."""

connector = Connector(
    name="instagram",
    title="Instagram",
    api=INSTAGRAM,
    answer=answer,
    stale=stale,
    # The address of a next page has the token in it.
    secrets=frozenset({"access_token", "next", "previous"}),
    patterns=PATTERNS,
    oauth=OAuth(
        authorize="https://www.instagram.com/oauth/authorize",
        token="https://api.instagram.com/oauth/access_token",
        # Without the first nothing else is granted, and no token renewed.
        scopes=(
            f"{_BEGINNING}basic",
            f"{_BEGINNING}content_publish",
            f"{_BEGINNING}manage_comments",
            f"{_BEGINNING}manage_insights",
        ),
        pkce=False,
        separator=",",
        answers=answers,
        complete=complete,
        renew=renew,
        access=LONG,
        youth=_DAY,
        # Instagram documents no way to end a token: only the person can, in its settings.
        revocation=None,
    ),
    identity=Identity(
        request=Request("GET", "/me", query={"fields": "id,user_id,username,account_type"}),
        account=account,
    ),
    notice=NOTICE,
    verified="2026-11-22",
    tools=tools(_BEGINNING),
)
