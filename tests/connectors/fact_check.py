"""Hold a provider's emulator against a table of what the provider's documentation says.

A table is `facts/NAME.json`: what is `given`, the headers that are sent `always`, what `deeds` are
called at the emulator, and stories. Each story is played with an emulator of its own and is a list
of steps::

    {"consent": "ask"}                        people are shown a page; only as a first step
    {"play": "a story"}                       play that story's steps first
    {"act": "a deed", "with": {…}}            what somebody does at the provider: a deed listed in
                                              `deeds`, or else the emulator's own
    {"advance": 600}                          seconds pass there
    {"name": …, "says": …, "ask": …, "answer": a shape, "keep": {name: place in the answer}}

`says` tells where the fact was read. `unsure` marks what the documentation leaves open: the shape
lists all that is allowed (see `fact_shapes`). What is asked is a method at HOST/PATH; with `query`,
`headers` (null: not sent), `basic`, `bearer`, `proof` (a key and a token: Meta's appsecret_proof),
and one of `form`, `json`, `raw` and `parts`. Or it is to `press` a button on a page. An act may
have an answer, too. What is kept may have several places: the first that is there counts. `{name}`
stands for what is given or kept before, `{now+60}` and `{iso+60}` for a time, `{x*60}` for a text.
Of a delivery to a webhook, its body is read as `said`, and `signed` tells whether it is, by the
table's `signature`.
"""

import json
import re
import time
from base64 import b64encode
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from tests.connectors.fact_shapes import MISSING, at, differences
from tests.connectors.fact_signature import hexed, said, signed

FOLDER = Path(__file__).parent / "facts"

_SENT_AS = {"query": "params", "form": "data", "json": "json", "raw": "content"}

_ACTION = re.compile(r'<form method="post" action="([^"]*)"')
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
_PERSON = re.compile(r"<option>([^<]*)</option>")

_NAME = re.compile(r"\{(now[+-]\d+|iso[+-]\d+|[A-Za-z]\*\d+|[a-z_]+)\}")


class Played(NamedTuple):
    """One exchange that took place."""

    name: str
    shape: dict
    answer: dict
    differences: list[str]


def tables():
    """Give the providers there is a table for, and their tables."""
    return {file.stem: json.loads(file.read_text("utf-8")) for file in sorted(FOLDER.iterdir())}


def consent(table, story):
    """Tell whether people agree at once in this story, or are shown a page."""
    return table["stories"][story][0].get("consent", "auto")


async def play(table, story, provider, world, http):
    """Play a story, and give what was exchanged in it, without the stories before it."""
    stage = _Stage(table, provider, world, http, filled(table.get("given", {}), {}))
    return await stage.play(story)


class _Stage:
    def __init__(self, table, provider, world, http, known):
        self._table = table
        self._provider = provider
        self._world = world
        self._http = http
        self._known = known

    async def play(self, story):
        played = []
        for step in self._table["stories"][story]:
            match step:
                case {"consent": _}:
                    pass
                case {"play": other}:
                    await self.play(other)
                case {"advance": seconds}:
                    await self._world.advance(seconds)
                case {"act": deed}:
                    played += await self._act(deed, step)
                case _:
                    played.append(await self._exchange(step))
        return played

    async def _act(self, deed, step):
        listed = self._table.get("deeds", {}).get(deed, {"act": deed})
        details = filled({**listed.get("with", {}), **step.get("with", {})}, self._known)
        came = await self._world.act(self._provider, listed["act"], **details)
        given = {"json": tidied(self._opened(came), self._world.url)}
        return [self._hold(step, given)] if "answer" in step else []

    def _opened(self, part):
        """Read what is delivered to a webhook, and tell whether it is signed."""
        match part:
            case {"headers": _, "body": str() as body}:
                return {**part, "said": said(body), "signed": self._signed(part)}
            case dict():
                return {name: self._opened(inner) for name, inner in part.items()}
            case list():
                return [self._opened(inner) for inner in part]
            case _:
                return part

    def _signed(self, delivery):
        rule = self._table["signature"]
        return signed(rule, filled(rule["secret"], {"hook": "", **self._known}), delivery)

    async def _exchange(self, step):
        try:
            asked = filled(step["ask"], self._known)
        except KeyError as error:
            lost = [f"not asked: no answer before it gave {error}"]
            return Played(step["name"], step["answer"], {}, lost)
        always = self._table.get("always", {})
        asked["headers"] = {**always, **asked.get("headers", {})}
        return self._hold(step, await send(self._http, asked, self._world.url))

    def _hold(self, step, given):
        try:
            shape = filled(step["answer"], self._known)
        except KeyError as error:
            return Played(step["name"], {}, given, [f"no answer before it gave {error}"])
        for name, places in step.get("keep", {}).items():
            found = [at(given, *place.split(".")) for place in _several(places)]
            if there := [value for value in found if value is not MISSING]:
                self._known[name] = there[0]
        return Played(step["name"], shape, given, differences(shape, given))


