"""The steps, and what each has to show."""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from secrets import token_hex

import httpx2

from connector_vault import errors
from connector_vault.demo.crowd import crowd
from connector_vault.demo.search import Found, search
from connector_vault.demo.stage import OWNER, Stage
from connector_vault.model import Connection
from connector_vault.redaction import forms

__all__ = ["play"]

_PROCESSES, _CALLERS = 2, 50
_HELD = 0.3
"""Seconds the provider takes to answer the refresh, so that everybody has to wait for it."""

_LIFE = 8 * 3600
"""Seconds GitHub's tokens live: so much time passes before the crowd comes."""

_TOKEN_PATH = "/login/oauth/access_token"  # noqa: S105  # a path
_PATIENCE = 0.5
"""Seconds a call may take that gets no answer."""

_ISSUES_PATH = "/repos/octocat/hello-world/issues"
_REDIRECT = "http://127.0.0.1:8765/callback/github"
_ISSUE = {"owner": "octocat", "repo": "hello-world", "title": "Opened by an agent without a token"}


async def play(stage: Stage) -> bool:
    """Play all steps. Give whether each showed what it has to."""
    stage.say(f"GitHub is played on {stage.world.url}, the vault lies in {stage.folder}\n")
    connection = await _connect(stage)
    tokens = await _tokens(stage, connection)
    await _sealed(stage, "sealed", tokens)
    await _call(stage, connection)
    await _hang(stage)
    await _crowd(stage, connection)
    tokens |= await _tokens(stage, connection)
    await _disconnect(stage, connection)
    await _sealed(stage, "sealed still", tokens)
    return stage.end()


async def _connect(stage: Stage) -> Connection:
    begun = time.monotonic()
    pending = await stage.vault.connect("github", OWNER, redirect_uri=_REDIRECT)
    async with httpx2.AsyncClient(trust_env=False) as browser:
        page = await browser.get(pending.url)
    (connection,) = await stage.vault.finish(page.headers["location"], owner=OWNER)
    took = _ms(begun)
    scopes = " ".join(sorted(connection.scopes or ()))
    words = f"{connection.label}'s account is {connection.id}, scopes {scopes}, in {took} ms"
    stage.show("connect", words, good=connection.live, connection=connection.id, ms=took)
    return connection


async def _tokens(stage: Stage, connection: Connection) -> set[str]:
    room = stage.vault.room
    tokens, _ = await room.keyring.open(await room.row(connection.id, OWNER))
    return {one.reveal() for one in (tokens.access, tokens.refresh) if one}


async def _sealed(stage: Stage, name: str, tokens: Iterable[str]) -> None:
    await stage.vault.room.audit.flush()
    _copy_audit(stage.folder)
    found = await asyncio.to_thread(search, stage.folder, tokens)
    planted, canary = await asyncio.to_thread(_canary)
    good = not found.hits and len(canary.hits) == planted
    words = (
        f"{len(found.hits)} tokens found in {len(found.files)} files "
        f"({', '.join(found.files)}): {found.size:,} bytes searched for {found.forms} plain, "
        f"percent and base64 forms; the same search finds a planted canary in "
        f"{len(canary.hits)} of {planted} places"
    )
    stage.show(name, words, good=good, files=found.files, found=found.hits, canary=canary.hits)


def _copy_audit(folder: Path) -> None:
    with closing(sqlite3.connect(f"file:{folder}/vault.db?mode=ro", uri=True)) as database:
        lines = database.execute("select * from audit order by id").fetchall()
    (folder / "audit.txt").write_text("\n".join(map(repr, lines)), encoding="utf-8")


def _canary() -> tuple[int, Found]:
    """Plant a token in every form, in a write-ahead log too, and search for it the same way."""
    token = f"gho_{token_hex(18)}+/="
    kinds = dict(forms(token))
    with tempfile.TemporaryDirectory(prefix="connector-vault-canary-") as place:
        folder = Path(place)
        for number, form in enumerate(kinds.values()):
            (folder / f"{number}.txt").write_bytes(b"before " + form + b" after")
        with closing(sqlite3.connect(folder / "canary.db", isolation_level=None)) as database:
            database.execute("pragma journal_mode = wal")
            database.execute("create table plant (token text)")
            database.execute("insert into plant values (?)", (token,))
            found = search(folder, [token])
    return len(kinds) + 1, found


