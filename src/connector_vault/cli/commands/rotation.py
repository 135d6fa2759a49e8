"""`keys status`, `rotate`, `retire` and `shred`: the key that all data keys are wrapped under."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from connector_vault.cli.asking import ask_yes
from connector_vault.cli.exits import FAILED, OK
from connector_vault.cli.paper import Answer, Table, hint, waiting, working
from connector_vault.cli.place import Place
from connector_vault.cli.words import counted, key_advice
from connector_vault.documents import keys_document
from connector_vault.errors import BadArguments, ConnectorVaultError, KeysDenied, NotConnected
from connector_vault.reports import keeps_all

if TYPE_CHECKING:
    from connector_vault.model import Owner
    from connector_vault.reports import KeyStatus
    from connector_vault.vault import Vault

__all__ = ["key_status", "retire_key", "rotate_key", "shred_keys"]

_COLUMNS = ("HOLDER", "VERSION", "DATA KEYS", "STATE")

_REWRAP = "connector-vault keys rotate --rewrap-only"
_RETIRE = "connector-vault keys retire"

_LOST = "What they wrapped, in backups of the database, is lost for good."

_RATE = Annotated[int | None, typer.Option(min=1, help="So many data keys a second, at most.")]
_YES = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@dataclass(slots=True)
class _Progress:
    """Shows how far a rotation is, and keeps it."""

    show: Callable[[str], None]
    done: int = 0

    def __call__(self, done: int, total: int) -> None:
        self.done = done
        self.show(f"{done:,} of {counted(total, 'data key')} wrapped anew …")


def key_status(place: Place) -> Answer:
    """Say which key all data keys are wrapped under, and what still needs an older version."""

    async def work(vault: "Vault", _: "Owner") -> "tuple[KeyStatus, list[str]]":
        others = vault.room.keyring.keys.holders.others
        return await vault.rotation.status(), list(others)

    status, others = place.run(work)
    for advice in key_advice(status, others):
        hint(advice)
    return Answer({"status": keys_document(status)}, _sheet(status))


def rotate_key(
    place: Place,
    rate: _RATE = None,
    rewrap_only: Annotated[
        bool,
        typer.Option("--rewrap-only", help="Make no new version: one was made, or go on."),
    ] = False,
    data_keys: Annotated[
        bool,
        typer.Option("--data-keys", help="Give each connection a new data key instead."),
    ] = False,
) -> Answer:
    """Make a new version of the key, and wrap all data keys under it. Nothing is held up meanwhile.

    It may be stopped at any moment: what is done is done, `--rewrap-only` goes on, and so does
    `maintain`. Ends with 1 if some data keys are still to be wrapped anew.

    Whoever may not rotate the key is told the command for whoever may; then run it with
    `--rewrap-only`.
    """
    if data_keys:
        if rewrap_only or rate is not None:
            raise BadArguments("--data-keys goes alone: run the other apart")
        return _new_data_keys(place)
    with _going_on(
        f"What is wrapped anew stays so. Go on with `{_REWRAP}`, or wait for `maintain`."
    ):
        status, done = _wrapped_anew(place, rate, rewrap_only=rewrap_only)
    words = [f"Version {status.version} of {status.holder} wraps from now on."]
    words.append(f"{counted(done, 'data key')} wrapped anew, {status.stale:,} still to be.")
    if status.stale:
        hint(f"Others were just being stored, or do not open, as the log says: run `{_REWRAP}`.")
    elif not keeps_all(status.holder) and status.oldest < status.version:
        hint(f"Older versions still open what they wrapped: `{_RETIRE}` destroys them.")
    document = {"rewrapped": done, "status": keys_document(status)}
    return Answer(document, tuple(words), FAILED if status.stale else OK)


def retire_key(place: Place, yes: _YES = False) -> Answer:
    """Destroy all versions of the key but the newest. What they wrapped is noise from then on.

    So are backups and logs of the database from before the last rotation: they cannot be restored
    any more. Refused with 5 while a data key still needs one of them. Takes a minute.

    Asks first if you are at a terminal.
    """
    status = place.run(_retirable)
    if not status.stale:
        _ask(f"Destroy all versions before {status.version} of {status.holder}? {_LOST}", yes=yes)
    with _going_on(f"Run `{_RETIRE}` again: what is destroyed stays so."):
        status = _retire(place, status)
    return Answer({"status": keys_document(status)}, (_told(status),))


def shred_keys(place: Place, rate: _RATE = None, yes: _YES = False) -> Answer:
    """Rotate, wrap anew and retire in one: no copy of a data key destroyed until now opens again.

    Live connections go on. Backups and logs of the database from before cannot be restored any
    more: make a new backup. Takes a minute, and as long as `keys rotate` does.

    Asks first if you are at a terminal. It may be stopped at any moment, and says how it goes on.
    """
    status = place.run(_retirable)
    _ask(f"Destroy all versions up to {status.version} of {status.holder}? {_LOST}", yes=yes)
    with _going_on(f"Go on with `{_REWRAP}`, then `{_RETIRE}`: what is done is done."):
        status, done = _wrapped_anew(place, rate, rewrap_only=False)
        status = _retire(place, status)
    words = (f"{counted(done, 'data key')} wrapped anew.", _told(status))
    return Answer({"rewrapped": done, "status": keys_document(status)}, words)


def _wrapped_anew(place: Place, rate: int | None, *, rewrap_only: bool) -> "tuple[KeyStatus, int]":
    with working("Wrapping data keys anew …") as show:
        progress = _Progress(show)

        async def work(vault: "Vault", _: "Owner") -> "KeyStatus":
            if not rewrap_only:
                return await vault.rotate(rate=rate, progress=progress)
            await vault.rotation.rewrap(rate=rate, progress=progress)
            return await vault.rotation.status()

        try:
            return place.run(work), progress.done
        except KeysDenied as error:
            raise KeysDenied(f"{error}; then run {_REWRAP}") from error


async def _retirable(vault: "Vault", _: "Owner") -> "KeyStatus":
    """Give the status, if this holder can destroy a version at all."""
    status = await vault.rotation.status()
    if keeps_all(status.holder):
        # It refuses, and says what to do instead.
        await vault.room.keyring.keys.holders.current.retire(status.version)
    return status


def _retire(place: Place, status: "KeyStatus") -> "KeyStatus":
    async def work(vault: "Vault", _: "Owner") -> "KeyStatus":
        return await vault.rotation.retire()

    if not status.stale:
        # Else it is refused at once.
        hint("Waiting a minute, for what other processes may just be storing under older versions.")
    with waiting("Retiring …"):
        return place.run(work)


def _new_data_keys(place: Place) -> Answer:
    words = "Connections that have a new data key keep it. Run it again for all."
    with _going_on(words), waiting("Giving each connection a new data key …"):
        done, left = place.run(_renewed)
    told = f"{counted(done, 'connection')} with a new data key."
    if left:
        hint(f"{counted(left, 'connection')} kept the old one, as the log says: run it again.")
    return Answer({"renewed": done, "left": left}, (told,), FAILED if left else OK)


async def _renewed(vault: "Vault", _: "Owner") -> tuple[int, int]:
    from connector_vault.stores import Aged

    begun = vault.room.clock()
    done = await vault.renewal.renew_older(begun)
    old = [key async for key in vault.room.store.rows(Aged(begun))]
    return done, sum(
        [await _is_in_use(vault, key.tenant, key.connection, key.dek_id) for key in old]
    )


async def _is_in_use(vault: "Vault", tenant: str, connection: str, dek_id: bytes) -> bool:
    from connector_vault.model import State, Tenant

    try:
        row = await vault.room.row(connection, Tenant(name=tenant))
    except NotConnected:
        return False
    return row.dek_id == dek_id and row.state != State.REVOKING.value


@contextmanager
def _going_on(how: str) -> Generator[None]:
    """Tell whoever stops it how it goes on."""
    try:
        yield
    except KeyboardInterrupt:
        hint(how)
        raise


def _ask(question: str, *, yes: bool) -> None:
    if not yes and sys.stdin.isatty() and not ask_yes(question):
        raise ConnectorVaultError("nothing was changed, because you did not say yes")


def _told(status: "KeyStatus") -> str:
    return (
        f"Version {status.oldest} is the oldest that {status.holder} has. Destroy copies of older "
        "ones too: backups of the key itself, wherever they lie."
    )


def _sheet(status: "KeyStatus") -> tuple[Table, ...]:
    facts = (
        ("holder", status.holder),
        ("version", str(status.version)),
        ("oldest version", str(status.oldest)),
        ("data keys", f"{status.data_keys:,}"),
        ("to be wrapped anew", f"{status.stale:,}"),
        ("shred horizon", status.shred_horizon),
    )
    rows = [
        (one.holder, str(one.version), f"{one.keys:,}", "current" if one.current else "old")
        for one in status.versions
    ]
    return Table((), facts), Table(_COLUMNS, rows)
