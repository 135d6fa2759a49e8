"""From a click to a sealed row: whose consent, for whom, once."""

import asyncio
import contextlib
import sqlite3
from contextlib import closing
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import ADA, CALLBACK, CLIENT

from connector_vault import Client, Owner, Secret, State
from connector_vault.consent import _check_redirect
from connector_vault.errors import (
    BadArguments,
    ConnectorVaultError,
    Misconfigured,
    NotAllowed,
    NotConnected,
    OutcomeUnknown,
    RateLimited,
    Reconnect,
    Refused,
    StoreUnavailable,
    TimedOut,
    Unreachable,
)
from connector_vault.room import now_ms

TOKEN = "/login/oauth/access_token"
EVE = Owner(tenant="acme", user="eve")
STRANGERS = [EVE, Owner(tenant="evil", user="ada"), Owner(tenant="acme")]
OTHER = {
    "id": "Iv1.other",
    "secret": "other-secret",
    "redirect_uris": ["http://127.0.0.1/callback"],
}
PLACES = [
    "http://example.com/callback",
    "ftp://127.0.0.1/callback",
    "https://somebody@example.com/callback",
    "https://[",
    "https://example.com:port/",
    "https:///callback",
    "callback",
    "",
]
JUNK = [
    pytest.param({"kind": "status", "status": 200, "body": {}}, id="{}"),
    pytest.param({"kind": "status", "status": 200, "body": []}, id="list"),
    pytest.param({"kind": "status", "status": 200, "body": {"access_token": 7}}, id="number"),
    pytest.param({"kind": "status", "status": 200, "body": {"access_token": "a b"}}, id="space"),
    pytest.param({"kind": "malformed"}, id="html"),
    pytest.param({"kind": "malformed", "body": "x" * 3_000_000}, id="3 MB"),
    pytest.param({"kind": "status", "status": 500, "body": "gone"}, id="500"),
    pytest.param({"kind": "drop"}, id="drop"),
    pytest.param({"kind": "truncate"}, id="truncate"),
    pytest.param({"kind": "hang"}, id="hang"),
]


async def begin(vault, owner=ADA, **options):
    return await vault.connect("github", owner, redirect_uri=CALLBACK, **options)


async def finish(vault, callback, owner=ADA):
    (connection,) = await vault.finish(callback, owner=owner)
    return connection


async def all_of(vault, owner=ADA):
    return [connection async for connection in vault.connections(owner=owner)]


async def live(world, login="octocat"):
    """Count the tokens that live at the provider, and end them."""
    return (await world.act("github", "revoke", login=login))["tokens"]


async def secret_of(vault, connection):
    return (await vault.token(connection.id, owner=connection.owner, purpose="test")).secret


def query(url):
    return {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}


def changed(url, **said):
    parts = urlsplit(url)
    pairs = {name: value for name, value in (query(url) | said).items() if value is not None}
    return urlunsplit(parts._replace(query=urlencode(pairs)))


async def test_a_consent_gives_a_connection(vault, connect):
    connection = await connect(vault)

    assert (connection.provider, connection.account, connection.label) == (
        "github",
        "583231",
        "octocat",
    )
    assert (connection.owner, connection.kind, connection.client) == (ADA, "oauth", "default")
    assert (connection.state, connection.generation) == (State.ACTIVE, 1)
    assert connection.scopes == {"repo"}
    assert await all_of(vault) == [connection]


async def test_a_consent_asks_for_a_code_with_a_proof(vault, world):
    pending = await begin(vault)

    said = query(pending.url)
    assert pending.url.startswith(f"{world.url}/github.com/login/oauth/authorize?")
    assert (said["client_id"], said["redirect_uri"]) == ("Iv1.emulator", CALLBACK)
    assert (said["response_type"], said["code_challenge_method"]) == ("code", "S256")
    assert said["scope"] == "repo offline_access"
    assert said["state"] == pending.state


async def test_a_state_cannot_be_guessed(vault):
    states = {(await begin(vault)).state for _ in range(20)}

    assert len(states) == 20
    assert all(len(state) >= 43 for state in states)


