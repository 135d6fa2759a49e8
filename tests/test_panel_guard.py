"""What the panel refuses before it asks who is there, and what it tells anybody."""

import httpx2
import pytest
from fastapi import FastAPI

from connector_vault import Secret, panel
from connector_vault.errors import KeysUnavailable
from connector_vault.keys.several import Holders
from tests.deeds import ADA
from tests.holder import Holder

LIST = "/v1/connections"
HOSTS = ["panel.test", "::1"]


def asking(app, url="http://panel.test"):
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=url)


@pytest.fixture
def app(vault):
    return panel.app(vault, identify=lambda _: ADA, hosts=HOSTS)


@pytest.fixture
async def ended(vault, app):
    """The address that ends a connection."""
    connection = await vault.add("openrouter", ADA, secret=Secret("a-key-of-somebody"))
    return f"{LIST}/{connection.id}/disconnect"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("panel.test", 200),
        ("PANEL.test:8700", 200),
        ("panel.test.", 200),
        ("panel.test.:8700", 200),
        ("panel.test:", 200),
        ("panel.test..", 421),
        ("panel.test:evil", 421),
        ("panel.test:8700:8700", 421),
        ("panel.test:123456", 421),
        ("panel.test/x", 421),
        ("panel.test?x", 421),
        ("panel.test#x", 421),
        ("panel.test\\x", 421),
        ("panel.test\t", 421),
        ("panel.test,panel.test", 421),
        ("user@panel.test", 421),
        ("@panel.test", 421),
        ("::1", 421),
        ("[::1]:8700", 200),
        ("[::1]x", 421),
        ("[panel.test]", 421),
        ("evil.test", 421),
        ("panel.test.evil.test", 421),
        ("evil.test@panel.test.", 421),
        ("[", 421),
        ("", 421),
    ],
)
@pytest.mark.parametrize("path", [LIST, "/healthz"])
async def test_a_name_that_is_not_the_panels_is_refused(app, path, host, status):
    async with asking(app) as http:
        assert (await http.get(path, headers={"host": host})).status_code == status


async def test_whoever_mounts_it_checks_the_name(vault):
    async with asking(panel.app(vault, identify=lambda _: ADA), "http://any.test") as http:
        assert (await http.get(LIST)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"origin": "http://panel.test.evil.test"},
        {"origin": "http://panel.test", "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
async def test_a_page_of_another_site_ends_nothing(vault, app, ended, headers):
    """A browser would send the cookies along that `identify` reads."""
    async with asking(app) as http:
        assert (await http.post(ended, headers=headers)).status_code == 403
        assert (await http.get(LIST)).json()["connections"][0]["state"] == "active"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://panel.test"},
        {"origin": "https://panel.test"},
        {"origin": "https://behind-a-proxy.test", "sec-fetch-site": "same-origin"},
    ],
    ids=str,
)
async def test_a_page_of_ones_own_may_end_a_connection(app, ended, headers):
    async with asking(app) as http:
        assert (await http.post(ended, headers=headers)).status_code == 200


async def test_every_answer_is_kept_by_no_cache_and_guessed_at_by_no_browser(app):
    asked = [("GET", LIST), ("GET", "/"), ("POST", "/"), ("DELETE", LIST), ("GET", "/readyz")]
    async with asking(app) as http:
        told = [await http.request(*one) for one in asked]
        told.append(await http.get(LIST, headers={"host": "evil.test"}))

    assert [one.status_code for one in told] == [200, 404, 404, 405, 200, 421]
    assert {one.headers["cache-control"] for one in told} == {"no-store"}
    assert {one.headers["x-content-type-options"] for one in told} == {"nosniff"}
    assert {one.headers["content-type"] for one in told} == {"application/json"}


async def test_a_method_that_does_not_fit_names_the_one_that_does(app, ended):
    async with asking(app) as http:
        reply = await http.get(ended)

    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")
    assert reply.json()["error"] == "MethodNotAllowed"
    assert "Allow" in reply.json()["message"]


async def test_an_address_with_nothing_at_it_leads_to_one_with_something(app):
    async with asking(app) as http:
        reply = await http.get("/v1/connection")

    assert (reply.status_code, reply.json()["error"]) == (404, "NotFound")
    assert LIST in reply.json()["message"]


async def test_a_name_may_be_given_with_the_dot_that_ends_it(vault):
    app = panel.app(vault, identify=lambda _: ADA, hosts=["Panel.test."])

    async with asking(app) as http:
        assert (await http.get(LIST)).status_code == 200


async def test_an_address_with_a_slash_too_many_leads_nowhere(app):
    """A redirect would be made of whatever name the request came with."""
    async with asking(app) as http:
        assert (await http.get(f"{LIST}/")).status_code == 404


async def test_it_works_under_a_prefix(vault, ended):
    site = FastAPI()
    site.mount("/vault", panel.app(vault, identify=lambda _: ADA))

    async with asking(site) as http:
        assert (await http.post(f"/vault{ended}")).json()["shredded"] is True
        assert (await http.get("/vault/readyz")).status_code == 200
        assert (await http.get("/vault/nothing")).json()["error"] == "NotFound"


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_health_is_told_to_anybody(vault, path):
    async with asking(panel.app(vault)) as http:
        assert (await http.get(path)).status_code == 200
        assert (await http.post(path)).status_code == 405


@pytest.mark.parametrize(
    "harm",
    ["update dek set wrapped = x'00'", "delete from dek", "alter table dek rename to elsewhere"],
)
async def test_who_cannot_work_is_not_ready_and_says_no_more(vault, raw, harm):
    raw(harm)

    async with asking(panel.app(vault)) as http:
        reply = await http.get("/readyz")
        assert (await http.get("/healthz")).status_code == 200

    assert reply.status_code == 503
    assert reply.json()["message"] == "this cannot work now: the log of the vault says why"


def held_by(vault, place):
    """Let another holder of the same keys stand in, that counts."""
    holder = Holder(place.keys)
    vault.room.keyring.keys.holders = Holders(holder)
    vault.room.keyring.keys._unwrapping.clear()
    return holder


async def test_the_key_holder_is_not_kept_busy_by_who_asks_for_health(vault, place):
    holder = held_by(vault, place)

    async with asking(panel.app(vault)) as http:
        told = [(await http.get("/readyz")).status_code for _ in range(100)]

    assert set(told) == {200}
    assert 1 <= holder.unwrapped < 10


async def test_a_key_holder_that_is_away_is_seen(vault, place):
    holder = held_by(vault, place)
    holder.error = KeysUnavailable("at 10.0.0.7")

    async with asking(panel.app(vault)) as http:
        reply = await http.get("/readyz")

    assert reply.status_code == 503
    assert "10.0.0.7" not in reply.text
