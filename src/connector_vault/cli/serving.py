"""The panel on a port of its own, until a signal."""

import asyncio
import errno
import ipaddress
import os
import re
import signal
import socket
from collections.abc import Collection, Generator
from contextlib import contextmanager

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from connector_vault.errors import BadArguments, Misconfigured
from connector_vault.panel import app
from connector_vault.panel.target import absolute
from connector_vault.vault import Vault

__all__ = ["check_names", "is_loopback", "listen", "serve", "url_of"]

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}")

_ABOUT_THE_PORT = (errno.EADDRINUSE, errno.EACCES, errno.EPERM)
"""What another port could mend."""

_MAX_CLIENTS = 500
"""Connections at once. More are told to come back."""

_PATIENCE = 30
"""Seconds for requests under way when a signal comes. What they began is seen through after it."""


class _Server(uvicorn.Server):
    """A server that leaves the signals to `serve`: it would raise them again at its end."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class _Protocol(H11Protocol):
    """A protocol that stays HTTP: for each wish for another it would log how to install that."""

    def _should_upgrade(self) -> bool:
        return False


async def serve(vault: Vault, door: socket.socket, names: Collection[str]) -> None:
    """Serve the panel of a vault until SIGINT or SIGTERM. `names`: hosts beside loopback's."""
    server = _Server(
        uvicorn.Config(
            absolute(app(vault, hosts=(*_LOOPBACK, *names))),
            http=_Protocol,
            ws="none",
            lifespan="off",
            # Its lines would hold addresses, and nobody asked for them.
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=_MAX_CLIENTS,
            timeout_graceful_shutdown=_PATIENCE,
        )
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.handle_exit, number, None)
    await server.serve(sockets=[door])


def listen(host: str, port: int) -> socket.socket:
    """Take a port; 0 takes any that is free.

    Raises:
        BadArguments: the host is no address of a machine.
        Misconfigured: the port is taken, or not ours to take; or the address is another machine's.
    """
    address = _address(host)
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        return socket.create_server((str(address), port), family=family)
    except OSError as error:
        raise Misconfigured(_why_not(host, port, error)) from error


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches an address."""
    return _address(host).is_loopback


def check_names(names: Collection[str]) -> None:
    """Let only host names pass.

    Raises:
        BadArguments: one of them is none.
    """
    if not all(_NAME.fullmatch(name) or _is_ipv6(name) for name in names):
        raise BadArguments("--allowed-host is a name without scheme and port: panel.example.com")


def url_of(host: str, door: socket.socket) -> str:
    """Give the address that a door is reached at."""
    port = door.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno in _ABOUT_THE_PORT:
        reason = os.strerror(error.errno)
        return f"cannot listen on {host} port {port} ({reason}): name another --port"
    return f"cannot listen on {host}: --host is an address of this machine, such as 127.0.0.1"


def _is_ipv6(name: str) -> bool:
    try:
        return ipaddress.IPv6Address(name).scope_id is None
    except ValueError:
        return False


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise BadArguments("--host is an address, such as 127.0.0.1 or 0.0.0.0") from None