async def _call(stage: Stage, connection: Connection) -> None:
    result = await stage.gateway.call(OWNER, "github.create_issue", _ISSUE)
    number, took = result.value["number"], round(result.seconds * 1000, 1)
    words = (
        f"github.create_issue opened #{number} in {took} ms, without a token, in a worker: "
        f"{result.isolation}"
    )
    good = result.connection == connection.id and result.isolation.mode == "pooled"
    stage.show("call", words, good=good, issue=number, ms=took, isolation=str(result.isolation))


async def _hang(stage: Stage) -> None:
    await stage.world.fault(kind="hang", host="api.github.com", path=_ISSUES_PATH)
    begun = time.monotonic()
    hanging = asyncio.create_task(_timed_out(stage))
    neighbours: list[float] = []
    while not hanging.done():
        result = await stage.gateway.call(OWNER, "github.get_authenticated_user", {})
        neighbours.append(round(result.seconds * 1000, 1))
    ended, took = await hanging, _ms(begun)
    good = ended and len(neighbours) > 1 and took < _PATIENCE * 2000
    words = (
        f"github.list_issues got no answer, and its process was ended at its deadline, after "
        f"{took} ms; a neighbour finished {len(neighbours)} calls meanwhile, the slowest in "
        f"{max(neighbours)} ms"
    )
    stage.show("hang", words, good=good, ms=took, neighbours=len(neighbours), worst=max(neighbours))


async def _timed_out(stage: Stage) -> bool:
    where = {"owner": "octocat", "repo": "hello-world"}
    try:
        await stage.gateway.call(OWNER, "github.list_issues", where, timeout=_PATIENCE)
    except errors.TimedOut:
        return True
    return False


async def _crowd(stage: Stage, connection: Connection) -> None:
    await stage.world.advance(_LIFE)
    await stage.world.forget_log()
    await stage.world.fault(
        kind="delay", host="github.com", path=_TOKEN_PATH, method="POST", seconds=_HELD
    )
    gangs = await crowd(
        _PROCESSES,
        _CALLERS,
        folder=str(stage.folder),
        url=stage.world.url,
        connection=connection.id,
        shift=_LIFE,
    )
    posts = len(await stage.world.log(path=_TOKEN_PATH))
    given = {one for gang in gangs for one in gang.fingerprints}
    answers = sum(gang.answers for gang in gangs)
    pids = [gang.pid for gang in gangs]
    good = posts == 1 and len(given) == 1 and answers == _PROCESSES * _CALLERS
    words = (
        f"8 hours later the token has expired; {_PROCESSES} processes (pids "
        f"{', '.join(map(str, pids))}) of {_CALLERS} callers want one at once, and GitHub takes "
        f"{_HELD * 1000:.0f} ms to answer: {posts} POST, {answers} answers, {len(given)} token"
    )
    stage.show(
        "crowd", words, good=good, pids=pids, posts=posts, answers=answers, tokens=len(given)
    )


async def _disconnect(stage: Stage, connection: Connection) -> None:
    before = await stage.vault.room.row(connection.id, OWNER)
    tokens, _ = await stage.vault.room.keyring.open(before)
    begun = time.monotonic()
    receipt = await stage.vault.disconnect(connection.id, owner=OWNER)
    took = _ms(begun)
    old = await _ask_with(stage, tokens.access.reveal())
    await stage.world.forget_log()
    refused = await _refused(stage, connection)
    heard = len(await stage.world.log())
    good = receipt.confirmed and receipt.shredded and old == 401 and refused and not heard
    words = (
        f"{receipt.outcome} ({receipt.reach}), key destroyed, in {took} ms; the old token gets "
        f"{old}; another call is refused, and GitHub hears of {heard}"
    )
    stage.show("disconnect", words, good=good, ms=took, outcome=receipt.outcome, old_token=old)


async def _ask_with(stage: Stage, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "demo"}
    async with httpx2.AsyncClient(trust_env=False) as stranger:
        return (
            await stranger.get(f"{stage.world.url}/api.github.com/user", headers=headers)
        ).status_code


async def _refused(stage: Stage, connection: Connection) -> bool:
    try:
        await stage.gateway.call(OWNER, "github.create_issue", _ISSUE, connection=connection.id)
    except errors.NotConnected:
        return True
    return False


def _ms(begun: float) -> float:
    return round((time.monotonic() - begun) * 1000, 1)
