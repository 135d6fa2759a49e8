"""Slack: channels, messages, people and files of one workspace, as a bot and as a person.

OAuth     https://docs.slack.dev/authentication/installing-with-oauth
Rotation  https://docs.slack.dev/authentication/using-token-rotation
Methods   https://docs.slack.dev/reference/methods
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
from .answers import account, answer, stale
from .api import API, FILES
from .granting import answers, asking, granted
from .notices import NOTICE
from .revocation import alive, probe, revoke_grant, revoke_token, said

__all__ = ["connector"]

_POST = "POST /chat.postMessage"

_IMPLIES = {
    # Any of a family opens the tool; which one a conversation needs, Slack says by its kind.
    **{f"{kind}:history": frozenset({"channels:history"}) for kind in ("groups", "im", "mpim")},
    **{f"{kind}:read": frozenset({"channels:read"}) for kind in ("groups", "im", "mpim")},
    # What a bot joins by, a person has in this.
    "channels:write": frozenset({"channels:join"}),
}

connector = Connector(
    name="slack",
    title="Slack",
    api=API,
    uploads=(FILES,),
    answer=answer,
    stale=stale,
    implies=_IMPLIES,
    patterns=(
        r"xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,}",
        r"xapp-\d-[A-Za-z0-9-]{10,}",
        r"xwfp-[A-Za-z0-9-]{10,}",
        # Slack writes \/ for a slash in its JSON.
        r"hooks\.slack\.com\\*/services\\*/T[A-Z0-9]+\\*/B[A-Z0-9]+\\*/\w+",
    ),
    oauth=OAuth(
        authorize="https://slack.com/oauth/v2/authorize",
        token=f"{API}/oauth.v2.access",
        # What all tools need in public and private channels; direct messages have scopes of their
        # own. Only a person can search.
        scopes=(
            "channels:history",
            "channels:join",
            "channels:read",
            "chat:write",
            "files:write",
            "groups:history",
            "groups:read",
            "reactions:write",
            "users:read",
            "users:read.email",
            "user:search:read",
        ),
        revocation=Revocation(
            token=revoke_token, grant=revoke_grant, said=said, probe=probe, alive=alive
        ),
        # A challenge would make a Slack app a public client, for good, with refresh tokens of 30
        # days: https://docs.slack.dev/authentication/using-pkce
        pkce=False,
        basic=True,
        separator=",",
        asking=asking,
        answers=answers,
        dead=frozenset(
            {"invalid_grant", "invalid_refresh_token", "token_expired", "token_revoked"},
        ),
        misconfigured=frozenset(
            {
                "bad_client_secret",
                "bad_redirect_uri",
                "invalid_client_id",
                "invalid_grant_type",
                "no_scopes",
                "oauth_authorization_url_mismatch",
                "pkce_not_allowed",
            },
        ),
        trouble=frozenset(
            {"fatal_error", "internal_error", "request_timeout", "service_unavailable"},
        ),
        # 43 200 s for apps that rotate their tokens; without an end for others.
        access=43_200,
        rotates=True,
        granted=granted,
    ),
    identity=Identity(request=Request("POST", "/auth.test"), account=account),
    notice=NOTICE,
    verified="2026-11-21",
    tools=(
        reads(tools.list_channels, "channels:read", requests=["GET /conversations.list"]),
        reads(tools.channel_history, "channels:history", requests=["GET /conversations.history"]),
        reads(tools.thread_replies, "channels:history", requests=["GET /conversations.replies"]),
        reads(tools.get_permalink, requests=["GET /chat.getPermalink"]),
        reads(tools.search_messages, "search:read", requests=["GET /search.messages"]),
        reads(tools.list_users, "users:read", requests=["GET /users.list"]),
        reads(tools.get_user, "users:read", requests=["GET /users.info"]),
        reads(tools.find_user_by_email, "users:read.email", requests=["GET /users.lookupByEmail"]),
        writes(tools.post_message, "chat:write", requests=[_POST]),
        writes(tools.reply_in_thread, "chat:write", requests=[_POST]),
        writes(tools.update_message, "chat:write", requests=["POST /chat.update"]),
        destroys(tools.delete_message, "chat:write", requests=["POST /chat.delete"]),
        writes(tools.schedule_message, "chat:write", requests=["POST /chat.scheduleMessage"]),
        writes(tools.add_reaction, "reactions:write", requests=["POST /reactions.add"]),
        writes(tools.join_channel, "channels:join", requests=["POST /conversations.join"]),
        writes(
            tools.upload_file,
            "files:write",
            requests=["GET /files.getUploadURLExternal", "POST /files.completeUploadExternal"],
            # Nobody sees a file that is not completed.
            silent=[FILES],
            timeout=300,
        ),
    ),
)
