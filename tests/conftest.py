"""What every test is given."""

import asyncio
import ipaddress
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest
from hypothesis import HealthCheck, settings

from connector_vault import Vault, datakeys, emulator, lifecycle, registry
from connector_vault.refresh import Refresher
from connector_vault.room import now_ms
from connector_vault.stores.postgres.address import address_of
from connector_vault.stores.postgres.schema import upgrade
from tests.deeds import ACME_SECRET, ADA, CALLBACK, CLIENT, THIRD_PARTY, until
from tests.postgres import asked, serving

# How fast a machine makes examples up says nothing of what is tested.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

TOLD = ("CONNECTOR_VAULT_REQUIRE_ALL", "CONNECTOR_VAULT_SPECS")
"""What a test run itself is told."""


class Place(NamedTuple):
    """Where a test keeps its vault."""

    folder: Path
    database: str
    keys: str
    file: Path


FAULTS = {
    "test_add_a_provider",
    "test_attacks",
    "test_aws_kms_answers",
    "test_aws_kms_faults",
    "test_cli_db",
    "test_cli_doctor",
    "test_cli_doctor_keys",
    "test_cli_keys_holders",
    "test_cli_keys_retire",
    "test_cli_keys_rotation",
    "test_cli_serve",
    "test_crowd",
    "test_cv1_by_hand",
    "test_failover",
    "test_hcvault_faults",
    "test_keep_alive",
    "test_keys",
    "test_kills",
    "test_landing",
    "test_large_uploads",
    "test_maintain_clocks",
    "test_mcp_long",
    "test_mcp_stdin",
    "test_memory",
    "test_outages",
    "test_panel_program",
    "test_pkcs11_faults",
    "test_postgres_faults",
    "test_renewal_races",
    "test_rewrap",
    "test_rotation_holders",
    "test_rotation_kills",
    "test_rotation_trouble",
    "test_simulation",
    "test_uploads",
    "test_vault_holders",
}
"""Modules that `make faults` runs and `make test` leaves out: together they take minutes."""


def pytest_collection_modifyitems(items):
    """Mark what takes long."""
    for item in items:
        if item.path.stem in FAULTS:
            item.add_marker(pytest.mark.faults)


def pytest_terminal_summary(terminalreporter):
    """Show what tests measured, also those that ran in another process."""
    reports = (one for some in terminalreporter.stats.values() for one in some)
    told = [
        value
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "measured"
    ]
    if told:
        terminalreporter.section("measured")
    for line in sorted(set(told)):
        terminalreporter.write_line(line)


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(autouse=True, scope="session")
def _loopback_only():
    """A test that leaves this machine fails, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", _resolving(socket.getaddrinfo))
        yield


@pytest.fixture(autouse=True, scope="session")
def _no_settings():
    """What the developer has set does not decide a test."""
    with pytest.MonkeyPatch.context() as patch:
        said = {name for name in os.environ if name.startswith("CONNECTOR_VAULT_")}
        for name in said.difference(TOLD):
            patch.delenv(name)
        yield


@pytest.fixture(autouse=True)
def _hasty(monkeypatch):
    """On this machine a request that was given up is over at once, and what was away is back."""
    monkeypatch.setattr(lifecycle, "SETTLE", 0.02)
    monkeypatch.setattr(datakeys, "_PAUSE", 0.0)


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server. Each test has a schema of its own in it."""
    with serving() as server:
        yield server


@pytest.fixture
async def world():
    async with emulator.running("github") as running:
        yield running


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """Install somebody else's connector into a folder, as an operator would."""
    folder = tmp_path_factory.mktemp("site")
    offline = ("--no-index", "--no-build-isolation", "--no-deps", "--quiet")
    quiet = ("--disable-pip-version-check", "--root-user-action", "ignore")
    source = shutil.copytree(THIRD_PARTY, tmp_path_factory.mktemp("source") / "acme")
    command = (sys.executable, "-m", "pip", "install", *offline, *quiet, "--target", folder, source)
    subprocess.run(command, check=True, timeout=50)
    return folder


@pytest.fixture
def acme(installed, monkeypatch):
    """Have the connector of tests/thirdparty, for the time of one test."""
    monkeypatch.syspath_prepend(installed)
    return registry.load("acme")


@pytest.fixture
async def acme_world(acme):
    async with emulator.running("acme") as running:
        yield running


@pytest.fixture
async def acme_vault(opened, acme_world):
    """A vault with a pasted token of Acme, one that is hard to find in what Acme answers."""
    async with opened(emulator=acme_world.url) as vault:
        await vault.add("acme", ADA, secret=ACME_SECRET)
        yield vault


