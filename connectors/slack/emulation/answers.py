"""The shapes that answers share: status 200 and `ok`, whatever happened."""

import json
from collections.abc import Mapping

from connector_vault.connector import Json, Reply

__all__ = ["Problem", "page", "say"]


class Problem(Exception):
    """Carry an error out of the room that found it."""

    def __init__(self, code: str, **more: Json) -> None:
        super().__init__(code)
        self.said: dict[str, Json] = {"ok": False, "error": code, **more}

    def reply(self) -> Reply:
        """Give it as Slack does."""
        return say(self.said)


def say(value: Json, headers: Mapping[str, str] | None = None, status: int = 200) -> Reply:
    """Answer with a JSON value. Slack escapes slashes and what is not ASCII."""
    kind = {"content-type": "application/json; charset=utf-8"}
    text = json.dumps(value, separators=(",", ":")).replace("/", "\\/")
    return Reply(status, text.encode(), {**kind, **(headers or {})})


def page(words: str, status: int = 200) -> Reply:
    """Show a person why nobody is asked."""
    said = f"<!doctype html><title>Slack</title><h1>Something went wrong</h1><p>{words}</p>"
    return Reply(status, said.encode(), {"content-type": "text/html; charset=utf-8"})
