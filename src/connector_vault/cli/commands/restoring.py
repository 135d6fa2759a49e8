"""`db anchor` and `db restored`: whether the database is of today, and what to do if it is not."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector_vault.cli.asking import ask_yes
from connector_vault.cli.exits import FAILED, OK
from connector_vault.cli.paper import Answer, Table, hint, waiting, working
from connector_vault.cli.place import Place
from connector_vault.cli.words import counted
from connector_vault.documents import difference_document, restored_document
from connector_vault.errors import BadArguments, ConnectorVaultError, Misconfigured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector_vault.model import Owner
    from connector_vault.reports import Difference, Restored
    from connector_vault.vault import Vault

__all__ = ["anchor", "restored"]

_MOST_NAMED = 20
"""Connections of a kind that are listed. `--json` has all."""

_ENDED = "disconnected"
"""The name of the event that tells of a tombstone."""


def anchor(place: Place) -> Answer:
    """Compare the database with its anchor, or begin an anchor if there is none.

    The anchor is a file on another disk, named by CONNECTOR_VAULT_ANCHOR. It keeps the number of
    each connection's newest token set, and which connections were ended. Ends with 1 if the
    database holds an older state than that, or lacks something.
    """
    named = place.settings().anchor
    if not named:
        raise Misconfigured("CONNECTOR_VAULT_ANCHOR names no file: name one, on another disk")
    path = Path(named).expanduser().absolute()
    new = not path.exists()
    if new:
        place.run(lambda vault, _: _begin(vault, path), anchor="")
    with waiting("Comparing …"):
        found = place.run(lambda vault, _: vault.restoration.compare())
    document = {"anchor": str(path), "begun": new, **difference_document(found)}
    if not found:
        words = f"A new anchor: {path}" if new else "Nothing is older than the anchor knows it."
        return Answer(document, (words,))
    hint("If you have put a backup back: `connector-vault db restored`. If not, find out who did.")
    return Answer(document, (_differing(found),), FAILED)


def restored(
    place: Place,
    ended: Annotated[
        Path | None,
        typer.Option(help="A copy of the events, as `events --json` writes them: who was ended."),
    ] = None,
    no_probe: Annotated[
        bool, typer.Option("--no-probe", help="Do not try each connection at its provider.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> Answer:
    """Tell the vault that a backup of the database was put back. Do it before anything else runs.

    What the anchor, or a copy of the events, says was disconnected since is disconnected again, and
    every other connection is tried at its provider. What was seen of newer states is forgotten.

    Asks first if you are at a terminal. It may be done again.
    """
    gone = _gone(ended) if ended else frozenset[str]()
    question = "Take the database as it is now for the true one?"
    if not yes and sys.stdin.isatty() and not ask_yes(question):
        raise ConnectorVaultError("nothing was changed, because you did not say yes")
    with working("Trying each connection …") as show:

        async def work(vault: "Vault", _: "Owner") -> "Restored":
            return await vault.restoration.settle(
                gone,
                probe=not no_probe,
                progress=lambda done: show(f"{counted(done, 'connection')} looked at …"),
            )

        report = place.run(work)
    if report.unconfirmed:
        hint("Some are not confirmed to be ended: `connector-vault maintain` goes on.")
    if report.untried and not no_probe:
        hint("Some could not be tried, as the log says: run it again.")
    done = not report.unconfirmed and (no_probe or not report.untried)
    return Answer(restored_document(report), (_sheet(report),), OK if done else FAILED)


async def _begin(vault: "Vault", path: Path) -> None:
    from connector_vault.anchor import begin_anchor

    begin_anchor(path, vault.room.store.id)


def _gone(file: Path) -> frozenset[str]:
    try:
        text = file.read_text(encoding="utf-8")
        return frozenset(one["connection"] for one in _events(text) if one["name"] == _ENDED)
    except OSError as error:
        raise BadArguments(f"{file} cannot be read: {error.strerror}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        words = "is no copy of the events as `connector-vault events --json` writes it"
        raise BadArguments(f"{file} {words}") from error


def _events(text: str) -> "Sequence[Mapping[str, str]]":
    # One document, or with --follow one a line.
    found: Sequence[Mapping[str, str]]
    try:
        whole = json.loads(text)
        found = whole.get("events", [whole])
    except ValueError:
        found = [json.loads(line) for line in text.splitlines() if line.strip()]
    return found


def _differing(found: "Difference") -> Table:
    kinds = (
        ("ended, and there again", found.ended),
        ("older than it was", found.older),
        ("not there any more", found.missing),
    )
    rows = [(id_, what) for what, ids in kinds for id_ in ids[:_MOST_NAMED]]
    return Table(("CONNECTION", "WHAT"), rows)


def _sheet(report: "Restored") -> Table:
    facts = {
        "disconnected again": report.ended,
        "disconnected again, unconfirmed": report.unconfirmed,
        "working": report.alive,
        "working, with new tokens": report.refreshed,
        "to be consented to again": report.reconnect,
        "not tried": report.untried,
        "unknown to this backup": len(report.missing),
    }
    return Table((), [(name, f"{number:,}") for name, number in facts.items()])
