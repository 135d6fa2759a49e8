"""The panel: who is let in, what they see, what they end, and what it looks like when it fails."""

import asyncio
import logging
from itertools import count

import httpx2
import pytest
from starlette.exceptions import HTTPException

from connector_vault import Owner, Secret, Tenant, access, panel
from connector_vault.errors import KeysUnavailable, StoreUnavailable
from connector_vault.room import now_ms
from tests.deeds import ADA, all_of, live

ACME = Tenant(name="acme")
EVE = Owner(tenant="acme", user="eve")
WORKSPACE = Owner(tenant="acme")
ABROAD = Owner(tenant="evil", user="ada")
LIST = "/v1/connections"
KEY = "a-key-of-somebody"


def asking(vault, **options):
    """Ask the panel of a vault."""
    transport = httpx2.ASGITransport(panel.app(vault, **options))
    return httpx2.AsyncClient(transport=transport, base_url="http://panel.test")


@pytest.fixture
async def vault(opened):
    """A vault whose clock never says the same twice, so that the oldest is known."""
    ticking = count(now_ms())
    async with opened(clock=lambda: next(ticking)) as vault:
        yield vault


@pytest.fixture
def shown(vault):
    """Ask with an access key."""

    async def shown(whose=ADA):
        key, secret = await access.create(vault.room, whose)
        http = asking(vault)
        http.headers["authorization"] = f"Bearer {secret.reveal()}"
        return http, key

    return shown


@pytest.fixture
async def kept(vault):
    """One key each, the oldest first."""
    return {
        owner: await vault.add("openrouter", owner, secret=Secret(KEY))
        for owner in (ADA, EVE, WORKSPACE, ABROAD)
    }


def ids(reply):
    return [one["id"] for one in reply.json()["connections"]]


@pytest.mark.parametrize(
    ("whose", "seen"),
    [
        (ADA, [ADA]),
        (WORKSPACE, [WORKSPACE]),
        (ACME, [ADA, EVE, WORKSPACE]),
        (Tenant(name="evil"), [ABROAD]),
        (Tenant(name="empty"), []),
    ],
    ids=str,
)
async def test_a_key_shows_whose_it_is_and_no_others(shown, kept, whose, seen):
    http, _ = await shown(whose)

    reply = await http.get(LIST)

    assert ids(reply) == [kept[owner].id for owner in seen]
    assert reply.json()["next"] is None


@pytest.mark.parametrize(("user", "seen"), [("eve", EVE), ("", WORKSPACE)])
async def test_who_looks_after_a_tenant_may_choose_one_of_its_users(shown, kept, user, seen):
    http, _ = await shown(ACME)

    assert ids(await http.get(LIST, params={"user": user})) == [kept[seen].id]


async def test_nobody_else_chooses_a_user(shown, kept):
    http, _ = await shown(ADA)

    assert (await http.get(LIST, params={"user": "eve"})).status_code == 403
    assert (await http.get(LIST, params={"user": "ada"})).status_code == 200


async def test_a_long_list_comes_in_pages(vault, shown):
    for _ in range(7):
        await vault.add("openrouter", ADA, secret=Secret(KEY))
    http, _ = await shown(ADA)
    seen, after = [], {}

    while after is not None:
        reply = await http.get(LIST, params={"limit": 3, "provider": "openrouter", **after})
        seen.append(ids(reply))
        after = reply.json()["next"] and {"after": reply.json()["next"]}

    assert [len(page) for page in seen] == [3, 3, 1]
    assert [one for page in seen for one in page] == [one.id for one in await all_of(vault)]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        "limit=-1",
        "limit=",
        "after=con_none",
        "user=%00",
        "users=ada",
    ],
)
async def test_a_query_that_cannot_be_one_is_a_400(shown, query):
    http, _ = await shown(ACME)

    reply = await http.get(f"{LIST}?{query}")

    assert (reply.status_code, reply.json()["error"]) == (400, "BadArguments")


async def test_another_tenants_connection_is_told_of_as_one_that_is_not_there(shown, kept):
    http, _ = await shown(ACME)

    for address in (LIST + "/{}", LIST + "/{}/disconnect"):
        method = "POST" if address.endswith("disconnect") else "GET"
        told = [
            await http.request(method, address.format(id_))
            for id_ in (kept[ABROAD].id, "con_none", "cvk_x", "%2e%2e")
        ]
        assert {one.status_code for one in told} == {404}
        assert len({one.content for one in told}) == 1


async def test_a_connection_ends_with_a_receipt_and_again_with_the_same(
    vault, shown, connect, world
):
    connection = await connect(vault)
    http, _ = await shown(ACME)

    first = await http.post(f"{LIST}/{connection.id}/disconnect")
    heard = len(await world.log())
    again = await http.post(f"{LIST}/{connection.id}/disconnect")

    assert (first.status_code, first.json()["outcome"]) == (200, "revoked")
    assert (again.status_code, again.json()) == (200, first.json())
    assert len(await world.log()) == heard
    assert await live(world) == 0


