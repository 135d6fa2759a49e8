"""Instagram, by Facebook Login: accounts linked to a Page, with that Page's token.

Login  https://developers.facebook.com/docs/instagram-platform/instagram-api-with-facebook-login
API    https://developers.facebook.com/docs/instagram-platform
"""

from connector_vault.connector import Connector, Identity, OAuth, Request, Revocation, writes

from .._meta.answers import answer, stale
from .._meta.instagram import MAKING, PUBLISHING, tools
from .._meta.notice import NOTICE
from .._meta.proof import appsecret_proof
from .._meta.words import FACEBOOK, PATTERNS, RUPLOAD, VERSION
from ..facebook.granting import answers, asking
from ..facebook.revocation import alive, probe, revoke_grant, revoke_token, said
from ..facebook.steps import renew
from .granting import NAME, account, complete
from .uploading import PLACE, TIMEOUT, upload_reel

__all__ = ["connector"]

_BEGINNING = "instagram_"

connector = Connector(
    name=NAME,
    title="Instagram (by Facebook)",
    api=FACEBOOK,
    guarded={RUPLOAD: "OAuth"},
    answer=answer,
    stale=stale,
    proof=appsecret_proof,
    # The address of a next page has the token in it.
    secrets=frozenset({"access_token", "next", "previous"}),
    patterns=PATTERNS,
    oauth=OAuth(
        authorize=f"https://www.facebook.com/{VERSION}/dialog/oauth",
        token=f"{FACEBOOK}/oauth/access_token",
        scopes=(
            f"{_BEGINNING}basic",
            f"{_BEGINNING}content_publish",
            f"{_BEGINNING}manage_comments",
            f"{_BEGINNING}manage_insights",
            # Which account is linked to which Page is told with these alone.
            "pages_show_list",
            "pages_read_engagement",
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
        pkce=False,
        asking=asking,
        answers=answers,
        complete=complete,
        renew=renew,
        # A Page's token goes on as long as nobody takes anything back.
        outlives=True,
    ),
    identity=Identity(
        request=Request("GET", "/me", query={"fields": "instagram_business_account{id,username}"}),
        account=account,
    ),
    notice=NOTICE,
    verified="2026-11-22",
    tools=(
        *tools(_BEGINNING),
        writes(
            upload_reel,
            f"{_BEGINNING}basic",
            f"{_BEGINNING}content_publish",
            requests=[*PUBLISHING, f"POST {PLACE}/{{}}"],
            silent=[MAKING, RUPLOAD],
            timeout=TIMEOUT,
        ),
    ),
)
