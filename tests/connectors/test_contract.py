"""What holds for every connector: its whole life with a vault, against its provider, played."""

import re
from contextlib import suppress
from dataclasses import replace
from html import unescape
from importlib import import_module
from pkgutil import iter_modules
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest

from connector_vault import Gateway, Owner, Tokens, Vault, emulator, registry
from connector_vault.cli.commands.emulate import _clients
from connector_vault.errors import (
    ConnectorVaultError,
    NotAllowed,
    NotConnected,
    RateLimited,
    Reconnect,
    Refused,
)
from connector_vault.model import State
from tests.connectors import lives
from tests.times import Time

ADA = Owner(tenant="acme", user="ada")
EVE = Owner(tenant="evil", user="eve")
CALLBACK = "http://127.0.0.1:9/callback"
NAMES = sorted(one.name for one in iter_modules(lives.__path__))


@pytest.fixture(params=NAMES)
def life(request):
    return import_module(f"tests.connectors.lives.{request.param}")


@pytest.fixture
def connector(life):
    return registry.load(getattr(life, "PROVIDER", life.CLIENT.provider))


@pytest.fixture
async def world(connector, life):
    async with emulator.running(connector.name, consent="ask") as world:
        if hasattr(life, "begin"):
            await life.begin(world)
        yield world


@pytest.fixture
def time(world):
    return Time(world)


@pytest.fixture
async def vault(tmp_path, life, world, time):
    async with Vault.open(
        f"sqlite:///{tmp_path / 'vault.db'}",
        keys=f"local:{tmp_path / 'vault.key'}",
        clients=[life.CLIENT],
        emulator=world.url,
        background=False,
        clock=time.clock,
    ) as vault:
        yield vault


@pytest.fixture
async def call(vault, connector):
    async with Gateway(vault, isolation="inline") as gateway:

        async def call(tool, arguments, owner=ADA, **options):
            result = await gateway.call(owner, f"{connector.name}.{tool}", arguments, **options)
            return result.value

        yield call


@pytest.fixture
def agree(life, world):
    """Sign in at the provider's page, and agree or decline there; give the callback."""

    async def agree(pending, person=None, decision="authorize"):
        async with httpx2.AsyncClient() as browser:
            page = await browser.get(pending.url)
            assert page.status_code == 200
            hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
            (action,) = re.findall(r'<form method="post" action="([^"]+)"', page.text)
            said = {name: unescape(value) for name, value in hidden}
            said |= {"login": person or life.PEOPLE[0], "decision": decision}
            reply = await browser.post(urljoin(str(page.url), unescape(action)), data=said)
        assert urlsplit(reply.headers["location"]).path == "/callback"
        return reply.headers["location"]

    return agree


@pytest.fixture
def connect(vault, connector, life, agree):
    """Connect an account; give the connections that came of it."""

    async def connect(owner=ADA, person=None, scopes=None, **options):
        scopes = life.SCOPES if scopes is None else scopes
        pending = await vault.connect(
            connector.name, owner, redirect_uri=CALLBACK, scopes=scopes, **options
        )
        return await vault.finish(await agree(pending, person), owner=owner)

    return connect


async def token(vault, connection, **options):
    return await vault.token(connection.id, owner=connection.owner, purpose="test", **options)


async def ripen(life, time):
    """Let a token become old enough to be renewed, where one has to be."""
    if hasattr(life, "RIPE"):
        await time.on(life.RIPE)


def refreshes(life, log):
    sent = [entry for entry in log if entry.path == life.TOKEN]
    return sum("refresh_token" in entry.fields for entry in sent)


def test_the_app_that_is_played_is_the_one_that_emulate_prints(connector, life):
    known = (life.CLIENT.id, life.CLIENT.secret.reveal())

    assert _clients([connector.name]) == {life.CLIENT.provider: known}


