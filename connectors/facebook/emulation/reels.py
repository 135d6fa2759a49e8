"""Films: begun, sent in pieces, handed in, and then seen.

https://developers.facebook.com/docs/video-api/guides/reels-publishing
"""

from connector_vault.connector import Json, Reply
from connector_vault.emulator import Call, json_reply

from .answers import Refusal, invalid, stamp, upload_failed
from .asked import Asked, Route, chosen
from .grants import Token
from .hub import DAY, Hub
from .posts import check_time
from .records import Film

__all__ = ["ROUTES", "film_fields", "receive"]

_MOST = 30
"""Films that a Page may publish in 24 hours."""


def film_fields(hub: Hub, film: Film, wanted: str, now: float) -> Json:
    """Tell of a film what was asked for."""
    seen = _is_seen(hub, film, now)
    everything: dict[str, Json] = {
        "id": film.id,
        "status": _status(hub, film, now),
        "permalink_url": f"/reel/{film.id}/" if seen else None,
        "published": seen,
        "description": film.said.get("description"),
    }
    return chosen("Video", wanted, everything, "description")


def receive(hub: Hub, call: Call, token: Token) -> Reply:
    """Take a piece of a film, or tell how much of it came."""
    film = hub.films.get(call.segments[-1])
    if film is None or film.page != token.page:
        return upload_failed("NotAuthorizedError", "User not authorized to perform this request")
    return _came(hub, film) if call.method == "GET" else _taken(hub, film, call)


def _came(hub: Hub, film: Film) -> Reply:
    if hub.policy.offset == "status":
        return upload_failed("RequestMethodError", "Unsupported method")
    return json_reply(200, {"offset": film.came})


def _taken(hub: Hub, film: Film, call: Call) -> Reply:
    fault = _fault(film, call)
    if fault is not None:
        return fault
    whole = film.came + len(call.body) == int(call.headers["file_size"])
    if not whole and hub.policy.chunks == "refused":
        return _partial()
    film.size = int(call.headers["file_size"])
    film.came += len(call.body)
    film.digest.update(call.body)
    if not whole and hub.policy.chunks == "complained":
        return _partial()
    return json_reply(200, {"success": True})


def _fault(film: Film, call: Call) -> Reply | None:
    offset, size = call.headers.get("offset", ""), call.headers.get("file_size", "")
    if not (offset.isdecimal() and size.isdecimal()):
        words = "HeaderValuePredicate: Header Offset not convertable to unsigned long"
        return upload_failed("ParameterValidationError", words)
    if int(offset) != film.came or film.size not in (-1, int(size)) or film.handed_in:
        return upload_failed("OffsetInvalidError", "Request offset does not match", retriable=True)
    if film.came + len(call.body) > int(size):
        return upload_failed("ParameterValidationError", "More came than was announced")
    return None


def _partial() -> Reply:
    words = "Partial request (did not match length of file)"
    return upload_failed("PartialRequestError", words, retriable=True)


def _reel(hub: Hub, asked: Asked) -> Reply:
    page = asked.page(hub)
    match asked.text("upload_phase").lower():
        case "start":
            film = Film(id=hub.next_id(), page=page.id)
            hub.films[film.id] = film
            place = f"https://rupload.facebook.com/video-upload/v26.0/{film.id}"
            return json_reply(200, {"video_id": film.id, "upload_url": place})
        case "finish":
            return _finish(hub, asked)
        case _:
            raise invalid("Param upload_phase must be one of {START, FINISH}")


def _finish(hub: Hub, asked: Asked) -> Reply:
    film = hub.films.get(asked.text("video_id"))
    if film is None or film.page != asked.node:
        raise invalid("Invalid video id")
    if film.came == 0 or film.came != film.size:
        raise Refusal(400, 6000, "There was a problem uploading your video file.", 1363130)
    state = asked.text("video_state", "PUBLISHED")
    if state not in ("PUBLISHED", "SCHEDULED", "DRAFT"):
        raise invalid("Param video_state must be one of {DRAFT, PUBLISHED, SCHEDULED}")
    at = check_time(asked) if state == "SCHEDULED" else 0.0
    mine = [one for one in hub.seen(asked.node) if one.film and one.created > asked.now - DAY]
    if len(mine) >= _MOST:
        raise Refusal(400, 9, "(#9) Application request limit reached", 2207042)
    film.handed_in, film.state = asked.now, state
    film.said = {name: asked.text(name) for name in asked.said if name in ("description", "title")}
    if state != "DRAFT":
        # Handed in twice it is there twice: nothing at Facebook is known to prevent it.
        made = hub.post(
            asked.node,
            asked.text("description"),
            asked.now,
            film=film.id,
            published=state == "PUBLISHED",
            scheduled=at,
        )
        film.posts = (*film.posts, made.id)
    return json_reply(200, {"success": True, "message": "Your reel will be published soon."})


def _is_seen(hub: Hub, film: Film, now: float) -> bool:
    done = film.handed_in and now >= film.handed_in + hub.policy.processing
    return bool(done) and not hub.policy.fails and _is_public(hub, film)


def _is_public(hub: Hub, film: Film) -> bool:
    return any(hub.posts[one].published for one in film.posts if one in hub.posts)


def _status(hub: Hub, film: Film, now: float) -> Json:
    whole = film.came == film.size
    worked = whole and now >= film.handed_in + hub.policy.processing
    uploading: dict[str, Json] = {"status": "complete" if whole else "in_progress"}
    uploading["bytes_transferred"] = film.came
    processing: dict[str, Json] = {"status": "not_started"}
    if film.handed_in:
        processing["status"] = "complete" if worked else "in_progress"
    if film.handed_in and hub.policy.fails:
        processing = {"status": "error", "errors": [{"code": 1363, "message": hub.policy.fails}]}
    return {
        "video_status": "ready" if _is_seen(hub, film, now) else "processing",
        "uploading_phase": uploading,
        "processing_phase": processing,
        "publishing_phase": _publishing(hub, film, now),
    }


def _publishing(hub: Hub, film: Film, now: float) -> Json:
    if not film.handed_in:
        return {"status": "not_started"}
    if film.state == "PUBLISHED" and not _is_seen(hub, film, now):
        return {"status": "in_progress"}
    if _is_seen(hub, film, now):
        time = stamp(film.handed_in)
        return {"status": "complete", "publish_status": "published", "publish_time": time}
    return {"status": "complete", "publish_status": film.state.lower()}


ROUTES = {
    "POST /{}/video_reels": Route(
        handler=_reel, permission="pages_manage_posts", task="CREATE_CONTENT"
    ),
}