async def test_an_end_that_is_not_confirmed_is_a_202(vault, shown, connect, world):
    connection = await connect(vault)
    await world.fault(kind="status", status=503, host="api.github.com", times=None)
    http, _ = await shown()

    first = await http.post(f"{LIST}/{connection.id}/disconnect")
    await world.mend()
    again = await http.post(f"{LIST}/{connection.id}/disconnect")

    assert (first.status_code, first.json()["confirmed"]) == (202, False)
    assert (again.status_code, again.json()["asked_at"]) == (200, first.json()["asked_at"])


async def test_no_answer_of_the_panel_holds_a_token(vault, shown, connect):
    connection = await connect(vault)
    token = await vault.token(connection.id, owner=ADA, purpose="to look for it")
    http, _ = await shown()

    said = [await http.get(LIST), await http.get(f"{LIST}/{connection.id}")]
    said.append(await http.post(f"{LIST}/{connection.id}/disconnect"))

    assert not [one for one in said if token.secret.reveal() in one.text]


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "Bearer cvk_" + "a" * 52, "Basic {key}", "{key}"]
)
async def test_no_stranger_learns_why_the_door_stays_shut(vault, shown, header):
    http, _ = await shown()
    right = http.headers["authorization"].removeprefix("Bearer ")
    wrong = await http.get(LIST, headers={"authorization": "Bearer x"})
    http.headers["authorization"] = header.format(key=right)

    reply = await http.get(f"{LIST}/con_none")

    assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer")
    assert reply.content == wrong.content


async def test_two_keys_at_once_are_none(shown):
    http, _ = await shown()
    right = http.headers.pop("authorization")

    reply = await http.get(LIST, headers=[("authorization", right), ("authorization", right)])

    assert reply.status_code == 401


async def test_a_revoked_key_is_a_401_at_once(vault, shown):
    http, key = await shown()
    assert (await http.get(LIST)).status_code == 200

    await access.revoke(vault.room, key.id, "acme")

    assert (await http.get(LIST)).status_code == 401


async def test_a_forged_key_is_not_let_in_and_the_alarm_is_raised(shown, raw, caplog):
    http, _ = await shown()
    raw("update access set user = null")

    reply = await http.get(LIST)

    assert (reply.status_code, reply.json()["error"]) == (500, "Failed")
    assert "altered" not in reply.text
    assert "altered" in caplog.text


@pytest.mark.parametrize("later", [False, True])
async def test_your_own_program_may_say_who_asks(vault, kept, later):
    def identify(request):
        return EVE if request.cookies.get("session") == "eve" else None

    async def identify_later(request):
        return identify(request)

    async with asking(vault, identify=identify_later if later else identify) as http:
        assert (await http.get(LIST)).status_code == 401
        assert ids(await http.get(LIST, headers={"cookie": "session=eve"})) == [kept[EVE].id]


async def test_your_own_program_may_answer_for_itself(vault):
    def identify(_):
        raise HTTPException(429, "not so fast", {"retry-after": "9"})

    async with asking(vault, identify=identify) as http:
        reply = await http.get(LIST)

    assert (reply.status_code, reply.headers["retry-after"]) == (429, "9")
    assert reply.json() == {"error": "TooManyRequests", "message": "not so fast"}


@pytest.mark.parametrize("error", [StoreUnavailable("at 10.0.0.7"), KeysUnavailable("at 10.0.0.7")])
async def test_what_is_away_is_a_503_without_its_address(vault, error):
    def identify(_):
        raise error

    async with asking(vault, identify=identify) as http:
        reply = await http.get(LIST)

    assert (reply.status_code, reply.headers["retry-after"]) == (503, "2")
    assert "10.0.0.7" not in reply.text


async def test_an_unexpected_error_tells_its_place_and_not_its_text(vault, caplog):
    caplog.set_level(logging.DEBUG)

    def identify(request):
        raise RuntimeError(request.headers["authorization"])

    async with asking(vault, identify=identify) as http:
        reply = await http.get(LIST, headers={"authorization": "Bearer a-canary"})

    assert reply.status_code == 500
    assert "test_panel.py" in caplog.text
    assert "canary" not in reply.text + caplog.text


async def test_a_client_who_hangs_up_does_not_stop_a_disconnect(vault, connect, world):
    connection = await connect(vault)
    await world.fault(kind="delay", seconds=0.2, host="api.github.com")
    heard = len(await world.log())
    async with asking(vault, identify=lambda _: ADA) as http:
        asked = asyncio.create_task(http.post(f"{LIST}/{connection.id}/disconnect"))
        await world.heard(times=heard + 1)
        asked.cancel()
        await asyncio.wait([asked])

    await vault.room.work.close()

    assert (await vault.get(connection.id, owner=ADA)).state.value == "revoked"
    assert await live(world) == 0
