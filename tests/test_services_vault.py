"""Services by configuration in a whole vault: kept, called, masked, refreshed, ended, guarded."""

from functools import partial

import httpx2
import pytest

from connector_vault import Client, Gateway, Secret, Tokens
from connector_vault.connector import NotAllowed, RateLimited, Reconnect, Refused
from connector_vault.errors import BadArguments, Corrupt, Misconfigured
from connector_vault.received import Received
from connector_vault.room import now_ms
from connector_vault.services import service_of, write_service
from tests.agents import error_of, in_memory, names, schema_of
from tests.deeds import ADA, CALLBACK, renew, row_of, secret_of
from tests.service import KEY, served

ALLOW = [
    "GET /models",
    "GET /whoami",
    "GET /busy",
    "GET /lost/*",
    "POST /chat/completions",
]
ACME = Client(provider="acme", id="acme-client", secret=Secret("acme-secret"))


@pytest.fixture
def service():
    with served() as service:
        yield service


def told(service, **more):
    said = {"auth": "api-key", "host": f"{service.url}/api/v1", "allow": ALLOW, **more}
    return service_of(said, "acme", "acme")


def oauth2(service, **more):
    addresses = {name: f"{service.url}/{name}" for name in ("authorize", "token", "revoke")}
    whose = {"request": "GET /whoami", "id": "user.id", "label": "user.name"}
    return told(
        service,
        auth="oauth2",
        oauth2={**addresses, "scopes": ["read"], **more},
        identity=whose,
    )


def told_of(service):
    return oauth2(service).digest().hex()


@pytest.fixture
def begin(opened, service):
    return partial(opened, services=[told(service)])


async def agreed(pending):
    async with httpx2.AsyncClient() as browser:
        return (await browser.get(pending.url)).headers["location"]


async def consented(vault):
    pending = await vault.connect("acme", ADA, redirect_uri=CALLBACK)
    (connection,) = await vault.finish(await agreed(pending), owner=ADA)
    return connection


@pytest.fixture
def time_flies():
    class Clock:
        ahead = 0

        def __call__(self):
            return now_ms() + self.ahead

        def on(self, seconds):
            self.ahead += seconds * 1000

    return Clock()


async def call(vault, method, path, **more):
    async with Gateway(vault) as gateway:
        given = {"method": method, "path": path, **more}
        return (await gateway.call(ADA, "acme.request", given, timeout=20)).value


async def test_a_key_is_kept_shown_by_its_end_and_put_on_at_the_door(begin, service):
    async with begin() as vault:
        connection = await vault.add("acme", ADA, secret=Secret(KEY))
        answer = await call(vault, "GET", "/models", query={"limit": "2"})

    assert (connection.kind, connection.label) == ("api-key", "••••cdef")
    _, path, headers, _ = service.heard[-1]
    assert path == "/api/v1/models?limit=2"
    assert headers["authorization"] == f"Bearer {KEY}"
    # The service repeated it, and no agent saw it.
    assert answer["asked"] == {"limit": ["2"]}
    assert KEY not in str(answer)
    assert answer["key"] != ""


async def test_a_change_is_sent_once(begin, service):
    async with begin() as vault:
        await vault.add("acme", ADA, secret=Secret(KEY))
        body = {"model": "acme/large", "messages": [{"role": "user", "content": "hi"}]}
        answer = await call(vault, "POST", "/chat/completions", body=body)

    assert answer == {"model": "acme/large", "choices": ["hello"]}
    assert service.asked == ["POST /api/v1/chat/completions"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/models"),
        ("POST", "/models"),
        ("GET", "/keys"),
        ("GET", "/lost/../keys"),
        ("GET", "/lost/%2e%2e/keys"),
        ("GET", "//evil.example/models"),
        ("GET", "https://evil.example/models"),
        ("GET", "/models?key=1"),
        ("GET", "/lost/..;/keys"),
        ("GET", "/lost/%252e%252e/keys"),
        ("GET", "/lost/a%252fb"),
        ("GET", "/lost//keys"),
        ("GET", "/lost/a;b"),
    ],
)
async def test_what_is_not_declared_does_not_leave(begin, service, method, path):
    async with begin() as vault:
        await vault.add("acme", ADA, secret=Secret(KEY))
        with pytest.raises(NotAllowed):
            await call(vault, method, path)

    assert service.asked == []


async def test_what_the_service_says_is_told_without_the_key(begin, service):
    async with begin() as vault:
        await vault.add("acme", ADA, secret=Secret(KEY))
        with pytest.raises(Refused, match="nothing is at /api/v1/lost/a/b") as caught:
            await call(vault, "GET", "/lost/a/b")
        assert KEY not in str(caught.value)
        with pytest.raises(RateLimited) as limited:
            await call(vault, "GET", "/busy")
        assert limited.value.retry_after == 7
        service.live.clear()
        with pytest.raises(Reconnect):
            await call(vault, "GET", "/models")


