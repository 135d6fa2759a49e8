"""The stores, and the database each test is given."""

import pytest

from connector_vault.stores import AddConnection, AddKey, open_store
from connector_vault.stores.postgres.address import address_of
from connector_vault.stores.postgres.schema import upgrade
from tests.rows import KEY, ROW


class Now:
    """A clock that stands until it is set; and the database's, if it has one."""

    def __init__(self):
        self.file = None
        self.time = 2_000

    def __call__(self):
        return self._time

    @property
    def time(self):
        return self._time

    @time.setter
    def time(self, time):
        self._time = time
        if self.file:
            self.file.write_text(f"{time}")


@pytest.fixture
def now():
    return Now()


async def sqlite(request):
    return f"sqlite:///{request.getfixturevalue('tmp_path') / 'vault.db'}"


async def postgres(request):
    server, now = request.getfixturevalue("postgres"), request.getfixturevalue("now")
    now.file = server.now
    now.time = now()
    url = server.address(search_path="clockwork,pg_catalog")
    await upgrade(address_of(url))
    return url


STORES = [sqlite, postgres]


@pytest.fixture(params=STORES, ids=lambda make: make.__name__)
async def url(request):
    """Make a database of this test's own."""
    return await request.param(request)


@pytest.fixture
def another(url, now):
    """Open the same database: once more is as good as another process."""
    return lambda: open_store(url, world="real", clock=now)


@pytest.fixture
async def store(another):
    async with another() as store:
        yield store


@pytest.fixture
async def kept(store):
    await store.commit(AddKey(KEY), AddConnection(ROW))
    return store
