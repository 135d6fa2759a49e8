"""Serve a stage on loopback."""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import parse_qsl, unquote

import h11

from connector_vault.connector import Reply
from connector_vault.emulator import door
from connector_vault.emulator.faults import Fault
from connector_vault.emulator.site import Call, Consent, json_reply
from connector_vault.emulator.stage import Stage
from connector_vault.emulator.wire import Junk, Request, Wire
from connector_vault.errors import Misconfigured

__all__ = ["open_server", "serve"]

_HOST = re.compile(r"(localhost|127(?:\.\d{1,3}){3}|\[::1\])(:\d{1,5})?", re.IGNORECASE)
_NO_HOST = "127.0.0.1"
"""Stands in for the header that HTTP/1.0 does not have."""

_ABSOLUTE = re.compile(r"\Ahttp://[^/?]*", re.IGNORECASE)


async def serve(
    *names: str,
    host: str = "127.0.0.1",
    port: int = 0,
    consent: Consent = "auto",
    started: Callable[[str], object] = lambda _: None,
) -> None:
    """Serve until cancelled. `started` is given the url once it can be asked.

    Raises:
        Misconfigured: a connector has no emulator, the host is not loopback, or the port is taken.
    """
    await open_server(Stage.of(*names, consent=consent), host, port, started, asyncio.Event())


async def open_server(
    stage: Stage, host: str, port: int, started: Callable[[str], object], stop: asyncio.Event
) -> None:
    """Serve a stage until `stop` is set.

    Raises:
        Misconfigured: the host is not loopback, or the port is taken.
    """
    listener = _listen(_loopback(host), port)
    clients: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as group:

        def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if stop.is_set():
                writer.close()
                return
            task = group.create_task(_attend(stage, Wire(reader, writer)))
            clients.add(task)
            task.add_done_callback(clients.discard)

        server = await asyncio.start_server(welcome, sock=listener)
        try:
            started(_url(host, listener))
            await stop.wait()
        finally:
            stop.set()
            server.close()
            for client in clients:
                client.cancel()


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family)
    except (OSError, OverflowError) as error:
        msg = f"cannot listen on {address} port {port}: {error}"
        raise Misconfigured(msg) from error


def _loopback(host: str) -> str:
    address = "127.0.0.1" if host == "localhost" else host
    try:
        if ipaddress.ip_address(address).is_loopback:
            return address
    except ValueError:
        pass
    msg = f"the emulator listens on loopback only, not on {host}: it hands out tokens to anybody"
    raise Misconfigured(msg)


def _url(host: str, listener: socket.socket) -> str:
    port = listener.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _attend(stage: Stage, wire: Wire) -> None:
    try:
        while (request := await wire.hear()) is not None:
            if not await _handle(stage, wire, request) or not wire.again():
                break
    except Junk as junk:
        await _complain(stage, wire, junk.status, str(junk))
    except (OSError, TimeoutError):
        pass
    except Exception as error:  # noqa: BLE001  # one provider's bug must not end the others' play
        await _complain(stage, wire, 500, f"the emulator failed: {error!r}")
    finally:
        wire.close()


async def _complain(stage: Stage, wire: Wire, status: int, why: str) -> None:
    with suppress(OSError, h11.LocalProtocolError):
        await wire.send(json_reply(status, {"error": why}), stage.clock.now())


async def _handle(stage: Stage, wire: Wire, request: Request) -> bool:
    """Answer one request. False: the connection is to be closed."""
    # A name that a stranger's page made point at this machine must not open it (DNS rebinding).
    if not _HOST.fullmatch(request.headers.get("host", _NO_HOST)):
        await _complain(stage, wire, 421, "this emulator answers to loopback names only")
        return True
    call = _call(stage, request)
    if call.host == door.HOST:
        await wire.send(await door.answer(stage, call), stage.clock.now())
        return True
    number = await stage.log.note(stage.clock.now(), call)
    fault = stage.faults.take(call)
    if fault is not None:
        return await _fail(stage, wire, call, number, fault)
    reply = stage.answer(call)
    await stage.log.settle(number, reply.status)
    await wire.send(reply, stage.clock.now())
    return True


async def _fail(stage: Stage, wire: Wire, call: Call, number: int, fault: Fault) -> bool:
    """Let one request go wrong. False: the connection is to be closed."""
    if fault.kind == "late":
        await stage.faults.hold(fault.seconds)
    reply = _outcome(stage, call, fault)
    await stage.log.settle(number, reply.status if reply else None, fault.kind)
    match fault.kind:
        case "delay":
            await stage.faults.hold(fault.seconds)
        case "hang":
            await wire.gone()
        case "reset":
            wire.reset()
        case _:
            pass
    if reply is None:
        return False
    await wire.send(reply, stage.clock.now(), whole=fault.kind != "truncate")
    return fault.kind != "truncate"


def _outcome(stage: Stage, call: Call, fault: Fault) -> Reply | None:
    """Give the reply that is to be sent. None: none is."""
    match fault.kind:
        case "drop":
            stage.answer(call)
            return None
        case "hang" | "reset":
            return None
        case "status" | "malformed":
            return fault.reply()
        case "delay" | "late" | "truncate":
            return stage.answer(call)


def _call(stage: Stage, request: Request) -> Call:
    target = _ABSOLUTE.sub("", request.target) or "/"
    path, _, query = target.partition("?")
    if not path.startswith("/"):
        raise Junk(400, "the path does not begin with a slash")
    host, *segments = path[1:].split("/")
    return Call(
        method="GET" if request.method == "HEAD" else request.method,
        base=f"http://{request.headers.get('host', _NO_HOST)}",
        host=unquote(host).lower(),
        path="/" + "/".join(segments),
        segments=tuple(map(unquote, segments)),
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers=request.headers,
        body=request.body,
        consent=stage.consent,
    )