async def test_the_key_goes_into_the_header_that_is_said(opened, service):
    async with opened(services=[told(service, header="X-Api-Key", scheme="")]) as vault:
        await vault.add("acme", ADA, secret=Secret(KEY))
        await call(vault, "GET", "/models")

    _, _, headers, _ = service.heard[-1]
    assert headers["x-api-key"] == KEY
    assert "authorization" not in headers


async def test_a_key_is_tried_where_the_service_says_whose_it_is(opened, service):
    whose = {"request": "GET /whoami", "id": "user.id", "label": "user.name"}
    async with opened(services=[told(service, identity=whose)]) as vault:
        with pytest.raises(Refused):
            await vault.add("acme", ADA, secret=Secret("sk-of-nobody-1234"))
        kept = await vault.add("acme", ADA, secret=Secret(KEY))
        # The same account's is the same connection.
        again = await vault.add("acme", ADA, secret=Secret(KEY))

    assert (kept.account, kept.label) == ("7", "ada")
    assert again.id == kept.id


@pytest.mark.parametrize("basic", ["basic", "body"])
async def test_an_oauth_service_is_connected_refreshed_and_ended(opened, service, basic):
    said = oauth2(service, client_authentication=basic)
    async with opened(services=[said], clients=[ACME]) as vault:
        connection = await consented(vault)
        first = await secret_of(vault, connection)
        second = (await renew(vault, connection)).secret
        assert "data" in await call(vault, "GET", "/models")
        receipt = await vault.disconnect(connection.id, owner=ADA)

    assert first != second
    assert (connection.account, connection.label, connection.scopes) == ("7", "ada", {"read"})
    assert (receipt.outcome, receipt.reach, receipt.shredded) == ("revoked", "token", True)
    assert service.live == {KEY, first.reveal()}
    assert any("code_challenge=" in one for one in service.asked)


@pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)
async def test_an_origin_that_is_swapped_is_found_out(opened, begin, service):
    """Whoever can change the configuration cannot have a key sent elsewhere."""
    with served() as evil:
        evil.live.add(KEY)
        async with begin() as vault:
            connection = await vault.add("acme", ADA, secret=Secret(KEY))
            near = await vault.add("mistral", ADA, secret=Secret("sk-of-a-neighbour"))

        async with opened(services=[told(evil)]) as vault:
            for deed in (
                partial(secret_of, vault, connection),
                partial(renew, vault, connection),
                partial(call, vault, "GET", "/models"),
            ):
                with pytest.raises(Corrupt, match="other addresses") as caught:
                    await deed()
                assert type(caught.value) is Corrupt
                assert KEY not in str(caught.value)
            assert (await secret_of(vault, near)).reveal() == "sk-of-a-neighbour"
        assert evil.asked == []

        # Put back, it opens again.
        async with begin() as vault:
            assert (await secret_of(vault, connection)).reveal() == KEY


async def test_a_key_that_was_kept_before_the_service_was_said_is_not_sent_there(opened, begin):
    async with opened() as vault:
        connection = await vault.add("acme", ADA, secret=Secret(KEY))
    async with begin() as vault:
        with pytest.raises(Corrupt, match="other addresses"):
            await secret_of(vault, connection)


async def test_it_ends_although_its_addresses_changed(opened, begin, service):
    """Nothing can name the key to anybody, and shredding needs no opening."""
    async with begin() as vault:
        connection = await vault.add("acme", ADA, secret=Secret(KEY))
    with served() as other:
        async with opened(services=[told(other)]) as vault:
            receipt = await vault.disconnect(connection.id, owner=ADA)

    assert (receipt.outcome, receipt.shredded) == ("not revocable", True)


async def test_an_oauth_service_that_moved_is_ended_without_being_opened(
    opened, service, time_flies
):
    async with opened(services=[oauth2(service)], clients=[ACME]) as vault:
        connection = await consented(vault)
    with served() as other:
        async with opened(services=[oauth2(other)], clients=[ACME], clock=time_flies) as vault:
            receipt = await vault.disconnect(connection.id, owner=ADA)
            assert (receipt.outcome, receipt.shredded) == ("unconfirmed", False)
            assert "other addresses" in receipt.note
            for _ in range(8):
                time_flies.on(4 * 3600)
                await vault.maintain(once=True)
            assert (await vault.disconnect(connection.id, owner=ADA)).shredded
        assert other.asked == []


