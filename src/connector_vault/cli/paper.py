"""What goes to the terminal: answers to stdout, everything else to stderr."""

import json
import re
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from connector_vault.cli.exits import OK
from connector_vault.documents import Document

__all__ = ["Answer", "Table", "hint", "plain", "say", "waiting", "working", "written"]

_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What moves a terminal's cursor, turns text around, or cannot be written as UTF-8."""

_STYLES = {
    "active": "green",
    "ok": "green",
    "problem": "bold red",
    "reconnect": "yellow",
    "revoking": "yellow",
    "warn": "yellow",
}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows for people. Without columns' names it is a list of names and values."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found: once for scripts, once for people."""

    document: Document
    pieces: tuple[str | Table, ...]
    code: int = OK


def say(answer: Answer, *, as_json: bool) -> None:
    """Print an answer to stdout."""
    if as_json:
        _print(written(answer.document))
    else:
        for piece in answer.pieces:
            _show(piece)
    sys.stdout.flush()


def hint(text: str) -> None:
    """Tell a person something that is not the answer."""
    sys.stderr.write(f"{plain(text)}\n")
    sys.stderr.flush()


def waiting(text: str) -> AbstractContextManager[object]:
    """Show on a terminal that this takes a while."""
    return working(text)


@contextmanager
def working(text: str) -> Generator[Callable[[str], None]]:
    """Show on a terminal that this takes a while, and how far it is."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(plain(text)) as status:
        yield lambda now: status.update(plain(now))


def written(value: object) -> str:
    """Write JSON: on a terminal over several lines, else on one."""
    pretty = sys.stdout.isatty()
    text = json.dumps(value, ensure_ascii=False, indent=2 if pretty else None)
    # Line breaks are JSON's own: those inside a text are written \n already.
    return "\n".join(_UNPRINTABLE.sub(_escaped, line) for line in text.split("\n"))


def plain(text: str) -> str:
    """Make text from elsewhere safe to print: a name must not drive somebody's terminal."""
    return "\n".join(
        _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", line) for line in text.split("\n")
    )


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _show(piece: str | Table) -> None:
    if isinstance(piece, str):
        _print(plain(piece))
    elif sys.stdout.isatty() and piece.rows:
        _draw(piece)
    else:
        # One row a line, so that `cut` and `grep` can work on it.
        for row in piece.rows:
            _print("\t".join(plain(cell).replace("\n", " ") for cell in row))


def _draw(piece: Table) -> None:
    from rich.console import Console
    from rich.table import Table as Drawing
    from rich.text import Text

    drawing = Drawing(
        box=None, show_header=bool(piece.columns), header_style="bold", pad_edge=False
    )
    for column in piece.columns or [""] * len(piece.rows[0]):
        # The first cell is what people copy: it stays whole.
        drawing.add_column(column, overflow="fold", no_wrap=not drawing.columns)
    for row in piece.rows:
        drawing.add_row(*(Text(plain(cell), style=_STYLES.get(cell, "")) for cell in row))
    Console().print(drawing)
