"""The real curl, as whoever integrates the panel has it."""

import asyncio
import json
import os
import shutil
from typing import NamedTuple

import pytest


class Reply(NamedTuple):
    """What curl was told."""

    status: int
    text: str

    @property
    def json(self):
        return json.loads(self.text)


async def curl(*arguments):
    """Ask, on this machine."""
    process = await asyncio.create_subprocess_exec(
        *("curl", "--silent", "--noproxy", "*", "--write-out", "\n%{http_code}", *arguments),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    text, _, status = out.decode().rpartition("\n")
    return Reply(int(status), text)


@pytest.fixture(scope="session")
def with_curl():
    """Go on only where there is one."""
    if shutil.which("curl") is not None:
        return
    wanted = "install curl. Debian: apt-get install curl"
    if os.environ.get("CONNECTOR_VAULT_REQUIRE_ALL") == "1":
        pytest.fail(wanted)
    pytest.skip(wanted)
