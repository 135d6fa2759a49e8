"""Who holds the keys: each holder that is named is tried, and it is said what it is."""

import asyncio
import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from connector_vault.cli.checks.verdicts import Check, ok, problem, warn
from connector_vault.cli.place import file_of, key_file_of
from connector_vault.errors import ConnectorVaultError, KeysDenied

if TYPE_CHECKING:
    from connector_vault.keys import Holder, KeyHolder
    from connector_vault.settings import Settings

__all__ = ["check_keys", "close"]

_AGAIN = "mend that, and run doctor again"

_KINDS = {
    "aws-kms": "a key in AWS KMS, which never leaves it",
    "hcvault": "a key in Vault or OpenBao, which never leaves it",
    "pkcs11": "a key in a PKCS#11 token, which never leaves it",
}


def check_keys(settings: "Settings", holders: "list[KeyHolder]") -> Iterator[Check]:
    """Open each key holder, and let it wrap and unwrap a key.

    Those that can are put into `holders`, the one that wraps first. Whoever gave the list closes
    them.
    """
    yield from _look("keys", settings.keys, settings, holders)
    for uri in settings.other_keys:
        yield from _look("other keys", uri, settings, holders)


def close(holders: "list[KeyHolder]") -> None:
    """Close them."""
    for holder in holders:
        asyncio.run(holder.close())


def _look(name: str, uri: str, settings: "Settings", holders: "list[KeyHolder]") -> Iterator[Check]:
    from connector_vault.keys import open_keys

    file = key_file_of(uri)
    if file is not None and not os.path.lexists(file):
        if _is_there(settings.database):
            words = "name the right one, or restore it: a new one would not open the database"
            yield problem(name, f"the key file {file} is gone", words)
        return
    try:
        holder = open_keys(uri)
        asyncio.run(_tried(holder))
    except KeysDenied as error:
        yield problem(name, str(error), _allowing(uri))
    except ConnectorVaultError as error:
        yield problem(name, str(error), _AGAIN)
    else:
        holders.append(holder)
        yield ok(name, f"{holder.id} wraps and unwraps: {_kind(uri, file, settings)}")
        yield from _look_at_secret(uri)


def _look_at_secret(uri: str) -> Iterator[Check]:
    """Look who may use what lets us in. Where Kubernetes puts it, that is for Kubernetes to say."""
    if not uri.startswith("hcvault:"):
        return
    from connector_vault.keys.hcvault.address import address_of

    address = address_of(uri)
    file = address.secret
    if file is None or address.method == "kubernetes":
        return
    if file.stat().st_mode & stat.S_IRWXO:
        words = f"every user of this machine may use {file}, which lets the vault in"
        yield warn("key holder's secret", words, f"run chmod o= {shlex.quote(str(file))}")


async def _tried(holder: "Holder") -> None:
    try:
        await holder.health()
    except BaseException:
        await holder.close()
        raise


def _kind(uri: str, file: Path | None, settings: "Settings") -> str:
    if file is None:
        return _KINDS[uri.partition(":")[0]]
    words = "a key file, for development or for one small machine"
    database = file_of(settings.database)
    if database is not None and database.parent == file.parent:
        return f"{words}; whoever copies its folder has key and database"
    return f"{words}; whoever copies it opens every copy of the database"


def _allowing(uri: str) -> str:
    policy = _policy(uri)
    if not policy:
        return _AGAIN
    return f"{_AGAIN}. What the vault needs to be allowed:\n{policy.strip()}"


def _policy(uri: str) -> str:
    match uri.partition(":")[0]:
        case "hcvault":
            from connector_vault.keys import hcvault

            return hcvault.policy(uri)
        case "aws-kms":
            from connector_vault.keys import aws_kms

            return aws_kms.policy(uri)
        case _:
            return ""


def _is_there(database: str) -> bool:
    from connector_vault.stores import is_new

    path = file_of(database)
    return os.path.lexists(path) if path else not asyncio.run(is_new(database))
