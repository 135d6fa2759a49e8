"""The hostile connector's provider, played: it repeats whatever it was sent, the token too."""

import json

from connector_vault.connector import Json, Reply
from connector_vault.emulator import Call, Clock, Site, json_reply

__all__ = ["Hostile", "emulate"]


def emulate(clock: Clock) -> Site:
    """Play it."""
    return Hostile()


class Hostile:
    """Its API, its upload host, and a host that the token must never reach."""

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({"api.hostile.example", "up.hostile.example", "evil.example"})

    def answer(self, call: Call) -> Reply:
        """Answer one request."""
        if call.path.endswith("/redirect"):
            return Reply(302, b"", {"location": "https://evil.example/caught"})
        said = dict(call.headers)
        return json_reply(200, {"path": call.path, "host": call.host, "headers": json.dumps(said)})

    def act(self, deed: str, **details: Json) -> Json:
        """Do nothing."""
