"""A provider that answers from a script, and minds what it is asked."""

import json

from connector_vault.connector import Api, Connector, Json, Reply, Request


def says(body: Json, status: int = 200, **headers: str) -> Reply:
    """Give a reply with a JSON body. `x_some_header="1"` becomes `x-some-header: 1`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(body).encode(), named)


class Replay(Api):
    """Answers each request with the next reply, and fails on one it did not expect."""

    def __init__(self, connector: Connector, *script: tuple[Request, Reply]) -> None:
        self.connector = connector
        self.script = list(script)

    async def send(self, request: Request) -> Json:
        assert self.script, f"nothing more was expected, and here is {request}"
        expected, reply = self.script.pop(0)
        assert request == expected
        return self.connector.answer(reply)
