"""Search files for tokens, in a process of its own.

A process that has a SQLite file open must not read it past SQLite: closing it would drop the locks.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from connector_vault.redaction import forms

__all__ = ["Found", "search"]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search looked through, and where it found something."""

    files: list[str]
    size: int
    """Bytes."""
    forms: int
    hits: list[str]
    """`FILE: form`, never the token."""


def search(folder: Path, needles: Iterable[str]) -> Found:
    """Search every file below a folder for tokens, in each of their forms."""
    done = subprocess.run(  # noqa: S603  # our own interpreter and module
        [sys.executable, "-m", __name__, str(folder)],
        input=json.dumps(list(needles)),
        capture_output=True,
        check=True,
        text=True,
    )
    return Found(**json.loads(done.stdout))


def _look(folder: Path, needles: list[str]) -> Found:
    wanted = {form: name for needle in needles for name, form in forms(needle)}
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    contents = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    hits = [
        f"{name}: {what}"
        for name, content in contents.items()
        for form, what in wanted.items()
        if form in content
    ]
    return Found(list(contents), sum(map(len, contents.values())), len(wanted), hits)


if __name__ == "__main__":
    found = _look(Path(sys.argv[1]), json.load(sys.stdin))
    json.dump({name: getattr(found, name) for name in Found.__slots__}, sys.stdout)