async def test_a_pending_consent_does_not_show_its_state(vault):
    pending = await begin(vault)

    assert pending.state not in repr(pending)


async def test_the_database_never_holds_a_state_or_a_verifier(vault, place):
    pending = await begin(vault)

    held = b"".join(path.read_bytes() for path in place.folder.iterdir())
    assert pending.state.encode() not in held


async def test_the_proof_is_needed(vault, agree, raw):
    """The provider compares: a callback finished under another state's verifier is refused."""
    mine, yours = await begin(vault), await begin(vault)
    code = query(await agree(yours))["code"]

    with pytest.raises(Refused, match="bad_verification_code"):
        await finish(vault, changed(await agree(mine), code=code))


async def test_scopes_are_kept_as_granted(vault, connect):
    connection = await connect(vault, scopes=["user", "user:email", "gist", "offline_access"])

    assert connection.scopes == {"gist", "user"}


@pytest.mark.parametrize("scopes", ["repo", ["repo user"], ["répo"], ["re,po"]], ids=str)
async def test_what_is_no_list_of_scopes_is_refused(vault, scopes):
    with pytest.raises(BadArguments, match="scope"):
        await begin(vault, scopes=scopes)


async def test_an_unknown_state_is_refused(vault, agree):
    callback = await agree(await begin(vault))

    with pytest.raises(NotAllowed):
        await finish(vault, changed(callback, state="x" * 43))

    assert await finish(vault, callback)


async def test_a_callback_works_once(vault, world, agree):
    callback = await agree(await begin(vault))
    await finish(vault, callback)
    heard = await world.log()

    with pytest.raises(NotAllowed):
        await finish(vault, callback)

    assert await world.log() == heard


async def test_of_one_callback_twice_at_once_one_works(vault, world, agree):
    callback = await agree(await begin(vault))

    came = await asyncio.gather(*(finish(vault, callback) for _ in range(20)), return_exceptions=True)

    assert sum(isinstance(one, NotAllowed) for one in came) == 19
    assert len(await world.log(path=TOKEN)) == 1


async def test_a_callback_works_for_ten_minutes(vault, agree, later):
    early, late = await agree(await begin(vault)), await agree(await begin(vault))

    assert await finish(later(vault, 590), early)
    with pytest.raises(NotAllowed):
        await finish(later(vault, 610), late)


async def test_a_pending_consent_says_when_it_ends(vault):
    pending = await begin(vault)

    assert abs(pending.expires_at.timestamp() * 1000 - now_ms() - 600_000) < 5_000


async def test_old_consents_do_not_pile_up(vault, later, raw):
    await begin(vault)

    await begin(later(vault, 610))

    assert raw("select count(*) from consent") == [(1,)]


@pytest.mark.parametrize("stranger", STRANGERS, ids=str)
async def test_anothers_callback_neither_works_nor_is_used_up(vault, agree, stranger):
    """Whoever lures Ada to Eve's consent must not get Ada's account connected to Eve."""
    callback = await agree(await begin(vault))

    with pytest.raises(NotAllowed):
        await finish(vault, callback, stranger)

    assert (await finish(vault, callback)).owner == ADA
    assert await all_of(vault, stranger) == []


async def test_a_person_who_declines_is_not_connected(vault, raw):
    pending = await begin(vault)
    callback = f"{CALLBACK}?error=access_denied&error_description=no&state={pending.state}"

    with pytest.raises(Refused) as caught:
        await finish(vault, callback)

    assert caught.value.code == "access_denied"
    assert await all_of(vault) == []
    lines = raw("select outcome from audit where deed = 'consent' order by id")
    assert lines == [("begun",), ("access_denied",)]


async def test_an_errors_text_is_not_repeated(vault):
    pending = await begin(vault)
    said = urlencode({"error": "<script>", "state": pending.state})

    with pytest.raises(Refused) as caught:
        await finish(vault, f"{CALLBACK}?{said}")

    assert "script" not in str(caught.value)


