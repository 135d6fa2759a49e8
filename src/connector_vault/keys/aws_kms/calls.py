"""Asks KMS by botocore, in threads."""

import asyncio
import logging
import random
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from botocore.config import Config
from botocore.session import Session

from connector_vault.errors import Misconfigured, NotAllowed
from connector_vault.http import origin_of
from connector_vault.keys.aws_kms.address import Address
from connector_vault.keys.aws_kms.answers import Failure, explained
from connector_vault.keys.aws_kms.threads import THREADS, Threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.client import BaseClient

__all__ = ["Calls"]

T = TypeVar("T")

_PAUSES = (0.05, 0.2)
"""Seconds, at most, before a second and a third attempt."""

_OLD = 1.0
"""Seconds. Credentials that were looked for more recently are not looked for again."""

_TALKATIVE = ("auth", "awsrequest", "credentials", "endpoint", "hooks", "httpsession", "parsers")


class Calls:
    """Threads that ask KMS in one region, with credentials that botocore finds."""

    def __init__(self, address: Address) -> None:
        _silence()
        self._address = address
        self._threads = Threads()
        self._making = threading.Lock()
        self._client: BaseClient | None = None
        self._made_at = 0.0
        self._doubted = False

    async def ask(self, job: "Callable[[BaseClient], T]", *, once: bool = False) -> T | Failure:
        """Have a thread do a job of one call, and again if the failure may pass: thrice in all.

        Raises:
            KeysUnavailable: this process was forked from the one that opened the holder.
        """
        work = partial(self._do, job)
        for pause in () if once else _PAUSES:
            answer = await self._threads.run(work)
            if not isinstance(answer, Failure) or not answer.passing:
                return answer
            await asyncio.sleep(random.uniform(0, pause))  # noqa: S311  # nothing to guess
        return await self._threads.run(work)

    def close(self) -> None:
        """Begin nothing any more. What waits for an answer ends by its own timeout."""
        self._threads.close()
        if self._client is not None:
            self._client.close()

    def _do(self, job: "Callable[[BaseClient], T]") -> T | Failure:
        try:
            return job(self._connected())
        except Exception as error:  # noqa: BLE001  # whatever it is, its text may quote a body
            failure = explained(error, self._address.arn)
        # What was raised does not leave this thread, not even as the context of our error.
        self._doubted |= failure.signer
        return failure

    def _connected(self) -> "BaseClient":
        with self._making:
            # botocore reads a file of credentials once, and never again if it found none.
            doubted = self._doubted and time.monotonic() >= self._made_at + _OLD
            if self._client is None or doubted:
                self._made_at = time.monotonic()
                self._doubted = False
                self._client = _connect(self._address)
            return self._client


def _connect(address: Address) -> "BaseClient":
    session = Session(profile=address.profile)
    # Also for the clients that botocore makes on its own to ask for credentials.
    session.set_default_client_config(_config(address))
    client = session.create_client("kms", region_name=address.region, endpoint_url=address.endpoint)
    try:
        origin_of(client.meta.endpoint_url)
    except NotAllowed:
        words = "AWS_ENDPOINT_URL, or the AWS configuration, sends keys where nothing hides them"
        raise Misconfigured(f"{words}: an endpoint is https://HOST") from None
    return client


def _config(address: Address) -> Config:
    # One attempt ends within the timeout of a method, so that no thread is held for long by an
    # endpoint that hangs. Attempts are ours to repeat: botocore would sleep in the thread.
    connect = address.timeout / 5
    plain = address.endpoint is not None and address.endpoint.startswith("http:")
    return Config(
        connect_timeout=connect,
        read_timeout=address.timeout - connect,
        max_pool_connections=THREADS,
        proxies={} if plain else None,
        retries={"total_max_attempts": 1},
        tcp_keepalive=True,
        user_agent_extra="connector-vault",
    )


def _silence() -> None:
    # They log whole requests and answers, with data keys, and headers with session tokens. Each is
    # silenced by its own name: somebody may turn on the one above them later.
    for name in _TALKATIVE:
        logging.getLogger(f"botocore.{name}").setLevel(logging.WARNING)
