"""Facebook Pages: posts, photos, Reels, comments, messages and numbers.

Login   https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
Tokens  https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived
Pages   https://developers.facebook.com/docs/pages-api
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

from .._meta.answers import answer, stale
from .._meta.notice import NOTICE
from .._meta.proof import appsecret_proof
from .._meta.words import FACEBOOK, PATTERNS, RUPLOAD, VERSION
from . import tools
from .granting import account, answers, asking
from .revocation import alive, probe, revoke_grant, revoke_token, said
from .steps import complete, renew

__all__ = ["connector"]

_READ = ("pages_show_list", "pages_read_engagement")
_POST = (*_READ, "pages_manage_posts")
_COMMENT = (*_READ, "pages_manage_engagement")
_MESSAGE = (*_READ, "pages_messaging")
_COUNT = (*_READ, "read_insights")

_FEED = "POST /{}/feed"
_NODE = "POST /{}"

connector = Connector(
    name="facebook",
    title="Facebook Pages",
    api=FACEBOOK,
    guarded={RUPLOAD: "OAuth"},
    answer=answer,
    stale=stale,
    proof=appsecret_proof,
    # An address of the next page holds the token.
    secrets=frozenset({"access_token", "next", "previous"}),
    patterns=PATTERNS,
    oauth=OAuth(
        authorize=f"https://www.facebook.com/{VERSION}/dialog/oauth",
        token=f"{FACEBOOK}/oauth/access_token",
        scopes=(
            *_READ,
            "pages_manage_posts",
            "pages_read_user_content",
            "pages_manage_engagement",
            "pages_messaging",
            "read_insights",
        ),
        revocation=Revocation(
            token=revoke_token,
            grant=revoke_grant,
            said=said,
            probe=probe,
            alive=alive,
            alone=False,
        ),
        family="facebook",
        # Documented for another flow alone, and the app's secret is needed all the same.
        pkce=False,
        asking=asking,
        answers=answers,
        complete=complete,
        renew=renew,
        # A Page's token goes on as long as nobody takes anything back.
        outlives=True,
    ),
    identity=Identity(request=Request("GET", "/me", query={"fields": "id,name"}), account=account),
    notice=NOTICE,
    verified="2026-11-22",
    tools=(
        reads(tools.get_page, *_READ, requests=["GET /{}"]),
        reads(tools.list_posts, *_READ, requests=["GET /{}/published_posts"]),
        reads(
            tools.read_comments, *_READ, "pages_read_user_content", requests=["GET /{}/comments"]
        ),
        writes(tools.create_post, *_POST, requests=[_FEED]),
        writes(tools.create_photo_post, *_POST, requests=["POST /{}/photos"], timeout=120),
        writes(
            tools.upload_photo,
            *_POST,
            requests=["POST /{}/photos"],
            # Unpublished: nobody sees it before it is in a post.
            silent=["POST /{}/photos"],
            timeout=120,
        ),
        writes(tools.schedule_post, *_POST, requests=[_FEED]),
        reads(tools.list_scheduled_posts, *_POST, requests=["GET /{}/scheduled_posts"]),
        writes(tools.reschedule_post, *_POST, requests=[_NODE]),
        writes(tools.publish_scheduled_post, *_POST, requests=[_NODE]),
        destroys(tools.cancel_scheduled_post, *_POST, requests=["GET /{}", "DELETE /{}"]),
        writes(
            tools.publish_reel,
            *_POST,
            requests=[
                "POST /me/video_reels",
                f"POST {tools.UPLOAD}",
                f"GET {tools.UPLOAD}",
                "POST /{}/video_reels",
                "GET /{}",
            ],
            # What is uploaded nobody sees before the Page's own address is told to publish it.
            silent=["POST /me/video_reels", RUPLOAD],
            timeout=tools.TIMEOUT,
        ),
        reads(tools.get_reel_status, *_POST, requests=["GET /{}"]),
        writes(tools.reply_comment, *_COMMENT, requests=["POST /{}/comments"]),
        writes(tools.hide_comment, *_COMMENT, requests=[_NODE]),
        destroys(tools.delete_comment, *_COMMENT, requests=["DELETE /{}"]),
        reads(tools.list_conversations, *_MESSAGE, requests=["GET /{}/conversations"]),
        reads(tools.read_messages, *_MESSAGE, requests=["GET /{}/messages"]),
        writes(tools.send_message, *_MESSAGE, requests=["POST /{}/messages"]),
        reads(tools.page_insights, *_COUNT, requests=["GET /{}/insights"]),
        reads(tools.post_insights, *_COUNT, requests=["GET /{}/insights"]),
    ),
)