@pytest.mark.parametrize("issuer", ["https://evil.example", "https://github.com.evil.example/"])
async def test_a_callback_of_another_issuer_is_refused(vault, world, agree, issuer):
    callback = await agree(await begin(vault))

    with pytest.raises(NotAllowed, match="GitHub"):
        await finish(vault, changed(callback, iss=issuer))

    assert await world.log(path=TOKEN) == ()


async def test_a_callback_of_the_right_issuer_works(vault, agree):
    callback = await agree(await begin(vault))

    assert await finish(vault, changed(callback, iss="https://github.com/login/oauth"))


async def test_a_callback_to_another_address_is_refused(vault, world, agree):
    callback = await agree(await begin(vault))

    with pytest.raises(NotAllowed):
        await finish(vault, callback.replace("/callback", "/elsewhere"))

    assert await world.log(path=TOKEN) == ()


@pytest.mark.parametrize("uri", PLACES)
async def test_a_place_nobody_can_come_back_to_is_refused(vault, uri):
    with pytest.raises(BadArguments):
        await vault.connect("github", ADA, redirect_uri=uri)


@given(st.text())
def test_any_other_text_is_a_place_or_refused(text):
    for uri in (text, f"https://{text}", f"http://127.0.0.1:{text}"):
        with contextlib.suppress(BadArguments):
            _check_redirect(uri)


async def test_an_unknown_provider_is_named(vault):
    with pytest.raises(BadArguments, match="github"):
        await vault.connect("nowhere", ADA, redirect_uri=CALLBACK)


async def test_without_a_client_the_setting_is_named(opened):
    async with opened(clients=[]) as vault:
        with pytest.raises(Misconfigured, match="CONNECTOR_VAULT_GITHUB_CLIENT_ID"):
            await begin(vault)


@pytest.mark.parametrize("fault", JUNK)
async def test_junk_for_tokens_is_an_error_and_nothing_more(
    vault, world, agree, connect, monkeypatch, fault
):
    monkeypatch.setattr("connector_vault.consent._TIMEOUT", 0.5)
    callback = await agree(await begin(vault))
    await world.fault(path=TOKEN, **fault)

    with pytest.raises((Refused, OutcomeUnknown)) as caught:
        await finish(vault, callback)

    told = f"{caught.value!r} {caught.value.__cause__!r}"
    assert not {query(callback)["code"], "emulator-secret"} & set(told.split())
    assert await all_of(vault) == []
    assert await connect(vault)


@pytest.mark.parametrize("fault", JUNK)
async def test_after_junk_a_person_is_told_to_start_again(
    vault, world, agree, monkeypatch, fault
):
    monkeypatch.setattr("connector_vault.consent._TIMEOUT", 0.5)
    callback = await agree(await begin(vault))
    await world.fault(path=TOKEN, **fault)

    with pytest.raises(Refused, match="start"):
        await finish(vault, callback)


async def test_a_provider_that_was_not_reached_is_asked_again(vault, opened, agree):
    callback = await agree(await begin(vault))

    async with opened(emulator="http://127.0.0.1:9") as offline:
        for _ in range(2):
            with pytest.raises(Unreachable):
                await finish(offline, callback)

    assert await finish(vault, callback)


async def test_a_provider_that_says_later_is_asked_again(vault, world, agree):
    callback = await agree(await begin(vault))
    later = {"retry-after": "7"}
    await world.fault(path=TOKEN, kind="status", status=429, headers=later)

    with pytest.raises(RateLimited) as caught:
        await finish(vault, callback)

    assert caught.value.retry_after == 7
    assert await finish(vault, callback)


@pytest.mark.parametrize("kind", ["status", "malformed", "drop", "reset", "hang"])
async def test_an_account_that_cannot_be_told_is_not_connected(
    vault, world, agree, monkeypatch, kind
):
    """The code is spent by then, so the same callback cannot be tried again: no error may say so."""
    monkeypatch.setattr("connector_vault.consent._TIMEOUT", 0.5)
    callback = await agree(await begin(vault))
    await world.fault(path="/user", kind=kind)

    with pytest.raises(ConnectorVaultError) as caught:
        await finish(vault, callback)

    assert not isinstance(caught.value, (TimedOut, Unreachable, OutcomeUnknown))
    assert (await all_of(vault), await live(world)) == ([], 0)


