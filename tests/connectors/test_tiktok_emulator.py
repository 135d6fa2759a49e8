"""TikTok, played: who may ask a person for what, and what comes of it."""

import base64
import hashlib

import pytest

from tests.connectors.tiktok_play import (
    ALL,
    ASK,
    AUTHORIZE,
    DUCK,
    EVERYTHING,
    HOME,
    QUAIL,
    VERIFIER,
    WEB,
    back,
    playing,
)

DAY = 86_400
S256 = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


@pytest.fixture
async def play():
    async with playing() as play:
        yield play


async def lives(play, tokens):
    asked = await play.ask("/v2/user/info/?fields=open_id", tokens, "GET")
    return asked.json()["error"]["code"] == "ok"


async def test_a_consent_gives_tokens_in_tiktoks_words(play):
    place, said = back(await play.authorize())
    assert (place, said["state"], said["scopes"]) == (HOME, "s-1", EVERYTHING)
    assert {"*", "!"} <= set(said["code"])
    tokens = (await play.exchange(said["code"])).json()
    assert tokens["scope"] == EVERYTHING
    assert (tokens["expires_in"], tokens["refresh_expires_in"]) == (7200, 180 * DAY)
    assert tokens["token_type"] == "Bearer"
    assert tokens["access_token"].startswith("act.")
    assert tokens["refresh_token"].startswith("rft.")
    assert await lives(play, tokens)


@pytest.mark.parametrize(
    "query",
    [
        {"client_key": None, "client_id": "tiktok-emulator"},
        {"client_key": "nobody"},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": WEB + "/"},
        {"redirect_uri": "http://127.0.0.1/callback"},
        {"redirect_uri": "http://[::1]:7777/callback"},
        {"redirect_uri": "http://127.0.0.1:x/"},
        {"scope": "user.info.basic video.list"},
        {"scope": "everything"},
        {"scope": None},
        {"response_type": "token"},
        {"state": None},
        {"code_challenge": None},
        {"code_challenge_method": "plain"},
    ],
    ids=lambda query: "-".join(map(str, query.items()))[:60],
)
async def test_what_is_asked_wrongly_is_not_shown_to_anybody(play, query):
    assert (await play.authorize(**query)).status_code == 400


async def test_the_page_opens_without_the_last_slash_too(play):
    reply = await play.http.get(AUTHORIZE.rstrip("/"), params=ASK)
    assert (await play.exchange(back(reply)[1]["code"])).status_code == 200


async def test_the_web_needs_no_proof(play):
    code = await play.code(redirect_uri=WEB, code_challenge=None, code_challenge_method=None)
    answer = await play.exchange(code, redirect_uri=WEB, code_verifier=None)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("challenge", "verifier"), [(S256, VERIFIER), (None, "wrong" * 10), (None, None)]
)
async def test_a_desktop_proves_itself_in_hexadecimal(play, challenge, verifier):
    code = await play.code(**({"code_challenge": challenge} if challenge else {}))
    answer = await play.exchange(code, code_verifier=verifier)
    assert answer.json()["error_description"] == "Code verifier or code challenge is invalid."


@pytest.mark.parametrize("status", [400, 200])
@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"redirect_uri": WEB}, "invalid_request"),
        ({"code": "unknown"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
async def test_an_error_is_flat_whatever_its_status(play, status, form, error):
    await play.act("policy", token_errors=status)
    answer = await play.exchange(**{"code": await play.code()} | form)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert set(answer.json()) == {"error", "error_description", "log_id"}


async def test_a_client_is_known_by_its_secret(play):
    for form in ({"client_secret": "wrong"}, {"client_key": "nobody"}, {"client_secret": None}):
        answer = await play.exchange(await play.code(), **form)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_code_works_once_and_for_a_while(play):
    code = await play.code()
    assert (await play.exchange(code)).status_code == 200
    assert (await play.exchange(code)).json()["error"] == "invalid_grant"
    late = await play.code()
    await play.world.advance(601)
    assert (await play.exchange(late)).json()["error"] == "invalid_grant"


async def test_a_refresh_token_is_replaced_and_works_once(play):
    first = await play.tokens()
    second = (await play.refresh(first)).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert await lives(play, first)
    assert await lives(play, second)
    assert (await play.refresh(first)).json()["error"] == "invalid_grant"
    # Nothing is said of a family that would end with it.
    assert (await play.refresh(second)).status_code == 200


async def test_it_can_be_as_it_was_before(play):
    await play.act("policy", lifetimes="old", rotates=False, old_access="dies")
    first = await play.tokens()
    assert (first["expires_in"], first["refresh_expires_in"]) == (DAY, 365 * DAY)
    second = (await play.refresh(first)).json()
    assert second["refresh_token"] == first["refresh_token"]
    assert not await lives(play, first)


async def test_tokens_end_by_the_clock(play):
    tokens = await play.tokens()
    await play.world.advance(7200)
    assert not await lives(play, tokens)
    fresh = (await play.refresh(tokens)).json()
    await play.world.advance(180 * DAY)
    assert (await play.refresh(fresh)).json()["error"] == "invalid_grant"


async def test_a_person_may_grant_less(play):
    await play.act("sign_in", login=QUAIL, scopes=["user.info.basic"])
    tokens = await play.tokens(scope=ALL)
    assert tokens["scope"] == "user.info.basic"
    listed = await play.ask("/v2/video/list/?fields=id", tokens, json={})
    assert (listed.status_code, listed.json()["error"]["code"]) == (401, "scope_not_authorized")


async def test_an_app_may_be_approved_for_less(play):
    await play.act("register_client", key="k", secret="s", scopes=["user.info.basic"])
    said = {"client_key": "k", "client_secret": "s"}
    code = await play.code(client_key="k", scope="user.info.basic")
    other = (await play.exchange(code, **said)).json()
    assert (await play.authorize(client_key="k")).status_code == 400
    # Another app knows the same person by another id.
    assert other["open_id"] != (await play.tokens())["open_id"]


async def test_revoking_one_token_ends_all_that_was_granted(play):
    first, second = await play.tokens(), await play.tokens()
    assert (await play.revoke(first["access_token"])).json() == {}
    assert not await lives(play, second)
    assert (await play.refresh(second)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize("said", ["invalid_grant", "invalid_request", "ok"])
async def test_what_a_dead_token_is_answered_is_open(play, said):
    await play.act("policy", revoke_dead=said)
    tokens = await play.tokens()
    await play.world.advance(7200)
    answer = (await play.revoke(tokens["access_token"])).json()
    assert answer.get("error", "ok") == said
    wrong = await play.revoke(tokens["access_token"], client_secret="wrong")
    assert wrong.json()["error"] == "invalid_client"


async def test_a_person_may_take_it_back(play):
    tokens = await play.tokens()
    assert (await play.act("revoke", login=DUCK))["apps"] == 1
    assert not await lives(play, tokens)


async def test_a_deed_that_is_none_is_refused(play):
    for deed, details in (
        ("fly", {}),
        ("revoke", {"login": "nobody"}),
        ("policy", {"mood": "good"}),
        ("policy", {"lifetimes": "eternal"}),
        ("finish", {"publish_id": "none"}),
    ):
        with pytest.raises(Exception, match=r"deed|nobody|takes no|lifetimes|draft"):
            await play.act(deed, **details)


async def test_other_addresses_lead_nowhere(play):
    assert (await play.http.get("/www.tiktok.com/")).status_code == 404
    tokens = await play.tokens()
    assert (await play.ask("/v2/nothing/", tokens)).status_code == 404
