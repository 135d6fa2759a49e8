"""Publishing: a container is made, looked at, and published; so many in a day.

https://developers.facebook.com/docs/instagram-platform/content-publishing
"""

from urllib.parse import urlsplit

from connector_vault.connector import Json, Reply
from connector_vault.emulator import json_reply

from .instagram_answers import Refusal, chosen, invalid, refusal
from .instagram_asked import Asked, Route, fields_of
from .instagram_gram import DAY, Gram
from .instagram_records import Container, Product

__all__ = ["ROUTES"]

_FILMS = ("VIDEO", "REELS")
_KINDS = ("IMAGE", "STORIES", "CAROUSEL", *_FILMS)
_GRADUATIONS = ("MANUAL", "SS_PERFORMANCE")
_MOST_CAPTION = 2200
_MOST_TAGS = 30
_FEWEST, _MOST = 2, 10
"""Items of a carousel."""


def _make(gram: Gram, asked: Asked) -> Reply:
    kind = asked.text("media_type") or "IMAGE"
    if kind not in _KINDS:
        raise invalid(f"media_type must be one of {', '.join(_KINDS)}", 2207023)
    caption = asked.text("caption")
    if len(caption) > _MOST_CAPTION or caption.count("#") > _MOST_TAGS:
        words = "The caption was too long or had too many tags."
        raise invalid("The caption is too long", 2207010, words)
    container = Container(
        id=gram.next_id("17889615691"),
        account=asked.node,
        created=asked.now,
        ready=asked.now,
        kind=kind,
        said=asked.said,
        child=asked.flag("is_carousel_item"),
        resumable=asked.text("upload_type") == "resumable",
    )
    _check(gram, asked, container)
    gram.containers[container.id] = container
    place = f"https://rupload.facebook.com/ig-api-upload/v26.0/{container.id}"
    return json_reply(200, {"id": container.id} | ({"uri": place} if container.resumable else {}))


def _check(gram: Gram, asked: Asked, container: Container) -> None:
    if container.kind == "CAROUSEL":
        _check_children(gram, asked)
        return
    if container.kind == "VIDEO" and not container.child:
        raise invalid("VIDEO is for items of a carousel: publish a film as REELS", 2207067)
    if container.child and container.kind not in ("IMAGE", "VIDEO"):
        raise invalid("An item of a carousel is an image or a video")
    trial = asked.record("trial_params")
    if trial and trial.get("graduation_strategy") not in _GRADUATIONS:
        raise invalid("graduation_strategy must be MANUAL or SS_PERFORMANCE")
    if container.resumable:
        if gram.login == "instagram" or container.kind not in ("REELS", "STORIES", "VIDEO"):
            raise invalid("Param upload_type must be one of {}")
        return
    picture, film = asked.text("image_url"), asked.text("video_url")
    if container.kind in _FILMS:
        picture = ""
    if container.kind == "IMAGE":
        film = ""
    if not (picture or film):
        name = "image_url" if container.kind == "IMAGE" else "video_url"
        raise invalid(f"The parameter {name} is required")
    _fetch(picture or film, picture=bool(picture))


def _fetch(url: str, *, picture: bool) -> None:
    """Do as if it had been pulled."""
    place = urlsplit(url)
    host = place.hostname or ""
    if place.scheme not in ("http", "https") or host in ("", "localhost", "127.0.0.1"):
        raise _not_fetched(url)
    if host.endswith(".invalid"):
        raise _not_fetched(url)
    if picture and not place.path.lower().endswith((".jpg", ".jpeg")):
        words = "The image format is not supported. Supported formats are: JPEG"
        raise refusal(
            36001, "The image format is not supported.", subcode=2207005, for_people=words
        )


def _not_fetched(url: str) -> Refusal:
    words = f"The media could not be fetched from this URI: {url}"
    message = "Only photo or video can be accepted as media type."
    return refusal(9004, message, subcode=2207052, for_people=words)


def _check_children(gram: Gram, asked: Asked) -> None:
    children = [gram.containers.get(one) for one in asked.listed("children")]
    if not _FEWEST <= len(children) <= _MOST:
        raise invalid(f"children must be {_FEWEST} to {_MOST} containers")
    for child in children:
        if child is None or not child.child or child.account != asked.node:
            raise invalid("Invalid parameter: a child is no item for a carousel of this account")
        if gram.state(child, asked.now) != "FINISHED":
            raise _not_ready()