async def test_a_token_that_could_not_be_stored_does_not_live_on(vault, world, place, agree):
    callback = await agree(await begin(vault))
    store = vault.room.store
    await world.fault(path="/user", kind="delay", seconds=0.3)
    task = asyncio.create_task(finish(vault, callback))
    await world.heard(path="/user")
    await store._writer.run(lambda writer: writer.execute("pragma busy_timeout = 0"), alone=True)

    with closing(sqlite3.connect(place.file, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(StoreUnavailable):
            await task

    assert (await all_of(vault), await live(world)) == ([], 0)


async def test_a_cancelled_consent_leaves_no_token_behind(vault, world, agree):
    callback = await agree(await begin(vault))
    await world.fault(path="/user", kind="hang")
    task = asyncio.create_task(finish(vault, callback))
    await world.heard(path="/user")

    task.cancel()
    await asyncio.wait([task])

    assert (await all_of(vault), await live(world)) == ([], 0)


async def test_connecting_again_keeps_the_connection(vault, connect):
    first = await connect(vault)

    second = await connect(vault, scopes=["gist", "offline_access"])

    assert (second.id, second.generation, second.scopes) == (first.id, 2, {"gist"})
    assert second.created_at == first.created_at
    assert [one.id for one in await all_of(vault)] == [first.id]


async def test_what_finish_gives_is_what_is_stored(vault, connect):
    await connect(vault)

    again = await connect(vault)

    assert await vault.get(again.id, owner=ADA) == again


async def test_connecting_again_ends_the_old_token(vault, world, connect):
    first = await secret_of(vault, await connect(vault))

    second = await secret_of(vault, await connect(vault))

    assert first != second
    assert await live(world) == 1


async def test_connecting_again_mends_a_dead_grant(vault, world, connect):
    connection = await connect(vault)
    await live(world)
    with pytest.raises(Reconnect):
        await vault.token(connection.id, owner=ADA, purpose="test", newer_than=1)

    again = await connect(vault)

    assert (again.id, again.state, again.reason) == (connection.id, State.ACTIVE, "")
    assert await secret_of(vault, again)


async def test_two_accounts_are_two_connections(vault, connect):
    first, second = await connect(vault), await connect(vault, login="hubot")

    assert await all_of(vault) == [first, second]


async def test_one_account_of_two_owners_is_two_connections(vault, connect):
    mine, theirs = await connect(vault), await connect(vault, owner=EVE)

    assert mine.id != theirs.id
    assert await all_of(vault, EVE) == [theirs]


async def test_two_tabs_connect_one_account_once(vault, world, agree):
    callbacks = [await agree(await begin(vault)) for _ in range(2)]
    await world.fault(path="/user", kind="delay", seconds=0.2, times=2)

    one, other = await asyncio.gather(*(finish(vault, callback) for callback in callbacks))

    assert one.id == other.id
    assert len(await all_of(vault)) == 1


async def test_mending_takes_the_same_account(vault, connect):
    connection = await connect(vault)

    again = await connect(vault, reconnect=connection.id)

    assert (again.id, again.generation) == (connection.id, 2)


async def test_mending_takes_no_other_account(vault, world, connect):
    connection = await connect(vault)

    with pytest.raises(NotAllowed, match="octocat"):
        await connect(vault, login="hubot", reconnect=connection.id)

    assert await all_of(vault) == [connection]
    assert await live(world, "hubot") == 0


async def test_nobody_mends_what_is_anothers(vault, connect):
    connection = await connect(vault)

    with pytest.raises(NotConnected):
        await begin(vault, EVE, reconnect=connection.id)


async def test_what_was_disconnected_is_not_mended(vault, connect):
    connection = await connect(vault)
    await vault.disconnect(connection.id, owner=ADA)

    with pytest.raises(NotAllowed):
        await begin(vault, reconnect=connection.id)


async def test_what_is_disconnected_meanwhile_is_not_mended(vault, world, connect, agree):
    connection = await connect(vault)
    callback = await agree(await begin(vault, reconnect=connection.id))
    await vault.disconnect(connection.id, owner=ADA)

    with pytest.raises(ConnectorVaultError):
        await finish(vault, callback)

    assert (await vault.get(connection.id, owner=ADA)).state is State.REVOKED
    assert await live(world) == 0


async def test_what_is_being_disconnected_meanwhile_is_not_mended(vault, world, connect, agree):
    connection = await connect(vault)
    callback = await agree(await begin(vault, reconnect=connection.id))
    await world.fault(path="/applications/*/grant", kind="reset")
    await vault.disconnect(connection.id, owner=ADA)

    with pytest.raises(NotAllowed):
        await finish(vault, callback)

    assert (await vault.get(connection.id, owner=ADA)).state is State.REVOKING


async def test_a_connection_of_another_provider_is_not_mended(vault):
    connection = await vault.add("openrouter", ADA, secret=Secret("sk-1234567890"))

    with pytest.raises((BadArguments, NotAllowed)):
        await begin(vault, reconnect=connection.id)


async def test_a_consent_is_asked_under_the_client_that_was_named(opened, world, connect):
    await world.act("github", "register_client", **OTHER)
    other = Client(provider="github", id=OTHER["id"], secret=Secret(OTHER["secret"]), name="bot")
    async with opened(clients=[CLIENT, other]) as vault:
        connection = await connect(vault, client="bot")

        assert (connection.client, await secret_of(vault, connection)) != ("default", None)
        token = await vault.token(connection.id, owner=ADA, purpose="test", newer_than=1)

    assert (connection.client, token.generation) == ("bot", 2)


async def test_a_tenants_own_client_comes_first(opened, world):
    own = Client(provider="github", id=OTHER["id"], tenant="acme")
    async with opened(clients=[CLIENT, own]) as vault:
        mine, theirs = await begin(vault), await begin(vault, Owner(tenant="other"))

    assert query(mine.url)["client_id"] == OTHER["id"]
    assert query(theirs.url)["client_id"] == CLIENT.id


async def test_a_tenants_own_client_serves_no_other(opened):
    own = Client(provider="github", id=OTHER["id"], tenant="acme")
    async with opened(clients=[own]) as vault:
        with pytest.raises(Misconfigured):
            await begin(vault, Owner(tenant="other"))


async def test_a_consent_ends_under_the_client_it_began_with(opened, agree, world):
    async with opened() as vault:
        callback = await agree(await begin(vault))
    newer = Client(provider="github", id=OTHER["id"])

    async with opened(clients=[newer, CLIENT]) as vault:
        assert await finish(vault, callback)


async def test_a_consent_can_be_finished_by_another_process(vault, opened, agree):
    callback = await agree(await begin(vault))

    async with opened() as other:
        connection = await finish(other, callback)

    assert await all_of(vault) == [connection]


async def test_a_pasted_token_is_tried_at_once(vault, connect):
    pasted = await secret_of(vault, await connect(vault))

    connection = await vault.add("github", EVE, secret=pasted)

    assert (connection.kind, connection.label, connection.client) == ("token", "octocat", "")
    assert connection.scopes == {"repo"}
    assert connection.expires_at is None
    assert await secret_of(vault, connection) == pasted


async def test_a_pasted_token_that_is_dead_is_not_kept(vault):
    with pytest.raises(Refused, match="make a new one"):
        await vault.add("github", ADA, secret=Secret("gho_" + "x" * 36))

    assert await all_of(vault) == []


async def test_a_pasted_token_leaves_a_consents_grant_alone(vault, connect):
    first = await connect(vault)
    pasted = await secret_of(vault, await connect(vault, owner=EVE))

    second = await vault.add("github", ADA, secret=pasted)

    assert first.id != second.id
    assert await secret_of(vault, first) != pasted


async def test_pasting_again_keeps_the_connection(vault, connect):
    pasted = [await secret_of(vault, await connect(vault, owner=Owner(tenant=x))) for x in "ab"]

    first = await vault.add("github", ADA, secret=pasted[0])
    second = await vault.add("github", ADA, secret=pasted[1])

    assert (first.id, second.generation) == (second.id, 2)
    assert await secret_of(vault, second) == pasted[1]


@pytest.mark.parametrize(
    "fault", [{"kind": "drop"}, {"kind": "hang"}, {"kind": "reset"}], ids=lambda fault: fault["kind"]
)
async def test_a_pasted_token_whose_account_cannot_be_told_is_not_kept(
    vault, world, monkeypatch, fault
):
    monkeypatch.setattr("connector_vault.pasting._TIMEOUT", 0.3)
    await world.fault(path="/user", **fault)

    with pytest.raises((Unreachable, TimedOut)):
        await vault.add("github", ADA, secret=Secret("gho_" + "x" * 36))

    assert await all_of(vault) == []


async def test_a_provider_that_repeats_a_pasted_token_is_not_repeated(vault, world):
    pasted = "gho_" + "x" * 36
    body = {"message": f"we do not like {pasted} here"}
    await world.fault(path="/user", kind="status", status=403, body=body)

    with pytest.raises(Refused) as caught:
        await vault.add("github", ADA, secret=Secret(pasted))

    assert pasted not in str(caught.value)


async def test_a_provider_that_repeats_a_new_token_is_not_repeated(vault, world, agree):
    tokens = {"access_token": "gho_" + "x" * 36, "token_type": "bearer", "scope": "repo"}
    callback = await agree(await begin(vault))
    await world.fault(path=TOKEN, kind="status", status=200, body=tokens)
    body = {"message": f"we do not like {tokens['access_token']} here"}
    await world.fault(path="/user", kind="status", status=403, body=body)

    with pytest.raises(Refused) as caught:
        await finish(vault, callback)

    assert tokens["access_token"] not in str(caught.value)


@pytest.mark.parametrize("name", ["", "Open Router", "1st", "a" * 65, "añb", "a/b"])
async def test_what_is_no_name_is_refused(vault, name):
    with pytest.raises(BadArguments, match="name"):
        await vault.add(name, ADA, secret=Secret("sk-1"))


@pytest.mark.parametrize("secret", ["", "with space", "line\n", "é", "x" * 8193])
async def test_what_is_no_secret_is_refused_and_not_repeated(vault, secret):
    with pytest.raises(BadArguments) as caught:
        await vault.add("openrouter", ADA, secret=Secret(secret))

    assert not secret or secret not in str(caught.value)


@pytest.mark.parametrize("label", ["x" * 201, "two\nlines", "\x00"])
async def test_what_is_no_label_is_refused(vault, label):
    with pytest.raises(BadArguments, match="label"):
        await vault.add("openrouter", ADA, secret=Secret("sk-1"), label=label)


async def test_a_key_of_any_service_is_kept(vault, world):
    connection = await vault.add("openrouter", ADA, secret=Secret("sk-12345678"), label="the bot's")

    assert (connection.kind, connection.label) == ("api-key", "the bot's")
    assert await secret_of(vault, connection) == Secret("sk-12345678")
    assert await world.log() == ()


async def test_a_consent_is_written_down(vault, connect, raw):
    connection = await connect(vault)

    lines = raw("select deed, outcome, connection, tenant, user from audit order by id")

    assert lines == [
        ("consent", "begun", "", "acme", "ada"),
        ("connect", "ok", connection.id, "acme", "ada"),
    ]


async def test_no_file_of_the_vault_holds_a_secret_in_the_clear(vault, place, connect):
    connection = await connect(vault)
    secret = await secret_of(vault, connection)

    held = b"".join(path.read_bytes() for path in place.folder.iterdir())

    assert secret.reveal().encode() not in held
    assert b"ghr_" not in held
    assert b"emulator-secret" not in held


@settings(max_examples=200)
@given(st.text(max_size=60))
def test_a_wild_owner_is_refused_or_can_be_written(text):
    with contextlib.suppress(BadArguments):
        owner = Owner(tenant=text, user=text)
        assert f"{owner}".encode()
