"""Acme, played: it answers with what it was asked, its caller's token too."""

import json
from urllib.parse import quote

from connector_vault.connector import Json, Reply
from connector_vault.emulator import Call, Clock, Site, json_reply

__all__ = ["Acme", "emulate"]


def emulate(clock: Clock) -> Site:
    """Play Acme."""
    return Acme()


class Acme:
    """Its API and its upload host."""

    @property
    def hosts(self) -> frozenset[str]:
        return frozenset({"api.acme.example", "up.acme.example"})

    def answer(self, call: Call) -> Reply:
        """Answer one request."""
        if call.path.endswith("/refused"):
            return json_reply(422, {})
        said = call.headers.get("authorization", "")
        names = sorted(call.headers)
        if call.path.endswith("/escaped"):
            # As PHP and Go write JSON: a slash and an ampersand get an escape none needs.
            body = json.dumps({"said": said}).replace("/", "\\/").replace("&", "\\u0026")
            return Reply(200, body.encode())
        told = {"path": call.path, "headers": names, "said": said, "quoted": quote(said, safe="")}
        return json_reply(200, {**told, "query": dict(call.query), "size": len(call.body)})

    def act(self, deed: str, **details: Json) -> Json:
        """Do nothing."""
