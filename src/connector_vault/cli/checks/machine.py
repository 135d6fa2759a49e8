"""The machine: Python, SQLite, the clock, and whom TLS trusts."""

import os
import platform
import re
import sqlite3
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from connector_vault.cli.checks.verdicts import Check, ok, problem

__all__ = ["check_machine"]

_SQLITE = (3, 37, 0)
"""The first with strict tables."""

_BORN = 2026
"""The year this was written in. A clock before it is wrong."""

_HASHED = re.compile(r"[0-9a-fA-F]{8}\.[0-9]+")
"""How OpenSSL names certificates in a folder."""


def check_machine() -> Iterator[Check]:
    """Look at what everything rests on."""
    yield ok("python", f"{platform.python_version()} on {platform.system()}")
    yield _sqlite()
    yield _clock(datetime.now(UTC))
    yield _trust()


def _sqlite() -> Check:
    if sqlite3.sqlite_version_info < _SQLITE:
        return problem("sqlite", f"{sqlite3.sqlite_version} is too old", "install 3.37 or newer")
    return ok("sqlite", sqlite3.sqlite_version)


def _clock(now: datetime) -> Check:
    if now.year < _BORN:
        finding = f"it says {now:%Y-%m-%d}, so every token seems fresh"
        return problem("clock", finding, "set the clock")
    return ok("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")


def _trust() -> Check:
    import httpx2

    try:
        context = httpx2.create_ssl_context()
        count = context.cert_store_stats()["x509_ca"]
    except NotImplementedError:
        return ok("tls", "this system's own certificates")
    except (OSError, ValueError) as error:
        finding = f"the certificates cannot be read ({type(error).__name__})"
        return problem("tls", finding, "mend SSL_CERT_FILE or SSL_CERT_DIR")
    if count or _hashed():
        return ok("tls", f"{count or 'a folder of'} certificate authorities")
    return problem("tls", "no certificate authority is known", "install ca-certificates")


def _hashed() -> bool:
    """Tell whether OpenSSL finds certificates in its folder, which it reads when it needs one."""
    folder = Path(os.environ.get("SSL_CERT_DIR") or ssl.get_default_verify_paths().openssl_capath)
    return folder.is_dir() and any(_HASHED.fullmatch(found.name) for found in folder.iterdir())
