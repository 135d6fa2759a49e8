"""The command line, run as people and scripts run it."""

import io
import json
import logging
import os
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from typing import NamedTuple
from unittest.mock import patch

import httpx2
import pytest
from anyio.from_thread import start_blocking_portal

from connector_vault import Client, Owner, Secret, Vault, emulator
from connector_vault.cli import main

COMMAND = [sys.executable, "-m", "connector_vault"]
CLIENT = Client(provider="github", id="Iv1.emulator", secret=Secret("emulator-secret"))
SECRET_KEY = "sk-or-v1-0123456789abcdefghijklmnop"
PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}


class Done(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def error(self):
        return self.json["error"]["type"], self.json["error"]["message"]


class Shell:
    """A person's machine: a home, settings, and perhaps an emulator."""

    def __init__(self, home, url="", **settings):
        self.home = home
        self.file = home / "data" / "vault.db"
        self.key = home / "data" / "vault.key"
        self.heard = []
        self.env = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "CONNECTOR_VAULT_DATABASE": f"sqlite:///{self.file}",
            "CONNECTOR_VAULT_KEYS": f"local:{self.key}",
            "CONNECTOR_VAULT_GITHUB_CLIENT_ID": "Iv1.emulator",
            "CONNECTOR_VAULT_GITHUB_CLIENT_SECRET": "emulator-secret",
            **({"CONNECTOR_VAULT_EMULATOR": url} if url else {}),
            **settings,
        }

    def run(self, *arguments, stdin=""):
        """Run a command in a process of its own."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return self._done(done.returncode, done.stdout, done.stderr)

    def quick(self, *arguments, stdin=""):
        """Run a command in this process, which is as good where no process is asked about."""
        root = logging.getLogger()
        before = root.handlers[:], root.level
        with patch.dict(os.environ, self.env, clear=True), _streams(stdin) as (out, err):
            try:
                code = main(arguments)
            finally:
                root.handlers[:], root.level = before
            return self._done(code, out.getvalue().decode(), err.getvalue().decode())

    def start(self, *arguments, **options):
        """Start a command that waits for something."""
        return subprocess.Popen([*COMMAND, *arguments], env=self.env, **{**PIPES, **options})

    def connect(self, *arguments):
        """Connect an account in a process of its own, and agree to it."""
        with self.start("connect", "github", "--no-browser", *arguments) as process:
            visit(link_of(process))
            out, err = process.communicate(timeout=30)
        return self._done(process.returncode, out, err)

    def vault(self):
        """Open the vault in this process."""
        url = self.env.get("CONNECTOR_VAULT_EMULATOR")
        database, keys = f"sqlite:///{self.file}", f"local:{self.key}"
        return Vault.open(database, keys=keys, clients=[CLIENT], emulator=url)

    def sql(self, statement, *values):
        """Do to the database what a program that is not ours would do."""
        with closing(sqlite3.connect(self.file, isolation_level=None)) as connection:
            return connection.execute(statement, values).fetchall()

    def files(self):
        """Name everything there is in the home, with its mode, size and time of change."""
        found = sorted(self.home.rglob("*"))
        stats = [(path, path.lstat()) for path in found]
        return [(str(path), one.st_mode, one.st_size, one.st_mtime_ns) for path, one in stats]

    def _done(self, code, out, err):
        self.heard += [out, err]
        return Done(code, out, err)


def visit(url, **options):
    """Follow a link as a browser does."""
    return httpx2.get(url, follow_redirects=True, timeout=20, **options)


def link_of(process):
    """Wait until a process shows a link."""
    return next(line.strip() for line in process.stderr if line.startswith("http"))


def install_connector(site, code):
    """Put a package into a folder whose connector, `broken`, is a module with this code."""
    info = site / "broken-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[connector_vault.connectors]\nbroken = broken_one:c\n")
    (site / "broken_one.py").write_text(code)


@contextmanager
def _streams(stdin):
    given = io.TextIOWrapper(io.BytesIO(stdin.encode()))
    out, err = io.BytesIO(), io.BytesIO()
    written = [io.TextIOWrapper(one, write_through=True) for one in (out, err)]
    with (
        patch.object(sys, "stdin", given),
        patch.object(sys, "stdout", written[0]),
        patch.object(sys, "stderr", written[1]),
    ):
        yield out, err


@pytest.fixture(scope="session")
def portal():
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture
def played(portal):
    """Play GitHub, for tests that are not asynchronous."""
    with portal.wrap_async_context_manager(emulator.running("github")) as world:
        yield world


@pytest.fixture
def shell(tmp_path, played):
    return Shell(tmp_path, played.url)


@pytest.fixture
def lonely(tmp_path):
    """A machine without an emulator: for what asks no provider."""
    return Shell(tmp_path)


@pytest.fixture
def connected(shell, portal):
    """A machine with one account, and its id."""
    return shell, portal.call(connect_account, shell)


async def connect_account(shell, user="me"):
    """Connect octocat, without the command line."""
    owner = Owner(tenant="local", user=user)
    async with shell.vault() as vault:
        pending = await vault.connect("github", owner, redirect_uri="http://127.0.0.1:9/cb")
        async with httpx2.AsyncClient() as browser:
            callback = (await browser.get(pending.url)).headers["location"]
        (connection,) = await vault.finish(callback, owner=owner)
    return connection.id


FIXTURES = (portal, played, shell, lonely, connected)
"""A test module takes them under these names; a conftest would give them to everybody."""
