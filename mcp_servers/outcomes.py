"""What came of a call, for a model to act on. Pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict

from mcp.types import CallToolResult, TextContent

from connector_vault import Result, errors
from connector_vault.connector import Json
from connector_vault.errors import ConnectorVaultError

__all__ = ["NEXT", "broken", "failed", "succeeded"]

_META = "connector-vault"
"""Prefix of what we tell the client's program, and not the model."""

NEXT: Mapping[type[ConnectorVaultError], str] = {
    errors.ConnectorVaultError: "Tell the person.",
    errors.NotConnected: "Ask the person to run `{connect}` in a terminal; then list the tools "
    "again.",
    errors.Ambiguous: "Call again with the argument `{argument}`, which says which account acts.",
    errors.Reconnect: "Ask the person to run `{connect}` in a terminal; then call again.",
    errors.NotAllowed: "Ask the person to run `{connect} --scope ...` in a terminal with every "
    "scope to have, or do something else.",
    errors.BadArguments: "Mend the arguments and call again.",
    errors.Refused: "This is the provider's answer: the same call will get it again.",
    errors.RateLimited: "Wait that long before you call a tool of this account again.",
    errors.TimedOut: "Nothing was changed: call again, or ask for less.",
    errors.OutcomeUnknown: "It may have been done: look whether it was before you call again.",
    errors.Crashed: "The tool is broken: do without it, and tell the person.",
    errors.Unreachable: "Call again in a while.",
    errors.KeysUnavailable: "Nothing is lost: call again in a while.",
    errors.StoreUnavailable: "Nothing is lost: call again in a while.",
    errors.Corrupt: "Do not call again, and tell the person at once: `connector-vault doctor` "
    "says more.",
    errors.RolledBack: "Do not call again, and tell the person at once: `connector-vault doctor` "
    "says more.",
    errors.Shredded: "This is final: ask the person to run `{connect}` in a terminal.",
    errors.KeysDenied: "Ask the person to mend it: `connector-vault doctor` says more.",
    errors.Misconfigured: "Ask the person to mend it: `connector-vault doctor` says more.",
}
"""What to do next, for every class of `errors`."""


def succeeded(result: Result, *, is_wrapped: bool) -> CallToolResult:
    """Give a result as data, and as the same data in text."""
    value = {"result": result.value} if is_wrapped else result.value
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if text != (sound := _sound(text)):
        text, value = sound, json.loads(sound)
    meta = {"connection": result.connection, "isolation": asdict(result.isolation)}
    return CallToolResult(
        content=[TextContent(type="text", text=text)],
        structured_content=value,
        _meta=_named(meta),
    )


def failed(error: ConnectorVaultError, how: str, argument: str = "account") -> CallToolResult:
    """Say what went wrong and what to do next.

    `how`: the command that connects an account. `argument` is the one that says which account.
    """
    kind, words = next((one, NEXT[one]) for one in type(error).__mro__ if one in NEXT)
    what = words.format(connect=_connect(error, how), argument=argument)
    meta: dict[str, Json] = {"error": kind.__name__}
    if isinstance(error, errors.RateLimited):
        meta["retry_after"] = error.retry_after
    if isinstance(error, errors.Reconnect):
        meta["connection"] = error.connection
    said = str(error).removeprefix("refused: ")
    return _error(f"{kind.__name__}: {said}. {what}", meta)


def broken(name: str) -> CallToolResult:
    """Say that something failed that should not have. What it was stands in our log."""
    words = f"{name} failed, and whether it did anything is not known: tell the person"
    return _error(words, {"error": "Unexpected"})


def _connect(error: ConnectorVaultError, how: str) -> str:
    if isinstance(error, errors.Reconnect) and error.connection and " connect " in how:
        return f"{how} --reconnect {error.connection}"
    return how


def _error(text: str, meta: Mapping[str, Json]) -> CallToolResult:
    content = TextContent(type="text", text=_sound(text))
    return CallToolResult(content=[content], is_error=True, _meta=_named(meta))


def _named(meta: Mapping[str, Json]) -> dict[str, Json]:
    return {f"{_META}/{name}": value for name, value in meta.items()}


def _sound(text: str) -> str:
    # Half a character cannot be written as UTF-8, and would end the session.
    return text.encode("utf-8", "replace").decode()
