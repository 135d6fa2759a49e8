"""Two hundred days in which nobody looks: what can be kept alive is, and what cannot is announced.

The host restarts each week, and all providers are away for three days.
"""

from collections import defaultdict
from contextlib import AsyncExitStack

import httpx2
import pytest

from connector_vault import Client, Owner, Secret, Tokens, Vault, emulator
from connector_vault.errors import ConnectorVaultError
from connector_vault.model import State
from tests.times import Time

ADA, BOB, EVE = (Owner(tenant="acme", user=name) for name in ("ada", "bob", "eve"))
CALLBACK = "http://127.0.0.1:9/callback"
DAY = 86_400
OUTAGE = range(100, 103)
CLIENTS = [
    Client(
        provider="facebook", id="1234567890123456", secret=Secret("emulator-secret-of-facebook")
    ),
    Client(provider="instagram", id="instagram-emulator", secret=Secret("emulator-secret")),
    Client(provider="tiktok", id="tiktok-emulator", secret=Secret("emulator-secret")),
]


class Host:
    """A machine with a vault, restarted now and then, and the time around it."""

    def __init__(self, folder, world):
        self.world, self.time, self.today = world, Time(world), 0
        self.told = defaultdict(list)
        """Events by connection: the day, and the name."""
        self._folder, self._stack, self._heard = folder, AsyncExitStack(), 0

    async def restart(self):
        """Close the vault, and open it as another process would."""
        await self._stack.aclose()
        self.vault = await self._stack.enter_async_context(
            Vault.open(
                f"sqlite:///{self._folder / 'vault.db'}",
                keys=f"local:{self._folder / 'vault.key'}",
                clients=CLIENTS,
                emulator=self.world.url,
                background=False,
                clock=self.time.clock,
            )
        )

    async def close(self):
        await self._stack.aclose()

    async def connect(self, provider, owner, login):
        await self.world.act(provider, "sign_in", login=login)
        pending = await self.vault.connect(provider, owner, redirect_uri=CALLBACK)
        async with httpx2.AsyncClient() as browser:
            back = (await browser.get(pending.url)).headers["location"]
        return await self.vault.finish(back, owner=owner)

    async def days(self, many, in_use=()):
        """Let days pass. Those in use are called each day."""
        for day in range(self.today + 1, self.today + many + 1):
            self.today = day
            await self.time.on(DAY)
            if self.today == OUTAGE.start:
                await self.world.fault(kind="status", status=503, times=None)
            if self.today == OUTAGE.stop:
                await self.world.mend()
            if self.today % 7 == 0:
                await self.restart()
            for one in in_use:
                await self.token(one)
            await self.vault.maintain(once=True)
            await self._listen()

    async def token(self, connection):
        try:
            said = {"owner": connection.owner, "purpose": "test"}
            return await self.vault.token(connection.id, **said)
        except ConnectorVaultError:
            assert self.today in OUTAGE
            return None

    async def state(self, connection):
        return (await self.vault.get(connection.id, owner=connection.owner)).state

    async def _listen(self):
        async for event in self.vault.events(after=self._heard):
            self.told[event.connection].append((self.today, event.name))
            self._heard = event.cursor

    def days_of(self, connection, name):
        return [day for day, one in self.told[connection.id] if one == name]


@pytest.fixture
async def host(tmp_path):
    async with emulator.running("facebook", "instagram", "tiktok") as world:
        host = Host(tmp_path, world)
        await host.restart()
        yield host
        await host.close()


async def lives(host, connection):
    """Tell whether the provider takes the token."""
    token = await host.token(connection)
    kept = await host.vault.add(connection.provider, EVE, secret=token.secret)
    return kept.account.rpartition("/")[2] == connection.account.rpartition("/")[2]


async def test_what_can_be_kept_is_kept(host):
    (used,) = await host.connect("instagram", ADA, "robin")
    (idle,) = await host.connect("instagram", BOB, "wagtail")
    (tok,) = await host.connect("tiktok", ADA, "dancing.duck")

    await host.days(200, in_use=[used])

    for one in (used, idle, tok):
        assert await host.state(one) is State.ACTIVE
        assert host.days_of(one, "dying_soon") == []
        assert host.days_of(one, "reconnect_needed") == []
        assert await lives(host, one)
    # Not more often than its life demands: each renewal is a risk.
    assert 3 <= len(host.days_of(idle, "refreshed")) <= 6


