"""Where things are, and who else can get at them."""

import asyncio
import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from connector_vault.cli.checks.verdicts import Check, ok, problem, warn
from connector_vault.cli.place import Place, databases_of, key_file_of
from connector_vault.errors import ConnectorVaultError

if TYPE_CHECKING:
    from connector_vault.keys import KeyHolder
    from connector_vault.settings import Settings

__all__ = ["check_files", "check_keys", "check_settings"]


def check_settings(place: Place, settings: "Settings") -> Iterator[Check]:
    """Show every setting, and where it comes from."""
    from connector_vault.stores import shown

    yield ok("settings", f"from {settings.source}, environment and options before it")
    yield ok(
        "setting database", f"{shown(settings.database)} ({_origin(place.database, 'DATABASE')})"
    )
    if settings.keys_database:
        yield ok("setting keys_database", shown(settings.keys_database))
    yield ok("setting keys", f"{_keys(settings)} ({_origin(place.keys, 'KEYS')})")
    yield ok("setting journal", settings.journal or "none: its default place")
    yield ok("setting tenant", f"{settings.owner.tenant} ({_origin(place.tenant, 'TENANT')})")
    yield ok("setting user", f"{settings.owner.user or '-'} ({_origin(place.user, 'USER')})")
    yield ok("setting emulator", settings.emulator or "none: real providers")
    for one in settings.clients:
        secret = one.secret.mask() if one.secret else "none"
        yield ok(f"setting client {one.provider}", f"{one.name}: {one.id}, secret {secret}")


def check_files(settings: "Settings") -> Iterator[Check]:
    """Look at the modes of the data folder and of the database's files."""
    databases = [path for url in databases_of(settings).values() if (path := _file_of(url))]
    keys = key_file_of(settings.keys)
    if keys is not None and not any(path.exists() for path in (*databases, keys)):
        # A server's database may be there, or not: it is looked at below.
        yield warn("vault", "there is none yet", "run: connector-vault init")
    folders = {path.parent: "database folder" for path in databases}
    if keys is not None:
        folders.setdefault(keys.parent, "keys folder")
    for folder, name in folders.items():
        if folder.is_dir():
            yield _folder(folder, name)
    for path in databases:
        yield from _database(path)


def _database(path: Path) -> Iterator[Check]:
    for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        if file.exists():
            yield _file(file)
    if path.exists() and not (os.access(path.parent, os.W_OK) and os.access(path, os.W_OK)):
        mend = "let this user write to it, or name another place"
        yield problem("writing", f"{path} or its folder cannot be written", mend)


def check_keys(settings: "Settings", holders: "list[KeyHolder]") -> Iterator[Check]:
    """Open the key holder, and let it wrap and unwrap a key. It is put into `holders`."""
    from connector_vault.keys import open_keys

    keys = key_file_of(settings.keys)
    if keys is not None and not os.path.lexists(keys):
        if _is_there(settings.database):
            words = "name the right one, or restore it: a new one would not open the database"
            yield problem("keys", f"the key file {keys} is gone", words)
        return
    try:
        holder = open_keys(settings.keys)
        asyncio.run(holder.health())
    except ConnectorVaultError as error:
        yield problem("keys", str(error), "mend that, and run doctor again")
        return
    holders.append(holder)
    yield ok("keys", f"{holder.id} wraps and unwraps")


def _folder(folder: Path, name: str) -> Check:
    mode = stat.S_IMODE(folder.stat().st_mode)
    mend = f"run: chmod 700 {shlex.quote(str(folder))}"
    if mode & 0o022 and not mode & stat.S_ISVTX:
        return problem(name, f"{folder}, mode {mode:04o}: others can put other files there", mend)
    if mode & 0o077:
        return warn(name, f"{folder}, mode {mode:04o}: others can look in", mend)
    return ok(name, f"{folder}, mode {mode:04o}")


def _file(file: Path) -> Check:
    mode = stat.S_IMODE(file.stat().st_mode)
    mend = f"run: chmod 600 {shlex.quote(str(file))}"
    if mode & 0o022:
        return problem(f"file {file.name}", f"mode {mode:04o}: others can write it", mend)
    if mode & 0o077:
        return warn(f"file {file.name}", f"mode {mode:04o}: others can read it", mend)
    return ok(f"file {file.name}", f"mode {mode:04o}")


def _file_of(url: str) -> Path | None:
    if not url.startswith("sqlite:"):
        return None
    from connector_vault.stores.sqlite import path_of

    return path_of(url)


def _is_there(database: str) -> bool:
    from connector_vault.stores import is_new

    path = _file_of(database)
    return os.path.lexists(path) if path else not asyncio.run(is_new(database))


def _origin(option: str | None, name: str) -> str:
    if option is not None:
        return "option"
    return "environment" if os.environ.get(f"CONNECTOR_VAULT_{name}") else "file or default"


def _keys(settings: "Settings") -> str:
    # Somebody may have pasted the key itself.
    return settings.keys if settings.keys.startswith("local:") else "not shown"