async def send(http, asked, url):
    """Send what a step asks, and give the answer, tidied."""
    if "press" in asked:
        return answer(await _press(http, url, *asked["press"]), url)
    method, place = next(iter(asked.items()))
    body = {_SENT_AS[name]: asked[name] for name in _SENT_AS if name in asked}
    if "parts" in asked:
        body["files"] = [(name, _part(part)) for name, part in asked["parts"].items()]
    if "proof" in asked:
        body["params"] = {**body.get("params", {}), "appsecret_proof": hexed(*asked["proof"])}
    headers = dict(asked.get("headers", {}))
    if "bearer" in asked:
        headers["authorization"] = f"Bearer {asked['bearer']}"
    if "basic" in asked:
        pair = b64encode(":".join(asked["basic"]).encode()).decode()
        headers["authorization"] = f"Basic {pair}"
    told = {name: text for name, text in headers.items() if text is not None}
    address = f"{url}/{place.removeprefix('https://')}"
    request = http.build_request(method, address, headers=told, **body)
    for name in headers.keys() - told.keys():
        request.headers.pop(name, None)
    return answer(await http.send(request), url)


async def _press(http, url, button, page):
    """Send the form of a consent page, as its first person."""
    action = unescape(_ACTION.search(page)[1]).removeprefix("https://")
    kept = {name: unescape(value) for name, value in _HIDDEN.findall(page)}
    form = {**kept, "login": unescape(_PERSON.search(page)[1]), "decision": button}
    return await http.post(f"{url}/{action}", data=form)


def _several(places):
    return [places] if isinstance(places, str) else places


def _part(part):
    match part:
        case [file, kind, content]:
            return (file, content.encode(), kind)
        case _:
            return (None, str(part).encode())


def answer(reply, url):
    """Describe a reply: its status, its headers, and its body by its kind."""
    kind = reply.headers.get("content-type", "").partition(";")[0]
    told = {"status": reply.status_code, "headers": dict(reply.headers)}
    if "location" in reply.headers:
        place = urlsplit(tidied(reply.headers["location"], url))
        address = f"{place.scheme}://{place.netloc}{place.path}"
        query = dict(parse_qsl(place.query))
        told["to"] = {"address": address, "query": query, "fragment": place.fragment}
    if kind.endswith("json") and reply.content:
        told["json"] = reply.json()
    elif kind == "application/x-www-form-urlencoded":
        told["form"] = dict(parse_qsl(reply.text, keep_blank_values=True))
    else:
        told["text"] = reply.text
    return tidied(told, url)


def tidied(part, url):
    """Give the provider's addresses as the provider would."""
    match part:
        case str():
            return part.replace(f"{url}/", "https://")
        case dict():
            return {name: tidied(inner, url) for name, inner in part.items()}
        case list():
            return [tidied(inner, url) for inner in part]
        case _:
            return part


def filled(part, known):
    """Put what is known into the place of each `{name}`.

    Raises:
        KeyError: nothing of this name is known.
    """
    match part:
        case str() if whole := _NAME.fullmatch(part):
            return _known(whole[1], known)
        case str():
            exact = re.escape if part.startswith("~") else str
            return _NAME.sub(lambda name: exact(str(_known(name[1], known))), part)
        case dict():
            return {name: filled(inner, known) for name, inner in part.items()}
        case list():
            return [filled(inner, known) for inner in part]
        case _:
            return part


def _known(name, known):
    if name[:3] in {"now", "iso"} and name[3:4] in {"+", "-"}:
        when = int(time.time()) + int(name[3:])
        return when if name.startswith("now") else datetime.fromtimestamp(when, UTC).isoformat()
    letter, starred, times = name.partition("*")
    return letter * int(times) if starred else known[name]