async def test_a_reply_that_was_left_behind_is_stored_for_the_addresses_it_came_from(
    opened, service, raw
):
    """A process that dies between journal and database leaves it to one that may know others."""
    async with opened(services=[oauth2(service)], clients=[ACME]) as vault:
        connection = await consented(vault)
        held = await vault._refresher.leases.acquire(await row_of(vault, connection), spend=True)
        received = Received(
            connection=connection.id,
            owner=ADA,
            provider="acme",
            client_id=ACME.id,
            grant_id=held.row.grant_id,
            generation=1,
            attempt=held.row.attempt,
            account="7",
            at=now_ms(),
            tokens=Tokens(access=Secret("at-of-old"), refresh=Secret("rt-of-old")),
            endpoint=told_of(service),
        )
        await vault._refresher.leases.release(held)
    with served() as other:
        async with opened(services=[oauth2(other)], clients=[ACME]) as vault:
            with pytest.raises(Misconfigured, match="put them back"):
                await vault._refresher.landings._land(received)
        assert other.asked == []
    async with opened(services=[oauth2(service)], clients=[ACME]) as vault:
        await vault._refresher.landings._land(received)
        assert (await secret_of(vault, connection)).reveal() == "at-of-old"


async def test_a_consent_goes_on_where_it_began(opened, service):
    """Neither code nor secret is sent to an address that came later."""
    async with opened(services=[oauth2(service)], clients=[ACME]) as vault:
        back = await agreed(await vault.connect("acme", ADA, redirect_uri=CALLBACK))
    with served() as other:
        async with opened(services=[oauth2(other)], clients=[ACME]) as vault:
            with pytest.raises(NotAllowed, match="start again"):
                await vault.finish(back, owner=ADA)
        assert other.asked == []
    async with opened(services=[oauth2(service)], clients=[ACME]) as vault:
        assert await vault.finish(back, owner=ADA)


async def test_addresses_stay_for_as_long_as_a_process_lives(
    opened, service, tmp_path, monkeypatch
):
    """Whoever swaps the file between two looks at it gains nothing."""
    folder = tmp_path / "services"
    monkeypatch.setenv("CONNECTOR_VAULT_SERVICES", str(folder))
    write_service(told(service), folder / "acme.toml")
    with served() as evil:
        async with opened() as vault:
            connection = await vault.add("acme", ADA, secret=Secret(KEY))
            (folder / "acme.toml").unlink()
            write_service(told(evil), folder / "acme.toml")
            for deed in (
                partial(secret_of, vault, connection),
                partial(call, vault, "GET", "/models"),
            ):
                with pytest.raises(Misconfigured, match="restart"):
                    await deed()
            (folder / "acme.toml").unlink()
            write_service(told(service, title="Acme again"), folder / "acme.toml")
            assert "data" in await call(vault, "GET", "/models")
        assert evil.asked == []


async def test_a_refusal_of_one_path_ends_no_key_that_nobody_can_be_asked_about(begin, service):
    async with begin() as vault:
        connection = await vault.add("acme", ADA, secret=Secret(KEY))
        service.live.clear()
        with pytest.raises(Reconnect):
            await call(vault, "GET", "/models")
        assert (await vault.get(connection.id, owner=ADA)).live
    assert service.asked == ["GET /api/v1/models"]


@pytest.mark.parametrize(
    "query",
    [
        {"access_token": "x"},
        {"_method": "DELETE"},
        {"method": "delete"},
        {"_method": "DELETE", "_Method": "x"},
    ],
)
async def test_a_query_names_no_token_and_no_other_method(begin, service, query):
    async with begin() as vault:
        await vault.add("acme", ADA, secret=Secret(KEY))
        with pytest.raises(NotAllowed):
            await call(vault, "GET", "/models", query=query)
        assert await call(vault, "GET", "/models", query={"method": "flickr.photos.search"})
    assert len(service.asked) == 1


async def test_two_services_of_one_owner_do_not_meet(opened, service):
    both = [told(service), told(service).model_copy(update={"name": "other"})]
    async with opened(services=both) as vault:
        await vault.add("acme", ADA, secret=Secret(KEY))
        with pytest.raises(BadArguments):
            await call(vault, "FETCH", "/models")
        async with Gateway(vault) as gateway:
            offers = {one.name: one for one in await gateway.tools(ADA)}

    assert set(offers) == {"acme.request"}
    assert "- POST /chat/completions" in offers["acme.request"].description
    assert offers["acme.request"].effect == "writes"


async def test_an_agent_calls_it_through_mcp(begin, service):
    async with begin() as vault:
        await vault.add("acme", ADA, secret=Secret(KEY))
        async with in_memory(vault) as client:
            assert await names(client) == ["acme_request"]
            shown = await schema_of(client, "acme_request")
            asked = {"method": "GET", "path": "/models"}
            done = await client.call_tool("acme_request", asked)
            refused = await client.call_tool("acme_request", {**asked, "path": "/keys"})

    assert "- GET /models" in shown.description
    assert done.structured_content["result"]["data"][0] == {"id": "acme/large"}
    assert KEY not in str(done)
    assert error_of(refused) == "NotAllowed"
    assert service.asked == ["GET /api/v1/models"]