async def test_a_consent_gives_connections_that_work(vault, connect, connector):
    connections = await connect()

    assert connections
    for connection in connections:
        assert (connection.state, connection.kind) == (State.ACTIVE, "oauth")
        assert connection.account
        assert connection.label
        given = await token(vault, connection)
        assert given.generation == 1
        shapes = "|".join(connector.patterns)
        assert re.search(shapes, given.secret.reveal()), "a token that redaction does not know"


async def test_a_consent_with_another_state_is_refused(vault, connector, life, agree):
    pending = await vault.connect(connector.name, ADA, redirect_uri=CALLBACK, scopes=life.SCOPES)
    callback = await agree(pending)

    with pytest.raises(NotAllowed):
        await vault.finish(callback.replace(pending.state, pending.state[::-1]), owner=ADA)
    with pytest.raises(NotAllowed):
        await vault.finish(callback, owner=EVE)
    # Neither has harmed it.
    assert await vault.finish(callback, owner=ADA)


async def test_a_consent_that_is_declined_says_so(vault, connector, life, agree):
    pending = await vault.connect(connector.name, ADA, redirect_uri=CALLBACK, scopes=life.SCOPES)

    with pytest.raises(Refused) as caught:
        await vault.finish(await agree(pending, decision="cancel"), owner=ADA)

    assert caught.value.code == "access_denied"
    assert [one async for one in vault.connections(owner=ADA)] == []


async def test_what_was_not_granted_is_not_tried(connect, call, life, world):
    if life.FEW is None:
        pytest.skip("this provider has no scopes")
    scopes, tool, arguments = life.FEW
    await connect(scopes=scopes)
    await world.forget_log()

    with pytest.raises(NotAllowed, match="scope"):
        await call(tool, arguments)

    assert await world.log() == ()


async def test_connecting_again_mends_the_connection_there_is(connect):
    first = await connect()
    again = await connect()

    assert [one.id for one in again] == [one.id for one in first]
    assert {one.generation for one in again} == {2}


async def test_a_token_that_ended_is_refreshed(vault, connect, life, time, call, world):
    for connection in await connect():
        await ripen(life, time)
        if life.ACCESS and not hasattr(life, "RIPE"):
            await time.on(life.ACCESS + 60)
            newer = await token(vault, connection)
        else:
            newer = await token(vault, connection, newer_than=1)

        assert newer.generation == 2
        assert (await vault.get(connection.id, owner=ADA)).state is State.ACTIVE
    name, arguments = life.CALLS[0]
    assert await call(name, arguments) is not None


async def test_a_refresh_whose_answer_is_lost_is_told_and_never_hidden(
    vault, connect, life, world, time
):
    (connection, *_) = await connect()
    await ripen(life, time)
    await world.fault(path=life.TOKEN, kind="drop")

    with suppress(ConnectorVaultError):
        await token(vault, connection, newer_than=1)

    now = await vault.get(connection.id, owner=ADA)
    if now.state is State.ACTIVE:
        assert (await token(vault, connection, newer_than=1)).generation >= 2
    else:
        assert now.reason
        with pytest.raises(Reconnect):
            await token(vault, connection)


async def test_a_grant_that_was_taken_back_is_found_dead(vault, connect, life, world):
    (connection, *_) = await connect()
    await life.take_back(world, life.PEOPLE[0])

    with pytest.raises(Reconnect):
        await token(vault, connection, newer_than=1)

    now = await vault.get(connection.id, owner=ADA)
    assert (now.state, bool(now.reason)) == (State.RECONNECT, True)
    # The person connects again, and it goes on.
    (mended, *_) = await connect(reconnect=connection.id)
    assert (mended.id, mended.state) == (connection.id, State.ACTIVE)
    assert await token(vault, mended)


