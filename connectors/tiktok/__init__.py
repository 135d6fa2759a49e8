"""TikTok: posting films and photos, drafts, and an account's own posts.

OAuth    https://developers.tiktok.com/doc/oauth-user-access-token-management
Posting  https://developers.tiktok.com/doc/content-posting-api-get-started
Scopes   https://developers.tiktok.com/doc/tiktok-api-scopes
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
from .api import API, TOKEN
from .notice import notice
from .revocation import alive, probe, revoke_grant, revoke_token, said
from .tokens import answers, challenge

__all__ = ["connector"]

_LIST, _UPLOAD, _PUBLISH = "video.list", "video.upload", "video.publish"

_HALF_A_YEAR = 180 * 86_400
"""Seconds, as of November 2026. Each answer says for itself."""

connector = Connector(
    name="tiktok",
    title="TikTok",
    api=API,
    # Which host takes a film, TikTok says with each; these are those it has been seen to name.
    uploads=("https://*.tiktokapis.com", "https://*.us.tiktokapis.com"),
    answer=answer,
    stale=stale,
    # An address for uploads holds a token, too, but has to reach the tool: it takes one film.
    patterns=(r"\b(?:act|rft|clt)\.[A-Za-z0-9!._*-]{16,}",),
    oauth=OAuth(
        authorize="https://www.tiktok.com/v2/auth/authorize/",
        token=TOKEN,
        client_id="client_key",
        separator=",",
        scopes=("user.info.basic", _LIST, _UPLOAD, _PUBLISH),
        challenge=challenge,
        answers=answers,
        revocation=Revocation(
            token=revoke_token,
            grant=revoke_grant,
            said=said,
            probe=probe,
            alive=alive,
            needs_live_token=True,
            alone=False,
        ),
        access=7200,
        idle=_HALF_A_YEAR,
        rotates=True,
    ),
    identity=Identity(
        request=Request("GET", "/v2/user/info/", query={"fields": "open_id,display_name"}),
        account=account,
    ),
    notice=notice,
    verified="2026-11-22",
    tools=(
        reads(tools.creator_info, _PUBLISH, requests=[tools.QUERY]),
        writes(
            tools.post_video,
            _PUBLISH,
            requests=[tools.QUERY, tools.VIDEO, tools.FETCH],
            # Nobody sees anything before the last chunk is there.
            silent=[tools.QUERY, tools.VIDEO, tools.FETCH],
            timeout=tools.UPLOADED,
        ),
        writes(
            tools.post_video_from_url,
            _PUBLISH,
            requests=[tools.QUERY, tools.VIDEO, tools.FETCH],
            silent=[tools.QUERY, tools.FETCH],
        ),
        writes(
            tools.post_photos,
            _PUBLISH,
            requests=[tools.QUERY, tools.CONTENT, tools.FETCH],
            silent=[tools.QUERY, tools.FETCH],
        ),
        writes(
            tools.upload_draft,
            _UPLOAD,
            requests=[tools.INBOX, tools.FETCH],
            silent=[tools.INBOX, tools.FETCH],
            timeout=tools.UPLOADED,
        ),
        writes(
            tools.upload_draft_from_url,
            _UPLOAD,
            requests=[tools.INBOX, tools.FETCH],
            silent=[tools.FETCH],
        ),
        writes(
            tools.upload_photo_draft,
            _UPLOAD,
            requests=[tools.CONTENT, tools.FETCH],
            silent=[tools.FETCH],
        ),
        # Either of the two scopes for posting will do, so that none of them is asked for here.
        reads(tools.publish_status, requests=[tools.FETCH]),
        destroys(tools.cancel_publish, requests=[tools.CANCEL]),
        reads(tools.user_info, "user.info.basic", requests=[tools.ME]),
        reads(tools.list_videos, _LIST, requests=[tools.LIST]),
        reads(tools.query_videos, _LIST, requests=[tools.SOME]),
    ),
)
