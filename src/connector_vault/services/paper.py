"""Writing a service's file."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from connector_vault.connector import Json
from connector_vault.errors import Misconfigured
from connector_vault.services.said import Service

__all__ = ["toml_of", "write_service"]

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def write_service(service: Service, path: Path) -> bool:
    """Write a file that says this of a service, whole or not at all. False: there is one already.

    Raises:
        Misconfigured: it cannot be written.
    """
    draft = path.with_name(f".{path.name}.{token_hex(4)}")
    try:
        text = toml_of(service)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        return _placed(draft, path)
    except (OSError, UnicodeError) as error:
        what = error.strerror if isinstance(error, OSError) else "it has half a character in it"
        raise Misconfigured(f"{path} cannot be written: {what}") from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _placed(draft: Path, path: Path) -> bool:
    try:
        # Unlike a rename, it replaces nothing.
        os.link(draft, path)
    except FileExistsError:
        return False
    return True


def toml_of(service: Service) -> str:
    """Write what a service's file says, without what goes without saying."""
    said = service.model_dump(mode="json", exclude={"name"}, exclude_defaults=True)
    return "\n".join(_lines(said, "")) + "\n"


def _lines(said: Mapping[str, Json], place: str) -> Iterator[str]:
    plain = {name: one for name, one in said.items() if not isinstance(one, Mapping)}
    yield from (f"{_key(name)} = {_value(one)}" for name, one in plain.items())
    for name, one in said.items():
        if name not in plain and one:
            yield f"\n[{place}{_key(name)}]"
            yield from _lines(one, f"{place}{_key(name)}.")


def _value(one: Json) -> str:
    # JSON's texts, lists, numbers and truths are TOML's, but for one letter that JSON leaves bare.
    return json.dumps(one, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)
