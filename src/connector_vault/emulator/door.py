"""The control door, `/_emulator/`: move the clock, read the log, ask for faults, act as a user.

GET    /_emulator/          what is here
POST   /_emulator/clock     {"advance": seconds}
GET    /_emulator/log       ?host=&path=&settled=&times=: with `times`, once there are so many
DELETE /_emulator/log
GET    /_emulator/faults    those that are still to come
POST   /_emulator/faults    a `Fault`
DELETE /_emulator/faults
POST   /_emulator/release   {}: what a `delay` or a `late` holds goes on
POST   /_emulator/act       {"provider": "github", "deed": "sign_in", "login": "hubot"}: the deed's
                            details stand beside it
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict, fields

from connector_vault.connector import Json, Refused, Reply, read
from connector_vault.emulator.faults import Fault
from connector_vault.emulator.log import Wanted
from connector_vault.emulator.routes import Routes
from connector_vault.emulator.site import Call, json_reply
from connector_vault.emulator.stage import Stage
from connector_vault.errors import BadArguments

__all__ = ["HOST", "answer"]

HOST = "_emulator"
"""The first segment of a path to the door, where a provider's host would stand."""

_MAX_WAIT = 30.0
"""Seconds one request for the log is held."""

_LAST = 32_503_680_000
"""The year 3000, in seconds since 1970 UTC: much later, no date can be written."""

Handler = Callable[[Stage, Call], Awaitable[Json]]


async def answer(stage: Stage, call: Call) -> Reply:
    """Do what was asked, or say in one line what is wrong with it."""
    found = _ROUTES.find(call.method, call.segments)
    if found is None:
        return json_reply(404, {"error": f"no such thing: {call.method} {call.path}"})
    try:
        _check_kind(call)
        return json_reply(200, await found[0](stage, call))
    except (BadArguments, Refused) as error:
        return json_reply(400, {"error": str(error)})


def _check_kind(call: Call) -> None:
    # A page in a browser can post a form to loopback unasked, but not JSON.
    kind = call.headers.get("content-type", "")
    if call.method == "POST" and not kind.startswith("application/json"):
        raise BadArguments("send content-type: application/json")


async def _index(stage: Stage, _: Call) -> Json:
    providers = {name: sorted(site.hosts) for name, site in stage.sites.items()}
    doors = [f"/{HOST}/{name}" for name in ("act", "clock", "faults", "log", "release")]
    shown = {"now": stage.clock.now(), "consent": stage.consent}
    return {**shown, "providers": providers, "doors": doors}


async def _advance(stage: Stage, call: Call) -> Json:
    seconds = _object(call).get("advance")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise BadArguments('send {"advance": seconds}')
    if not 0 <= seconds <= _LAST - stage.clock.now():
        raise BadArguments("the clock moves forward, to the year 3000 at most")
    stage.clock.advance(seconds)
    return {"now": stage.clock.now()}


async def _log(stage: Stage, call: Call) -> Json:
    place = {name: said for name, said in call.query.items() if name in ("host", "path")}
    wanted = Wanted(**place, settled="settled" in call.query)
    times = call.query.get("times", "0")
    if not re.fullmatch("[0-9]{1,6}", times):
        raise BadArguments("times is a whole number")
    try:
        async with asyncio.timeout(_MAX_WAIT):
            found = await stage.log.wait(wanted, int(times))
    except TimeoutError:
        msg = f"there were not {times} such requests within {_MAX_WAIT:.0f} s"
        raise BadArguments(msg) from None
    return [asdict(entry) for entry in found]


async def _forget_log(stage: Stage, _: Call) -> Json:
    stage.log.clear()


async def _faults(stage: Stage, _: Call) -> Json:
    return stage.faults.waiting()


async def _add_fault(stage: Stage, call: Call) -> Json:
    wanted = _object(call)
    unknown = set(wanted) - {field.name for field in fields(Fault)}
    if unknown:
        msg = f"a fault has no {', '.join(sorted(unknown))}"
        raise BadArguments(msg)
    stage.faults.add(read(Fault, wanted))
    return stage.faults.waiting()


async def _clear_faults(stage: Stage, _: Call) -> Json:
    stage.faults.clear()


async def _release(stage: Stage, _: Call) -> Json:
    return {"released": stage.faults.release()}


async def _act(stage: Stage, call: Call) -> Json:
    body = call.json()
    details: dict[str, Json] = {**body} if isinstance(body, dict) else {}
    provider, deed = details.pop("provider", None), details.pop("deed", None)
    site = stage.sites.get(provider) if isinstance(provider, str) else None
    known = ", ".join(stage.sites)
    form = f'send {{"provider": one of {known}, "deed": …}}, with the deed\'s details beside them'
    if site is None or not isinstance(deed, str):
        raise BadArguments(form)
    try:
        return site.act(deed, **details)
    except BadArguments as error:
        if not any(isinstance(value, dict) for value in details.values()):
            raise
        msg = f"{error}: {form}"
        raise BadArguments(msg) from None


def _object(call: Call) -> dict[str, Json]:
    body = call.json()
    if not isinstance(body, dict):
        raise BadArguments("send a JSON object")
    return {**body}


_ROUTES = Routes[Handler](
    {
        "GET /": _index,
        "POST /clock": _advance,
        "GET /log": _log,
        "DELETE /log": _forget_log,
        "GET /faults": _faults,
        "POST /faults": _add_fault,
        "DELETE /faults": _clear_faults,
        "POST /release": _release,
        "POST /act": _act,
    },
)
