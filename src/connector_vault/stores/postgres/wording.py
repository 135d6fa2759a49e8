"""SQL as PostgreSQL reads it: numbered marks, quoted names, and the schema's in front."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from connector_vault.stores import Value

__all__ = ["Parameter", "Statement", "columns", "in_schema", "numbered", "quoted"]

Parameter = Value | Sequence[Value]


class Statement(NamedTuple):
    """SQL, and the values for its marks."""

    text: str
    values: tuple[Parameter, ...] = ()

    def __repr__(self) -> str:
        return f"Statement({self.text!r})"


def quoted(name: str) -> str:
    """Quote a name, such as that of a schema."""
    return '"' + name.replace('"', '""') + '"'


def columns(names: Iterable[str]) -> str:
    """List columns. Quoted, because `user` means something else."""
    return ", ".join(map(quoted, names))


@lru_cache(1000)
def in_schema(text: str, schema: str) -> str:
    """Put a schema where a statement says `vault.`."""
    return text.replace("vault.", f"{quoted(schema)}.")


@lru_cache(1000)
def numbered(text: str) -> str:
    """Write `$1` for the first `?`, and so on."""
    marks = iter(range(1, text.count("?") + 1))
    return re.sub(r"\?", lambda _: f"${next(marks)}", text)