def _status(gram: Gram, asked: Asked) -> Reply:
    container = gram.containers[asked.node]
    state = gram.state(container, asked.now)
    words = {
        "FINISHED": "Finished: Media has been uploaded and it is ready to be published.",
        "IN_PROGRESS": "In Progress: Media is still being processed.",
        "PUBLISHED": "Published: Media has been successfully published.",
        "EXPIRED": "Expired: The media you are trying to publish has expired.",
        "ERROR": f"Error: {gram.policy.fails}",
    }
    everything: dict[str, Json] = {"id": container.id, "status": words[state], "status_code": state}
    return json_reply(200, chosen(everything, fields_of(asked.text("fields"))))


def _publish(gram: Gram, asked: Asked) -> Reply:
    if not asked.text("creation_id"):
        raise invalid("The parameter creation_id is required")
    container = gram.containers.get(asked.text("creation_id"))
    if container is None or container.account != asked.node or container.child:
        words = "The requested resource does not exist"
        raise refusal(24, words, subcode=2207006, for_people="The media with this id is not there.")
    state = gram.state(container, asked.now)
    if state == "PUBLISHED" and gram.policy.republish == "refuses":
        raise _not_ready()
    if state == "EXPIRED":
        words = "The media you are trying to access has expired. Please try to upload again."
        raise refusal(-2, "The media has expired", subcode=2207020, for_people=words)
    if state not in ("FINISHED", "PUBLISHED"):
        raise _not_ready()
    if gram.used_of(asked.node, asked.now) >= gram.policy.quota:
        words = "You reached maximum number of posts that is allowed to be published by the API."
        raise refusal(9, "Application request limit reached", subcode=2207042, for_people=words)
    gram.used.setdefault(asked.node, []).append(asked.now)
    container.published = _seen(gram, container, asked.now)
    return json_reply(200, {"id": container.published})


def _seen(gram: Gram, container: Container, now: float) -> str:
    said = {name: str(value) for name, value in container.said.items()}
    film = "video_url" in said or container.resumable
    kind = "VIDEO" if film else "IMAGE"
    product: Product = "FEED"
    children: tuple[tuple[str, str], ...] = ()
    match container.kind:
        case "CAROUSEL":
            kind = "CAROUSEL_ALBUM"
            children = tuple(_child(gram, one) for one in _ids(container))
        case "STORIES":
            product = "STORY"
        case "REELS":
            product = "REELS"
        case _:
            pass
    url = said.get("video_url" if film else "image_url", "")
    caption = "" if product == "STORY" else said.get("caption", "")
    return gram.keep(
        container.account, kind, product, now, caption=caption, url=url, children=children
    ).id


def _ids(container: Container) -> list[str]:
    said = container.said.get("children", "")
    text = said if isinstance(said, str) else ",".join(str(one) for one in said)
    return [one.strip(' "') for one in text.strip("[]").split(",")]


def _child(gram: Gram, container_id: str) -> tuple[str, str]:
    said = gram.containers[container_id].said
    film = "video_url" in said
    return ("VIDEO" if film else "IMAGE", str(said.get("video_url" if film else "image_url", "")))


def _not_ready() -> Refusal:
    words = "The media is not ready for publishing, please wait for a moment"
    return refusal(9007, "Media ID is not available", subcode=2207027, for_people=words)


def _limit(gram: Gram, asked: Asked) -> Reply:
    config = {"quota_total": gram.policy.quota, "quota_duration": DAY}
    used = gram.used_of(asked.node, asked.now)
    everything: dict[str, Json] = {"id": None, "quota_usage": used, "config": config}
    wanted = fields_of(asked.text("fields"))
    return json_reply(200, {"data": [chosen(everything, wanted, ("quota_usage",))]})


ROUTES = {
    "POST /account/media": Route(handler=_make, permission="content_publish"),
    "POST /account/media_publish": Route(handler=_publish, permission="content_publish"),
    "GET /account/content_publishing_limit": Route(handler=_limit, permission="content_publish"),
    "GET /container": Route(handler=_status, permission="content_publish"),
}
