"""X: posts, replies, media, search and people.

OAuth   https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code
Scopes  https://docs.x.com/fundamentals/authentication/guides/v2-authentication-mapping
"""

from connector_vault.connector import (
    Connector,
    Identity,
    OAuth,
    Request,
    Revocation,
    destroys,
    reads,
    writes,
)

from . import tools
from .answers import account, answer
from .api import API
from .notice import notice
from .revocation import alive, probe, revoke_token, said
from .tokens import answers

__all__ = ["connector"]

_READ = ("tweet.read", "users.read")
_WRITE = (*_READ, "tweet.write")

_LONG = r"[A-Za-z0-9_-]{40,200}"
_TAILS = (
    "OmF0OjE",
    "OnJ0OjE",
    "OmFjOjE",
    "phdDox",
    "pydDox",
    "phYzox",
    "6YXQ6MQ",
    "6cnQ6MQ",
    "6YWM6MQ",
)
"""How `:at:1`, `:rt:1` and `:ac:1` end in base64, after 3n, 3n + 1 and 3n + 2 bytes."""

_HALF_A_YEAR = 180 * 86_400
"""Seconds. X does not say how long a refresh token lives; others report about six months."""

connector = Connector(
    name="x",
    title="X",
    api=API,
    answer=answer,
    # Its tokens are base64 without a beginning of their own; an app's own token has one.
    patterns=(rf"{_LONG}(?:{'|'.join(_TAILS)})={{0,2}}", r"A{18,}[A-Za-z0-9%]{40,}"),
    oauth=OAuth(
        authorize="https://x.com/i/oauth2/authorize",
        token=f"{API}/2/oauth2/token",
        basic=True,
        # offline.access is what makes X give a refresh token.
        scopes=(*_WRITE, "tweet.moderate.write", "media.write", "offline.access"),
        revocation=Revocation(token=revoke_token, said=said, probe=probe, alive=alive),
        answers=answers,
        access=7200,
        idle=_HALF_A_YEAR,
        rotates=True,
    ),
    identity=Identity(request=Request("GET", "/2/users/me"), account=account),
    notice=notice,
    verified="2026-11-21",
    tools=(
        reads(tools.get_me, *_READ, requests=["GET /2/users/me"]),
        reads(tools.get_user, *_READ, requests=["GET /2/users/by/username/{}"]),
        reads(tools.get_post, *_READ, requests=["GET /2/tweets/{}"]),
        reads(tools.get_posts, *_READ, requests=["GET /2/tweets"]),
        reads(
            tools.list_own_posts,
            *_READ,
            requests=["GET /2/users/me", "GET /2/users/{}/tweets"],
        ),
        reads(
            tools.list_mentions,
            *_READ,
            requests=["GET /2/users/me", "GET /2/users/{}/mentions"],
        ),
        reads(tools.search_recent, *_READ, requests=["GET /2/tweets/search/recent"]),
        writes(tools.create_post, *_WRITE, requests=["POST /2/tweets"]),
        writes(tools.reply_to_post, *_WRITE, requests=["POST /2/tweets"]),
        destroys(tools.delete_post, *_WRITE, requests=["DELETE /2/tweets/{}"]),
        writes(
            tools.hide_reply,
            *_READ,
            "tweet.moderate.write",
            requests=["PUT /2/tweets/{}/hidden"],
        ),
        writes(
            tools.upload_media,
            "media.write",
            requests=[
                "POST /2/media/upload",
                "POST /2/media/upload/initialize",
                "POST /2/media/upload/{}/append",
                "POST /2/media/upload/{}/finalize",
                "GET /2/media/upload",
                "POST /2/media/metadata",
            ],
            # What is uploaded nobody sees before it is in a post.
            silent=[
                "POST /2/media/upload",
                "POST /2/media/upload/initialize",
                "POST /2/media/upload/{}/append",
                "POST /2/media/upload/{}/finalize",
                "POST /2/media/metadata",
            ],
            timeout=tools.TIMEOUT,
        ),
        reads(tools.get_media_status, "media.write", requests=["GET /2/media/upload"]),
    ),
)
