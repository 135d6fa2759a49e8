"""The stores, and the database each test is given."""

import pytest

from connector_vault.stores import AddConnection, AddKey, open_store
from tests.rows import KEY, ROW


class Now:
    """A clock that stands until it is set."""

    def __init__(self):
        self.time = 2_000

    def __call__(self):
        return self.time


def sqlite(folder, now):
    return open_store(f"sqlite:///{folder / 'vault.db'}", world="real", clock=now)


STORES = [sqlite]


@pytest.fixture
def now():
    return Now()


@pytest.fixture(params=STORES, ids=lambda make: make.__name__)
def another(request, tmp_path, now):
    """Open the same database: once more is as good as another process."""
    return lambda: request.param(tmp_path, now)


@pytest.fixture
async def store(another):
    async with another() as store:
        yield store


@pytest.fixture
async def kept(store):
    await store.commit(AddKey(KEY), AddConnection(ROW))
    return store
