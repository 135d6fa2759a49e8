"""Sending a film to TikTok, chunk by chunk. The last chunk is what publishes it.

Before it nothing can be seen by anybody, so a chunk that broke off may be sent again. The last is
sent once: if its answer is lost, TikTok is asked what became of it.

https://developers.tiktok.com/doc/content-posting-api-media-transfer-guide
"""

from asyncio import sleep
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from connector_vault.connector import (
    Api,
    File,
    NotAllowed,
    OutcomeUnknown,
    Part,
    Parts,
    RateLimited,
    Reconnect,
    Refused,
    Request,
    Unreachable,
    read,
)

from ..answers import OUT_OF_STEP, Failed
from .chunks import chunks
from .films import kind_of
from .status import SPARE, UPLOADING, Publication, followed, look

__all__ = ["NOTHING", "Place", "upload"]

NOTHING = "nothing was posted: it may be tried again from the beginning"

_BELOW = ".tiktokapis.com"
"""Where TikTok's hosts for uploads are; which of them it is, TikTok says."""

_TRIES = 3
"""For one chunk."""

_LOOKS = (0, 2, 5)
"""Seconds before each look for what became of the last chunk."""

_WHY = {
    "400": "TikTok found the chunk malformed",
    "401": "the host for uploads did not let the chunk in",
    "403": "the address to upload to has expired, which it does after an hour",
    "404": "TikTok does not know this upload any more",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a film is to go, good for an hour. The address is a secret."""

    publish_id: str
    upload_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    complete: bool = False


async def upload(api: Api, file: File, place: Place, *, patience: float) -> Publication:
    """Send all of a film, and follow what becomes of it for `patience` seconds.

    Raises:
        Refused, Unreachable: nothing was posted.
        OutcomeUnknown: the last chunk was sent, and TikTok does not say what became of it.
    """
    *spans, last = chunks(file.size).spans
    url, query = _target(place.upload_url)
    kind = kind_of(file)

    def part(span: range) -> Request:
        told = f"bytes {span.start}-{span.stop - 1}/{file.size}"
        headers = {"Content-Type": kind, "Content-Range": told}
        return Request("PUT", url, query=query, headers=headers, content=Parts((Part(file, span),)))

    for span in spans:
        await _deliver(api, place.publish_id, span, part(span))
    return await _publish(api, place.publish_id, last, part(last), patience)


async def _deliver(api: Api, publish_id: str, span: range, request: Request) -> None:
    """Send a chunk that is not the last, again only if TikTok waits for just this one."""
    problem: Exception | None = None
    for _ in range(_TRIES):
        try:
            await _sent(api, request)
        except (OutcomeUnknown, Unreachable) as error:
            problem = error
        except Refused as error:
            if error.code != OUT_OF_STEP:
                raise _refused(error) from error
            problem = error
        else:
            return
        known = await look(api, publish_id)
        if known is not None and known.uploaded_bytes == span.stop:
            return
        if known is None or known.uploaded_bytes != span.start or known.status != UPLOADING:
            raise _out_of_step(span, known, problem) from problem
    raise Unreachable(f"{problem}; a chunk was sent {_TRIES} times: {NOTHING}") from problem


async def _publish(
    api: Api, publish_id: str, span: range, request: Request, patience: float
) -> Publication:
    """Send the last chunk, once."""
    try:
        taken = await _sent(api, request)
        problem: Exception = Failed("TikTok wants more than there is")
    except (OutcomeUnknown, Failed) as error:
        taken, problem = _Taken(), error
    except Refused as error:
        if error.code != OUT_OF_STEP:
            raise _refused(error) from error
        taken, problem = _Taken(), error
    except Unreachable as error:
        # It was not sent at all.
        raise Unreachable(f"{error}; {NOTHING}") from error
    if not taken.complete and not await _has_all(api, publish_id, span, problem):
        words = f"the last of the film was sent, and whether it came is not known ({problem})"
        raise OutcomeUnknown(
            f"{words}: look with publish_status for {publish_id} before you post it again"
        ) from problem
    return await followed(api, publish_id, UPLOADING, patience=patience)


async def _has_all(api: Api, publish_id: str, span: range, problem: Exception) -> bool:
    """Look whether TikTok has all of a film, of which the last chunk may be lost.

    Raises:
        Refused: TikTok did not take it.
    """
    known = None
    for pause in _LOOKS:
        if pause + SPARE > api.left:
            break
        await sleep(pause)
        known = await look(api, publish_id) or known
        if known and (known.status != UPLOADING or known.uploaded_bytes == span.stop):
            return True
    if isinstance(problem, Refused) and known is not None:
        raise _out_of_step(span, known, problem) from problem
    return False


async def _sent(api: Api, request: Request) -> _Taken:
    try:
        return read(_Taken, await api.send(request))
    except Reconnect as error:
        # The host never gets the token, so that this says nothing of it.
        raise Refused("401") from error
    except (NotAllowed, RateLimited) as error:
        raise Refused("upload_refused", str(error)) from error


def _target(url: str) -> tuple[str, dict[str, str]]:
    """Take an address apart, if it is one of TikTok's. There is no token on what goes there."""
    try:
        place = urlsplit(url)
        host = place.hostname or ""
    except ValueError:
        host, place = "", urlsplit("")
    if place.scheme != "https" or place.netloc.lower() != host or not host.endswith(_BELOW):
        raise Refused("unexpected_host", f"TikTok named another host for the film: {NOTHING}")
    return f"https://{host}{place.path}", dict(parse_qsl(place.query, keep_blank_values=True))


def _refused(error: Refused) -> Refused:
    why = "; ".join(filter(None, (_WHY.get(error.code, error.code), error.message)))
    return Refused("upload_failed", f"{why}; {NOTHING}")


def _out_of_step(span: range, known: Publication | None, problem: Exception | None) -> Refused:
    if known is not None and known.status == "FAILED":
        has = f"TikTok has given it up ({known.fail_reason or 'it does not say why'})"
    elif known is None or known.uploaded_bytes is None:
        has = "TikTok does not say how much it has"
    else:
        has = f"TikTok has {known.uploaded_bytes} bytes, and the chunk begins at {span.start}"
    return Refused("upload_failed", f"{problem}; {has}; {NOTHING}")
