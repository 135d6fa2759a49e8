"""What people and operators do at Facebook, other than by its API."""

from collections.abc import Callable, Mapping
from dataclasses import asdict

from connector_vault.connector import BadArguments, Json
from connector_vault.emulator import details_of, person_of

from .details import (
    Failing,
    Hook,
    Killing,
    Limit,
    Look,
    Nothing,
    Pages,
    Place,
    Registration,
    Role,
    SignIn,
    Somebody,
    Withdrawal,
    Writing,
)
from .grants import App
from .hub import Hub
from .notices import changed, deauthorized, handshake
from .people import TASKS
from .policy import Policy
from .records import Message, Page, Post

__all__ = ["DEEDS"]

Deed = Callable[[Hub, float, Mapping[str, Json]], Json]


def _register(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(Registration, details)
    if not wanted.redirect_uris:
        raise BadArguments("an app needs at least one address in redirect_uris")
    hub.grants.apps[wanted.id] = App(**asdict(wanted))
    return {"id": wanted.id}


def _sign_in(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(SignIn, details)
    hub.signed_in = person_of(hub.people, wanted.login)
    hub.grantable = None if wanted.scopes is None else frozenset(wanted.scopes)
    hub.shared = None if wanted.pages is None else frozenset(wanted.pages)
    return {"login": hub.signed_in.login}


def _revoke(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(Withdrawal, details)
    person = person_of(hub.people, wanted.login)
    apps = hub.grants.withdraw(person.id, wanted.client_id)
    told = [deauthorized(hub.grants.apps[app], person.id, now) for app in apps]
    return {"apps": list(apps), "deliveries": told}


def _password(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    person = person_of(hub.people, details_of(Somebody, details).login)
    person.password += 1
    return {"login": person.login}


def _kill(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(Killing, details)
    hub.grants.kill(person_of(hub.people, wanted.login).id, wanted.subcode)
    return {"login": wanted.login}


def _fail(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(Failing, details)
    hub.failing += [wanted.code] * wanted.times
    return {"failing": hub.failing}


def _delete_data(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    person = person_of(hub.people, details_of(Somebody, details).login)
    apps = hub.grants.withdraw(person.id, None)
    return {"deliveries": [deauthorized(hub.grants.apps[app], person.id, now) for app in apps]}


def _webhook(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(Hook, details)
    if wanted.handshake:
        return handshake()
    person = person_of(hub.people, wanted.login)
    apps = hub.grants.apps.values()
    return {"deliveries": [changed(app, person.id, wanted.field, now) for app in apps]}


def _role(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(Role, details)
    person = person_of(hub.people, wanted.login)
    if wanted.page not in hub.pages:
        raise BadArguments(f"there is no such Page: there are {', '.join(hub.pages)}")
    person.pages.pop(wanted.page, None)
    if wanted.tasks:
        person.pages[wanted.page] = wanted.tasks
    return {"login": person.login, "pages": list(person.pages)}


def _more_pages(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(Pages, details)
    person = person_of(hub.people, wanted.login)
    for number in range(wanted.count):
        page_id = hub.next_id()
        name = f"Branch {number + 1}"
        hub.pages[page_id] = Page(
            id=page_id, name=name, username=f"branch{page_id}", category="Shop", about=""
        )
        person.pages[page_id] = TASKS
    return {"pages": len(person.pages)}


def _set_policy(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    hub.policy = details_of(Policy, {**asdict(hub.policy), **details})
    return asdict(hub.policy)


def _limit(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(Limit, details)
    hub.limited[wanted.who] = now + 60 * wanted.minutes
    return {"who": wanted.who}


def _posts(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    hub.tick(now)
    page = details_of(Place, details).page
    return [_told(one) for one in hub.posts.values() if one.page == page]


def _told(post: Post) -> Json:
    return {
        "id": post.id,
        "message": post.message,
        "published": post.published,
        "photos": list(post.photos),
        "film": post.film,
    }


def _comment(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(Writing, details)
    if wanted.post not in hub.posts:
        raise BadArguments("there is no such post")
    return {"id": hub.comment(wanted.post, "", wanted.who, wanted.words, now).id}


def _write(hub: Hub, now: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(Writing, details)
    if wanted.page not in hub.pages:
        raise BadArguments(f"there is no such Page: there are {', '.join(hub.pages)}")
    message = Message(
        id="m_" + hub.next_id(),
        page=wanted.page,
        person=wanted.who,
        from_page=False,
        text=wanted.words,
        created=now,
    )
    hub.messages.append(message)
    return {"id": message.id, "conversation": f"t_{wanted.who.id}"}


def _medium(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    wanted = details_of(Look, details).id
    if (film := hub.films.get(wanted)) is not None:
        return {"size": film.came, "digest": film.digest.hexdigest(), "posts": list(film.posts)}
    if (photo := hub.photos.get(wanted)) is not None:
        return {"size": photo.size, "digest": photo.digest, "alt_text": photo.alt_text}
    raise BadArguments("there is no such photo or film")


def _leaks(hub: Hub, _: float, details: Mapping[str, Json]) -> Json:
    details_of(Nothing, details)
    return list(hub.leaks)


DEEDS: dict[str, Deed] = {
    "register_client": _register,
    "sign_in": _sign_in,
    "revoke": _revoke,
    "password": _password,
    "kill": _kill,
    "fail": _fail,
    "delete_data": _delete_data,
    "webhook": _webhook,
    "role": _role,
    "more_pages": _more_pages,
    "policy": _set_policy,
    "limit": _limit,
    "posts": _posts,
    "comment": _comment,
    "write": _write,
    "medium": _medium,
    "leaks": _leaks,
}