async def test_what_cannot_be_kept_is_announced_weeks_before(host):
    (taken,) = await host.connect("instagram", BOB, "robin")
    row = await host.vault.room.row(taken.id, BOB)
    tokens, _ = await host.vault.room.keyring.open(row)
    alone = Tokens(access=tokens.access, expires_at=tokens.expires_at, scopes=tokens.scopes)
    lonely = await host.vault.adopt("instagram", ADA, tokens=alone)

    await host.days(70)

    (told,) = host.days_of(lonely, "dying_soon")
    (died,) = host.days_of(lonely, "reconnect_needed")
    assert 14 <= died - told <= 20
    assert await host.state(lonely) is State.RECONNECT
    assert await host.state(taken) is State.ACTIVE


@pytest.mark.parametrize("exchange", ["keeps", "extends"])
async def test_a_page_goes_on_and_its_person_is_asked_in_time(host, exchange):
    await host.world.act("facebook", "policy", exchange=exchange)
    pages = await host.connect("facebook", ADA, "ada")

    await host.days(200, in_use=pages[:1])

    for page in pages:
        assert await host.state(page) is State.ACTIVE
        assert await lives(host, page)
        told = host.days_of(page, "dying_soon")
        # Once, two weeks before only a person could renew the grant; never where that was done.
        assert [44 <= day <= 47 for day in told] == ([True] if exchange == "keeps" else [])


async def test_a_person_who_agrees_again_in_time_loses_nothing(host):
    pages = await host.connect("facebook", ADA, "ada")

    await host.days(50)
    assert all(host.days_of(page, "dying_soon") for page in pages)
    again = await host.connect("facebook", ADA, "ada")
    await host.days(40)

    assert [one.id for one in again] == [one.id for one in pages]
    assert all(len(host.days_of(page, "dying_soon")) == 1 for page in pages)


async def test_a_token_that_is_too_young_is_not_asked_for_again_and_again(host):
    (taken,) = await host.connect("instagram", ADA, "robin")
    before = await host.vault.room.row(taken.id, ADA)

    said = {"owner": ADA, "purpose": "test", "newer_than": 1}
    token = await host.vault.token(taken.id, **said)

    now = await host.vault.room.row(taken.id, ADA)
    assert (token.generation, now.due_at) == (1, before.due_at)


async def test_after_a_death_the_next_end_is_announced_as_the_first(host):
    (taken,) = await host.connect("tiktok", ADA, "dancing.duck")
    first = await host.vault.room.row(taken.id, ADA)
    await host.world.act("tiktok", "revoke", login="dancing.duck")
    with pytest.raises(ConnectorVaultError):
        await host.vault.token(taken.id, owner=ADA, purpose="test", newer_than=1)
    assert await host.state(taken) is State.RECONNECT

    await host.connect("tiktok", ADA, "dancing.duck")

    mended = await host.vault.room.row(taken.id, ADA)
    assert abs(mended.warn_at - first.warn_at) < DAY * 1000


async def test_who_alone_can_renew_is_told_when_the_grant_ends_before_its_time(host):
    (page,) = await host.connect("facebook", ADA, "ada")
    ended = {"error": {"message": "ended", "type": "OAuthException", "code": 190}}
    await host.world.fault(
        kind="status", path="/v26.0/oauth/access_token", status=400, body=ended, times=None
    )

    await host.vault.token(page.id, owner=ADA, purpose="test", newer_than=1)
    await host.days(30)

    assert host.days_of(page, "dying_soon") == [1]
    assert await host.state(page) is State.ACTIVE
    assert (await host.vault.get(page.id, owner=ADA)).dies_on is None


async def test_an_end_reaches_a_grant_whose_access_token_ended_before_its_time(host):
    """TikTok ends a grant by a live access token alone: one that is dead is renewed first."""
    (taken,) = await host.connect("tiktok", ADA, "dancing.duck")
    await host.world.advance(3 * 3600)  # for TikTok alone: our clock is slow
    receipt = await host.vault.disconnect(taken.id, owner=ADA)

    assert (receipt.outcome, receipt.reach) == ("revoked", "grant")
    assert "authorization.removed" in str(await host.world.act("tiktok", "deliveries"))
