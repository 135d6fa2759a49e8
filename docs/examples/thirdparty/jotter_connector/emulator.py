"""Jotter, played: enough to connect, call, refresh and disconnect. There is one person, jo.

Deeds, for `World.act("jotter", …)`: `revoke` ends all that jo granted.
"""

from secrets import token_urlsafe
from urllib.parse import urlencode

from connector_vault.connector import BadArguments, Json, Reply
from connector_vault.emulator import Call, Clock, Site, json_reply

__all__ = ["Jotter", "emulate"]

_LIFE = 3600
"""Seconds."""


def emulate(clock: Clock) -> Site:
    """Play Jotter from its first day."""
    return Jotter(clock)


class Jotter:
    """Both of its hosts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._grants: set[str] = set()
        """Codes and refresh tokens: each is good for one exchange."""
        self._tokens: dict[str, float] = {}
        self._notes: list[Json] = []

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({"jotter.example", "api.jotter.example"})

    def answer(self, call: Call) -> Reply:
        """Answer one request."""
        match call.host, call.method, call.path:
            case "jotter.example", "GET", "/oauth/authorize":
                return self._authorize(call)
            case "jotter.example", "POST", "/oauth/token":
                return self._exchange(call)
            case "jotter.example", "POST", "/oauth/revoke":
                self._tokens.pop(call.form()["token"], None)
                return Reply(200)
            case "api.jotter.example", _, _:
                return self._api(call)
            case _:
                return Reply(404)

    def act(self, deed: str, /, **details: Json) -> Json:
        """Do the deed listed above."""
        if deed != "revoke" or details:
            raise BadArguments("jotter knows one deed, revoke, without details")
        self._grants.clear()
        self._tokens.clear()

    def _authorize(self, call: Call) -> Reply:
        said = urlencode({"code": self._grant(), "state": call.query["state"]})
        return Reply(302, headers={"location": f"{call.query['redirect_uri']}?{said}"})

    def _exchange(self, call: Call) -> Reply:
        form = call.form()
        given = form.get("code") or form.get("refresh_token", "")
        if given not in self._grants:
            return json_reply(400, {"error": "invalid_grant"})
        self._grants.remove(given)
        access = f"jot_{token_urlsafe(24)}"
        self._tokens[access] = self._clock.now() + _LIFE
        tokens = {"access_token": access, "refresh_token": self._grant(), "expires_in": _LIFE}
        return json_reply(200, {**tokens, "token_type": "bearer", "scope": "notes"})

    def _grant(self) -> str:
        grant = token_urlsafe(24)
        self._grants.add(grant)
        return grant

    def _api(self, call: Call) -> Reply:
        token = call.headers.get("authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, 0) <= self._clock.now():
            return json_reply(401, {"message": "this token does not live"})
        match call.method, call.path:
            case "GET", "/v1/me":
                return json_reply(200, {"id": "7", "name": "jo"})
            case "GET", "/v1/notes":
                return json_reply(200, {"notes": self._notes})
            case "POST", "/v1/notes":
                self._notes.append({"id": len(self._notes) + 1, "text": call.json()["text"]})
                return json_reply(201, self._notes[-1])
            case _:
                return Reply(404)
