"""What all commands share: their options, one answer, one error and one exit code."""

import inspect
import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Concatenate, ParamSpec

import typer

from connector_vault.cli.exits import FAILED, INTERRUPTED, code_of
from connector_vault.cli.logs import show_everything, traced
from connector_vault.cli.paper import Answer, hint, say, written
from connector_vault.cli.place import Place
from connector_vault.errors import ConnectorVaultError

if TYPE_CHECKING:
    from connector_vault.connector import Json

__all__ = ["complain", "offer"]

P = ParamSpec("P")
Said = dict[str, "Json"]
"""What the options said, by name: typer calls a command with whatever its signature names."""

_WHERE = "Which vault, and whose"
_HOW = "Output"

_OUTPUT: Mapping[str, object] = {
    "as_json": Annotated[
        bool,
        typer.Option("--json", help="Print one JSON document.", rich_help_panel=_HOW),
    ],
    "debug": Annotated[
        bool,
        typer.Option("--debug", help="Log everything to stderr.", rich_help_panel=_HOW),
    ],
}

_PLACE: Mapping[str, object] = {
    "database": Annotated[
        str | None,
        typer.Option(
            help="sqlite:///PATH or postgresql://… Default: the settings'.", rich_help_panel=_WHERE
        ),
    ],
    "keys": Annotated[
        str | None,
        typer.Option(
            help="Key holders, such as local:PATH; the first wraps. Default: the settings'.",
            rich_help_panel=_WHERE,
        ),
    ],
    "tenant": Annotated[
        str | None,
        typer.Option(help="Whose connections. Default: the settings'.", rich_help_panel=_WHERE),
    ],
    "user": Annotated[
        str | None,
        typer.Option(
            help="Whose in the tenant; empty: its own. Default: the settings'.",
            rich_help_panel=_WHERE,
        ),
    ],
}


def offer(
    app: typer.Typer,
    name: str,
    work: Callable[Concatenate[Place, P], Answer | int],
    example: str,
    *,
    place: bool = True,
) -> None:
    """Make a function a command. It gets the place it works at, then its own arguments.

    It gives its answer, or an exit code if it has spoken already. `place`: whether the command has
    the options that choose one.
    """
    shared = {**_PLACE, **_OUTPUT} if place else _OUTPUT
    own = list(inspect.signature(work).parameters.values())[1:]

    def command(**said: "Json") -> None:
        raise typer.Exit(_carried_out(work, {key: said.pop(key) for key in shared}, said))

    # typer reads the options of a command from its signature.
    added = [_parameter(key, kind) for key, kind in shared.items()]
    command.__dict__["__signature__"] = inspect.Signature([*own, *added])
    command.__annotations__ = {}
    app.command(name, help=_help(work), epilog=f"Example: {example}")(command)


def complain(kind: str, message: str, *, as_json: bool) -> None:
    """Say what went wrong: to people on stderr and, if asked for, to scripts on stdout."""
    hint(f"error: {message}")
    if as_json:
        document = {"error": {"type": kind, "message": message}}
        sys.stdout.write(f"{written(document)}\n")
        sys.stdout.flush()


def _help(work: Callable[..., object]) -> str:
    # typer would keep the line breaks of the source.
    paragraphs = (inspect.getdoc(work) or "").split("\n\n")
    return "\n\n".join(" ".join(one.split()) for one in paragraphs)


def _parameter(name: str, kind: object) -> inspect.Parameter:
    default = False if name in _OUTPUT else None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _carried_out(work: Callable[..., Answer | int], shared: Said, own: Said) -> int:
    debug = shared.pop("debug")
    if debug:
        show_everything()
    try:
        return _answered(work, Place(**shared), own)
    except (typer.Exit, typer.TyperException):
        raise
    except BrokenPipeError:
        return _unheard()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  # the last one to see it
        if debug:
            hint(traced(error))
        return _failed(error, as_json=shared["as_json"])


def _answered(work: Callable[..., Answer | int], place: Place, own: Said) -> int:
    answer = work(place, **own)
    if isinstance(answer, int):
        return answer
    say(answer, as_json=place.as_json)
    return answer.code


def _failed(error: Exception | KeyboardInterrupt, *, as_json: bool) -> int:
    kind = type(error).__name__
    match error:
        case ConnectorVaultError():
            complain(kind, str(error), as_json=as_json)
            return code_of(error)
        case KeyboardInterrupt():
            complain("Interrupted", "interrupted", as_json=as_json)
            return INTERRUPTED
        case _:
            # Its text may hold anything, and is not repeated.
            words = f"unexpected {kind}: this is a bug, run again with --debug for a traceback"
            complain(kind, words, as_json=as_json)
            return FAILED


def _unheard() -> int:
    # Whoever read our output has left. Python would complain once more when it closes stdout.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return FAILED
