"""Acme's tools."""

import asyncio
import resource

from connector_vault.connector import Api, File, Json, Part, Parts, Refused, Request

__all__ = [
    "append",
    "ask",
    "attach",
    "carry_on",
    "crash",
    "echo",
    "lie",
    "look_up",
    "misread",
    "pass_on",
    "put_then_ask",
    "put_then_crash",
    "put_then_fail",
    "put_then_stall",
    "put_two",
    "stall",
    "tire",
    "twice",
]


async def echo(api: Api, text: str = "") -> dict[str, Json]:
    """Say what Acme was asked."""
    return await api.get(dict[str, Json], "/echo", text=text)


async def ask(
    api: Api, method: str, url: str, headers: dict[str, str] | None = None
) -> dict[str, Json]:
    """Ask whatever the caller likes."""
    return await api.send(Request(method, url, headers=headers or {}))


async def twice(api: Api) -> list[Json]:
    """Ask for one thing, then for another."""
    return [await api.get(dict[str, Json], f"/{name}") for name in ("one", "two")]


async def crash(api: Api, text: str) -> None:
    """Fail, with the argument in the error."""
    raise ValueError(text)


async def misread(api: Api) -> None:
    """Fail as code that trusts an answer does."""
    (await api.send(Request("GET", "/echo")))["nothing"]["there"]


async def stall(api: Api) -> None:
    """Never end."""
    await asyncio.Event().wait()


async def tire(api: Api) -> None:
    """Give up by a deadline of its own."""
    raise TimeoutError


async def lie(api: Api) -> int:
    """Promise a number and give none."""
    return "no number"


async def put_then_stall(api: Api) -> None:
    """Change something, then never end."""
    await api.put(dict[str, Json], "/thing", json={"name": "thing"})
    await asyncio.Event().wait()


async def put_then_fail(api: Api, how: str) -> None:
    """Change something, then fail as asked."""
    await api.put(dict[str, Json], "/thing", json={"name": "thing"})
    if how == "crash":
        raise ValueError(how)
    await api.get(dict[str, Json], f"/{how}")


async def put_then_ask(api: Api) -> None:
    """Change something, then ask for what is refused."""
    await api.put(dict[str, Json], "/thing", json={"name": "thing"})
    await api.get(dict[str, Json], "/refused")


async def put_then_crash(api: Api) -> None:
    """Change something, then fail."""
    await api.put(dict[str, Json], "/thing", json={"name": "thing"})
    raise ValueError


async def attach(api: Api, file: File, note: str = "", second: File | None = None) -> int:
    """Upload a file. Gives how many bytes it had."""
    content = file.read(range(file.size))
    headers = {"Content-Type": "text/plain"}
    await api.upload(f"https://up.acme.example/{file.name}", content, headers)
    return len(content)


async def pass_on(api: Api, file: File, url: str = "/", first: int = 0) -> dict[str, Json]:
    """Upload a file without reading it. Gives what came of it, and how much memory that took."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    target = f"https://up.acme.example{url}"
    said = await api.upload(target, file, {}, method="POST", span=range(first, file.size))
    return {**said, "peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before}


async def append(api: Api, file: File) -> dict[str, Json]:
    """Send a file to the API itself, between two boundaries."""
    body = Parts((b"--begin--", Part(file, range(file.size)), b"--end--"))
    return await api.send(Request("POST", "/append", content=body))


async def look_up(api: Api) -> dict[str, Json]:
    """Ask by POST, which changes nothing."""
    return await api.post(dict[str, Json], "/look", json={})


async def put_two(api: Api) -> None:
    """Change one thing while another change is refused, then fail."""
    refused = api.post(dict[str, Json], "/refused")
    done = api.put(dict[str, Json], "/thing", json={"name": "thing"})
    await asyncio.gather(refused, done, return_exceptions=True)
    raise ValueError


async def carry_on(api: Api) -> str:
    """Change something although the first try was refused."""
    try:
        await api.post(dict[str, Json], "/refused")
    except Refused as error:
        return error.code
    return "done"
