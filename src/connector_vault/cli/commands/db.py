"""`db status` and `db upgrade`: the schema of the database, and of the one with the data keys."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from connector_vault.cli.exits import FAILED, OK
from connector_vault.cli.paper import Answer, Table, waiting
from connector_vault.cli.place import Place, check_made, databases_of

if TYPE_CHECKING:
    from connector_vault.connector import Json
    from connector_vault.stores.versions import Version

__all__ = ["status", "upgrade"]

_WORDS = {
    "newest": "the newest",
    "opens": "whatever opens it brings it up to date",
    "missing": "there is none yet: connector-vault init",
    "older": "too old: connector-vault db upgrade",
    "newer": "newer than this version knows: install a newer connector-vault",
}


def status(place: Place) -> Answer:
    """Say which schema the database has, and which one this version needs. Changes nothing.

    Ends with 1 if this version cannot work with it.
    """
    import asyncio

    from connector_vault.stores.versions import look

    urls = databases_of(place.settings())
    found = {name: asyncio.run(look(url)) for name, url in urls.items()}
    states = {name: _state(urls[name], one) for name, one in found.items()}
    fit = set(states.values()) <= {"newest", "opens"}
    rows = [_row(name, one, _WORDS[states[name]]) for name, one in found.items()]
    told = {name: {**_told(urls[name], one), "state": states[name]} for name, one in found.items()}
    return Answer({"ok": fit, **told}, (Table((), rows),), OK if fit else FAILED)


def upgrade(place: Place) -> Answer:
    """Bring the database up to date. In PostgreSQL also makes its schema.

    Any number of processes may try at once. Do it before those of a new version start.
    """
    import asyncio

    from connector_vault.stores.versions import Version, upgrade

    urls = databases_of(place.settings())
    check_made(urls)
    with waiting("Bringing the database up to date …"):
        had = {name: asyncio.run(upgrade(url)) for name, url in urls.items()}
    rows = [_row(name, Version(one.newest, one.newest), _change(one)) for name, one in had.items()]
    told = {
        name: {**_told(urls[name], one), "found": one.newest, "before": one.found}
        for name, one in had.items()
    }
    return Answer(told, (Table((), rows),))


def _state(url: str, version: "Version") -> str:
    if not version.found:
        return "missing"
    if version.found > version.newest:
        return "newer"
    if version.found == version.newest:
        return "newest"
    return "opens" if url.startswith("sqlite:") else "older"


def _change(had: "Version") -> str:
    if had.found == had.newest:
        return "was up to date"
    return f"upgraded from {had.found}" if had.found else "made"


def _row(name: str, version: "Version", words: str) -> tuple[str, ...]:
    return name.replace("_", " "), f"schema {version.found}", words


def _told(url: str, version: "Version") -> Mapping[str, "Json"]:
    from connector_vault.stores import shown

    return {"url": shown(url), "found": version.found, "newest": version.newest}
