"""Where things are, and who else can get at them."""

import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from connector_vault.cli.checks.verdicts import Check, ok, problem, warn
from connector_vault.cli.place import Place, databases_of, file_of, key_file_of

if TYPE_CHECKING:
    from connector_vault.settings import Settings

__all__ = ["check_files", "check_settings"]

_SCHEMES = {"aws-kms", "hcvault", "pkcs11"}
"""Key holders that are no file."""


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
    yield ok("setting anchor", settings.anchor or "none: what is older is noticed by who saw newer")
    yield ok("setting tenant", f"{settings.owner.tenant} ({_origin(place.tenant, 'TENANT')})")
    yield ok("setting user", f"{settings.owner.user or '-'} ({_origin(place.user, 'USER')})")
    yield ok("setting emulator", settings.emulator or "none: real providers")
    for one in settings.clients:
        secret = one.secret.mask() if one.secret else "none"
        yield ok(f"setting client {one.provider}", f"{one.name}: {one.id}, secret {secret}")


def check_files(settings: "Settings") -> Iterator[Check]:
    """Look at the modes of the data folder and of the database's files."""
    databases = [path for url in databases_of(settings).values() if (path := file_of(url))]
    named = (key_file_of(uri) for uri in (settings.keys, *settings.other_keys))
    keys = [path for path in named if path is not None]
    if keys and not any(path.exists() for path in (*databases, *keys)):
        # A server's database may be there, or not: it is looked at below.
        yield warn("vault", "there is none yet", "run: connector-vault init")
    folders = {path.parent: "database folder" for path in databases}
    for path in keys:
        folders.setdefault(path.parent, "keys folder")
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


def _origin(option: str | None, name: str) -> str:
    if option is not None:
        return "option"
    return "environment" if os.environ.get(f"CONNECTOR_VAULT_{name}") else "file or default"


def _keys(settings: "Settings") -> str:
    return ", ".join(map(_holder, (settings.keys, *settings.other_keys)))


def _holder(uri: str) -> str:
    # Somebody may have pasted the key itself, or put a PIN where it does not belong.
    scheme = uri.partition(":")[0]
    if scheme == "local":
        return uri
    return f"{scheme}:…" if scheme in _SCHEMES else "not shown"