async def test_a_client_that_is_wrong_harms_no_connection(vault, connect, life, world):
    (connection, *_) = await connect()
    wrong = replace(life.CLIENT, secret=type(life.CLIENT.secret)("wrong"))
    room = replace(vault.room, clients=type(vault.room.clients)([wrong]))
    other = Vault(room, type(vault._refresher)(room))

    if getattr(life, "CLIENT_IS_ASKED", True):
        with pytest.raises(ConnectorVaultError) as caught:
            await token(other, connection, newer_than=1)
        assert not isinstance(caught.value, Reconnect)
    else:
        assert await token(other, connection, newer_than=1)
    assert (await vault.get(connection.id, owner=ADA)).state is State.ACTIVE


async def test_a_token_without_a_refresh_token_ends_for_good(vault, connect, life, time, world):
    if not life.ACCESS:
        pytest.skip("its tokens do not end by the clock")
    (connection, *_) = await connect()
    kept, _ = await vault.room.keyring.open(await vault.room.row(connection.id, ADA))
    await vault.disconnect(connection.id, owner=ADA)
    (fresh, *_) = await connect()
    kept, _ = await vault.room.keyring.open(await vault.room.row(fresh.id, ADA))
    alone = Tokens(access=kept.access, expires_at=kept.expires_at, scopes=kept.scopes)
    adopted = await vault.adopt(connection.provider, EVE, tokens=alone)
    assert await token(vault, adopted)

    await time.on(life.ACCESS + 60)

    with pytest.raises(Reconnect):
        await token(vault, adopted)


async def test_two_owners_of_one_grant_do_not_end_each_others(vault, connect, life, call):
    ours = await connect(ADA)
    await connect(EVE)

    receipts = [await vault.disconnect(one.id, owner=ADA) for one in ours]

    assert {receipt.note for receipt in receipts} == {life.SHARED}
    assert all(receipt.shredded for receipt in receipts)
    name, arguments = life.CALLS[0]
    assert await call(name, arguments, owner=EVE) is not None
    with pytest.raises(NotConnected):
        await call(name, arguments, owner=ADA)


@pytest.mark.timeout(120)
async def test_every_tool_does_what_it_says(vault, connect, call, life, connector, world):
    """Results are checked against the declared types by the runner, and come out as JSON."""
    connections = await connect()
    if hasattr(life, "prepare"):
        await life.prepare(world, (await token(vault, connections[0])).secret.reveal())
    said = {"soon": vault.room.clock() // 1000 + 3600}
    for name, arguments in life.CALLS:
        asked = arguments(said) if callable(arguments) else arguments
        said[name] = await call(name, asked)

    assert {name for name, _ in life.CALLS} == {tool.name for tool in connector.tools}
    for connection in connections:
        assert (await token(vault, connection)).secret.reveal() not in repr(said)


async def test_a_rate_limit_says_when_to_come_again(connect, call, life, world):
    await connect()
    await life.limit(world)

    with pytest.raises(RateLimited) as caught:
        await call(*life.LIMITED)

    assert 0 < caught.value.retry_after <= 3600


async def test_a_disconnect_ends_everything_and_says_what_was_proven(
    vault, connect, life, call, world
):
    connections = await connect()
    before = [await token(vault, one) for one in connections]

    receipts = [await vault.disconnect(one.id, owner=ADA) for one in connections]
    again = [await vault.disconnect(one.id, owner=ADA) for one in connections]

    assert again == receipts
    last = receipts[-1]
    assert (last.outcome, last.reach, last.probe) == life.ENDED
    assert all(receipt.shredded for receipt in receipts)
    with pytest.raises(NotConnected):
        await call(*life.LIMITED)
    for one in before if last.outcome != "not revocable" else ():
        # The provider itself no longer takes what was handed out before.
        with pytest.raises((Refused, Reconnect)):
            await vault.add(connections[0].provider, EVE, secret=one.secret)


async def test_ending_what_is_dead_already_is_an_end(vault, connect, life, world):
    connections = await connect()
    await life.take_back(world, life.PEOPLE[0])

    receipts = [await vault.disconnect(one.id, owner=ADA) for one in connections]

    assert receipts[-1].outcome == life.GONE
    assert all(receipt.shredded for receipt in receipts)
