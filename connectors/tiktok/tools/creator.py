"""What an account may post, which has to be asked before each post.

https://developers.tiktok.com/doc/content-posting-api-reference-query-creator-info
"""

from dataclasses import dataclass

from connector_vault.connector import Api, BadArguments

from .parameters import Privacy, ask

__all__ = ["QUERY", "Creator", "Wishes", "allow", "creator_info"]

_PATH = "/v2/post/publish/creator_info/query/"

QUERY = f"POST {_PATH}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Creator:
    """Whose account it is, and what it may post now."""

    creator_username: str
    creator_nickname: str = ""
    privacy_level_options: tuple[str, ...] = ()
    comment_disabled: bool = False
    duet_disabled: bool = False
    stitch_disabled: bool = False
    max_video_post_duration_sec: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What somebody wants of a post, as far as the account decides on it."""

    privacy_level: Privacy
    allow_comments: bool
    allow_duet: bool = False
    allow_stitch: bool = False
    seconds: float | None = None
    """How long it plays. None: nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    data: Creator


async def creator_info(api: Api) -> Creator:
    """Say what the account may post now: to whom, with which interactions, how long.

    Returns its name, the `privacy_level` values it offers, whether comments, duets and stitches are
    off, and the longest film in seconds. Posting tools check this by themselves. 20 times a minute.
    Refused if the account can post no more today.
    """
    return (await ask(api, _Found, _PATH)).data


async def allow(api: Api, wishes: Wishes) -> Creator:
    """Ask what the account may post, and let only that pass.

    Raises:
        BadArguments: it may not post this. Nothing was sent but the question.
    """
    creator = await creator_info(api)
    problems = [*_problems(creator, wishes)]
    if problems:
        raise BadArguments(f"{'; '.join(problems)}. Nothing was posted")
    return creator


def _problems(creator: Creator, wishes: Wishes) -> list[str]:
    found: list[str] = []
    if wishes.privacy_level not in creator.privacy_level_options:
        offered = ", ".join(creator.privacy_level_options) or "none"
        found.append(f"privacy_level: the account offers {offered}")
    if wishes.allow_comments and creator.comment_disabled:
        found.append("allow_comments: the account has comments turned off")
    if wishes.allow_duet and creator.duet_disabled:
        found.append("allow_duet: the account has duets turned off, or is private")
    if wishes.allow_stitch and creator.stitch_disabled:
        found.append("allow_stitch: the account has stitches turned off, or is private")
    most = creator.max_video_post_duration_sec
    if most is not None and wishes.seconds is not None and wishes.seconds > most:
        found.append(f"the film plays {wishes.seconds:.1f} s, and the account may post {most} s")
    return found
