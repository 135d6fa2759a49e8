"""From a click to a sealed row: whose consent, for whom, once."""

import asyncio
import contextlib
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_vault import Owner, State
from connector_vault.consent import _check_redirect
from connector_vault.errors import (
    BadArguments,
    Misconfigured,
    NotAllowed,
    Refused,
)
from connector_vault.room import now_ms
from tests.deeds import ADA, CALLBACK, TOKEN, all_of, secret_of

DATABASES = ["sqlite", "postgres"]
"""Each test runs on both."""

EVE = Owner(tenant="acme", user="eve")
STRANGERS = [EVE, Owner(tenant="evil", user="ada"), Owner(tenant="acme")]
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


async def begin(vault, owner=ADA, **options):
    return await vault.connect("github", owner, redirect_uri=CALLBACK, **options)


async def finish(vault, callback, owner=ADA):
    (connection,) = await vault.finish(callback, owner=owner)
    return connection


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


async def test_the_database_never_holds_a_state_or_a_verifier(vault, disk):
    pending = await begin(vault)

    held = b"".join(path.read_bytes() for path in disk.iterdir())
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

    came = await asyncio.gather(
        *(finish(vault, callback) for _ in range(20)), return_exceptions=True
    )

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
    assert await finish(vault, callback)


async def test_a_callback_of_the_right_issuer_works(vault, agree):
    callback = await agree(await begin(vault))

    assert await finish(vault, changed(callback, iss="https://github.com/login/oauth"))


async def test_a_callback_to_another_address_is_refused(vault, world, agree):
    callback = await agree(await begin(vault))

    with pytest.raises(NotAllowed):
        await finish(vault, callback.replace("/callback", "/elsewhere"))

    assert await world.log(path=TOKEN) == ()
    assert await finish(vault, callback)


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


async def test_a_consent_can_be_finished_by_another_process(vault, opened, agree):
    callback = await agree(await begin(vault))

    async with opened() as other:
        connection = await finish(other, callback)

    assert await all_of(vault) == [connection]


async def test_a_consent_is_written_down(vault, connect, raw):
    connection = await connect(vault)

    lines = raw('select deed, outcome, connection, tenant, "user" from audit order by id')

    assert lines == [
        ("consent", "begun", "", "acme", "ada"),
        ("connect", "ok", connection.id, "acme", "ada"),
    ]


async def test_no_file_of_the_vault_holds_a_secret_in_the_clear(vault, disk, connect):
    connection = await connect(vault)
    secret = await secret_of(vault, connection)

    held = b"".join(path.read_bytes() for path in disk.iterdir())

    assert secret.reveal().encode() not in held
    assert b"ghr_" not in held
    assert b"emulator-secret" not in held


@settings(max_examples=200)
@given(st.text(max_size=60))
def test_a_wild_owner_is_refused_or_can_be_written(text):
    with contextlib.suppress(BadArguments):
        owner = Owner(tenant=text, user=text)
        assert f"{owner}".encode()