def pytest_generate_tests(metafunc):
    """Run the tests of a module on all the DATABASES that it names, but those of files."""
    named = getattr(metafunc.module, "DATABASES", None)
    if named and "database" in metafunc.fixturenames and "disk" not in metafunc.fixturenames:
        metafunc.parametrize("database", named, indirect=True)


@pytest.fixture
def database(request, tmp_path, monkeypatch):
    """Make a database of this test's own."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return f"sqlite:///{tmp_path / 'vault.db'}"
    monkeypatch.setenv("CONNECTOR_VAULT_JOURNAL", str(tmp_path / "journal"))
    url = request.getfixturevalue("postgres").address()
    asyncio.run(upgrade(address_of(url)))
    return url


@pytest.fixture
def place(tmp_path, database):
    return Place(tmp_path, database, f"local:{tmp_path / 'vault.key'}", tmp_path / "vault.db")


@pytest.fixture
def disk(place):
    """The folder with all that is kept: only of a vault in a file."""
    return place.folder


@pytest.fixture
def opened(place, world):
    """Open the vault: once more is as good as another process."""

    def opened(**options):
        said = {"keys": place.keys, "clients": [CLIENT], "emulator": world.url}
        return Vault.open(place.database, **{**said, "background": False, **options})

    return opened


@pytest.fixture
async def vault(opened):
    async with opened() as vault:
        yield vault


@pytest.fixture
def later():
    """Look at a vault when so many seconds have passed for it, and not for the providers."""

    def later(vault, seconds):
        room = replace(vault.room, clock=lambda: now_ms() + seconds * 1000)
        return Vault(room, Refresher(room))

    return later


@pytest.fixture
def agree(world):
    """Let somebody agree: give the callback that their browser is sent to."""

    async def agree(pending, login="octocat"):
        await world.act("github", "sign_in", login=login)
        async with httpx2.AsyncClient(verify=False) as browser:
            return (await browser.get(pending.url)).headers["location"]

    return agree


@pytest.fixture
def connect(agree):
    """Connect an account, from the first click to the row."""

    async def connect(vault, owner=ADA, login="octocat", **options):
        pending = await vault.connect("github", owner, redirect_uri=CALLBACK, **options)
        (connection,) = await vault.finish(await agree(pending, login), owner=owner)
        return connection

    return connect


@pytest.fixture
def raw(place):
    """Do to the database what a program that is not ours would do."""

    def raw(statement, *values):
        if place.database.startswith("postgresql:"):
            return asked(place.database, statement, *values)
        with closing(sqlite3.connect(place.file, isolation_level=None)) as connection:
            return connection.execute(statement, values).fetchall()

    return raw


@pytest.fixture
def held_writer():
    """Stop a store's writer, wait until so many jobs stand behind it, do something, let it go."""

    @asynccontextmanager
    async def held_writer(store):
        begun, free = threading.Event(), threading.Event()

        def wait(_):
            begun.set()
            free.wait(30)

        job = asyncio.create_task(store._writer.run(wait, alone=True))
        await asyncio.to_thread(begun.wait, 30)
        try:
            yield lambda jobs: until(lambda: store._writer._jobs.qsize() >= jobs)
        finally:
            free.set()
            await job

    return held_writer


@pytest.fixture
def begun_writer(held_writer):
    """Let a store's writer begin with so many jobs, do something, and let it go on.

    `meanwhile` is done while the jobs can only be waited for.
    """

    async def nothing():
        pass

    @asynccontextmanager
    async def begun_writer(store, jobs=1, meanwhile=nothing):
        begun, free = threading.Event(), threading.Event()

        def wait(_):
            begun.set()
            free.wait(30)

        async with held_writer(store) as queued:
            job = asyncio.create_task(store._writer.run(wait))
            await meanwhile()
            await queued(jobs + 1)
        await asyncio.to_thread(begun.wait, 30)
        try:
            yield
        finally:
            free.set()
            await job

    return begun_writer


def _guarded(method):
    def guarded(self, *args):
        address = args[-1]
        if self.family != socket.AF_UNIX and not ipaddress.ip_address(address[0]).is_loopback:
            pytest.fail(f"a test went to {address[0]}")
        return method(self, *args)

    return guarded


def _resolving(resolve):
    def resolving(host, *args, **options):
        if host not in (None, "localhost", "127.0.0.1", "::1"):
            pytest.fail(f"a test asked where {host} is")
        return resolve(host, *args, **options)

    return resolving
