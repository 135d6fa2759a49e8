"""What every test is given."""

import pytest


@pytest.fixture
def anyio_backend():
    return "asyncio"
