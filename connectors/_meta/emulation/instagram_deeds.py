"""What people and operators do at the emulated Instagram, other than by its API."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from connector_vault.connector import BadArguments, Json
from connector_vault.emulator import details_of

from .instagram_gram import Gram
from .instagram_records import Policy

__all__ = ["DEEDS", "act"]

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
    gram.policy = details_of(Policy, {**asdict(gram.policy), **details})
    return asdict(gram.policy)


def _published(gram: Gram, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_OfAccount, details)
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
    wanted = details_of(_OfContainer, details)
    found = gram.containers[_known(gram.containers, wanted.container)]
    uploaded = {"size": found.size, "digest": found.digest}
    return {**uploaded, "status": gram.state(found, now), "published": found.published}


def _comment(gram: Gram, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Comment, details)
    media = _known(gram.media, wanted.media)
    return {"id": gram.say(media, wanted.username, wanted.text, now).id}


def _use_up(gram: Gram, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(_Use, details)
    account = _known(gram.accounts, wanted.account)
    gram.used[account] = [now] * max(0, gram.policy.quota - wanted.left)
    return {"used": gram.used_of(account, now)}


def _known(there: Mapping[str, object], node: str) -> str:
    if node not in there:
        raise BadArguments("there is nothing with this id")
    return node


DEEDS: dict[str, Deed] = {
    "publishing": _publishing,
    "published": _published,
    "container": _container,
    "comment": _comment,
    "use_up": _use_up,
}
