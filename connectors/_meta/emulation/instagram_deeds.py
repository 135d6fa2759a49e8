"""What people and operators do at the emulated Instagram, other than by its API."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TypeVar

from connector_vault.connector import BadArguments, Json, Refused, read

from .instagram_gram import Gram
from .instagram_records import Policy

__all__ = ["DEEDS", "act"]

T = TypeVar("T")
Deed = Callable[[Gram, float, Mapping[str, Json]], Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfAccount:
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfContainer:
    container: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comment:
    media: str
    username: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    account: str
    left: int = 0


def act(gram: Gram, deed: str, details: Mapping[str, Json], now: float) -> Json:
    """Do a deed.

    Raises:
        BadArguments: there is no such deed, or a detail is wrong.
    """
    if deed not in DEEDS:
        msg = f"instagram knows no deed {deed!r}: there are {', '.join(DEEDS)}"
        raise BadArguments(msg)
    return DEEDS[deed](gram, now, details)


def _publishing(gram: Gram, _: float, details: Mapping[str, Json]) -> Json:
    gram.policy = _read(Policy, {**asdict(gram.policy), **details})
    return asdict(gram.policy)


def _published(gram: Gram, _: float, details: Mapping[str, Json]) -> Json:
    wanted = _read(_OfAccount, details)
    found = gram.on(_known(gram.accounts, wanted.account))
    made = {one.published for one in gram.containers.values()}
    return {
        "posts": len(gram.used.get(wanted.account, [])),
        "media": [
            {"id": one.id, "caption": one.caption, "product": one.product, "made": one.id in made}
            for one in found
        ],
    }


def _container(gram: Gram, now: float, details: Mapping[str, Json]) -> Json:
    wanted = _read(_OfContainer, details)
    found = gram.containers[_known(gram.containers, wanted.container)]
    uploaded = {"size": found.size, "digest": found.digest}
    return {**uploaded, "status": gram.state(found, now), "published": found.published}


def _comment(gram: Gram, now: float, details: Mapping[str, Json]) -> Json:
    wanted = _read(_Comment, details)
    media = _known(gram.media, wanted.media)
    return {"id": gram.say(media, wanted.username, wanted.text, now).id}


def _use_up(gram: Gram, now: float, details: Mapping[str, Json]) -> Json:
    wanted = _read(_Use, details)
    account = _known(gram.accounts, wanted.account)
    gram.used[account] = [now] * max(0, gram.policy.quota - wanted.left)
    return {"used": gram.used_of(account, now)}


def _known(there: Mapping[str, object], node: str) -> str:
    if node not in there:
        raise BadArguments("there is nothing with this id")
    return node


def _read(into: type[T], details: Mapping[str, Json]) -> T:
    unknown = set(details) - set(into.__annotations__)
    if unknown:
        msg = f"this deed takes no {', '.join(sorted(unknown))}"
        raise BadArguments(msg)
    try:
        return read(into, dict(details))
    except Refused as error:
        raise BadArguments(error.message) from None


DEEDS: dict[str, Deed] = {
    "publishing": _publishing,
    "published": _published,
    "container": _container,
    "comment": _comment,
    "use_up": _use_up,
}
