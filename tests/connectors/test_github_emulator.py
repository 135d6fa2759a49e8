"""GitHub, played: OAuth as GitHub speaks it."""

import re
from urllib.parse import parse_qsl

import httpx2
import pytest

from connector_vault.errors import BadArguments
from tests.emulated import (
    APP,
    ASK,
    AUTHORIZE,
    CHALLENGE,
    HOME,
    PKCE,
    TOKEN,
    VERIFIER,
    back,
    playing,
)

EIGHT_HOURS = 28_800
HALF_A_YEAR = 15_897_600
YEAR = 365 * 86_400


@pytest.fixture
async def github():
    async with playing() as github:
        yield github


class TestAuthorize:
    async def test_consent_goes_back_with_a_code_and_the_state(self, github):
        place, said = await github.authorize()
        assert (place, said["state"]) == (HOME, "s-1")
        assert said["iss"] == "https://github.com/login/oauth"
        assert re.fullmatch("[0-9a-f]{20}", said["code"])

    async def test_an_unknown_client_is_a_page_that_does_not_exist(self, github):
        query = {"client_id": "nobody", "redirect_uri": HOME}
        reply = await github.http.get(AUTHORIZE, params=query)
        assert reply.status_code == 404

    @pytest.mark.parametrize(
        "address",
        ["https://evil.example/callback", "https://127.0.0.1/x", "http://127.0.0.1@evil.example/"],
    )
    async def test_a_foreign_address_is_never_redirected_to(self, github, address):
        place, said = await github.authorize(redirect_uri=address)
        assert (place, said["error"]) == ("http://127.0.0.1/callback", "redirect_uri_mismatch")

    @pytest.mark.parametrize(
        ("address", "fits"),
        [
            ("https://app.example/cb", True),
            ("https://app.example/cb/below", True),
            ("https://app.example/cbx", False),
            ("https://app.example:444/cb", False),
            ("https://sub.app.example/cb", False),
            ("http://app.example/cb", False),
            ("https://[/cb", False),
        ],
    )
    async def test_a_registered_address_fits_at_and_below_itself(self, github, address, fits):
        uris = ["https://app.example/cb"]
        await github.world.act("github", "register_client", id="x", secret="y", redirect_uris=uris)
        place, said = await github.authorize(client_id="x", redirect_uri=address)
        assert ("code" in said, place) == (fits, address if fits else uris[0])

    async def test_an_unknown_scope_is_refused(self, github):
        _, said = await github.authorize(scope="repo world")
        assert said["error"] == "invalid_scope"

    @pytest.mark.parametrize(
        "proof",
        [
            {"code_challenge": CHALLENGE, "code_challenge_method": "plain"},
            {"code_challenge": CHALLENGE},
            {"code_challenge": CHALLENGE[:42], "code_challenge_method": "S256"},
        ],
    )
    async def test_a_challenge_is_s256_and_43_characters(self, github, proof):
        _, said = await github.authorize(**proof)
        assert said["error"] == "invalid_request"

    async def test_who_is_signed_in_consents(self, github):
        await github.world.act("github", "sign_in", login="hubot")
        reply = await github.ask("/user", await github.tokens())
        assert reply.json()["login"] == "hubot"


class TestConsentPage:
    @pytest.fixture
    async def page(self):
        async with playing(consent="ask") as github:
            yield github

    async def decide(self, page, **fields):
        query = ASK | {"scope": "repo"}
        shown = (await page.http.get(AUTHORIZE, params=query)).text
        hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown)
        return shown, await page.http.post(AUTHORIZE, data=dict(hidden) | fields)

    async def test_it_shows_who_asks_for_what(self, page):
        shown, _ = await self.decide(page, decision="cancel")
        for word in ("Emulated App", "repo", "octocat", "hubot", "Authorize", "Cancel"):
            assert word in shown

    async def test_cancel_goes_back_with_an_error_and_the_state(self, page):
        _, reply = await self.decide(page, decision="cancel", login="octocat")
        place, said = back(reply)
        assert (place, said["error"], said["state"]) == (HOME, "access_denied", "s-1")
        assert said["error_description"]

    async def test_authorize_is_by_the_person_that_was_chosen(self, page):
        _, reply = await self.decide(page, decision="authorize", login="hubot")
        tokens = (await page.exchange(code=back(reply)[1]["code"])).json()
        assert (await page.ask("/user", tokens)).json()["login"] == "hubot"


class TestExchange:
    async def test_tokens_are_form_encoded_unless_json_is_accepted(self, github):
        _, said = await github.authorize(scope="gist repo")
        reply = await github.exchange(accept="*/*", code=said["code"])
        assert reply.headers["content-type"].startswith("application/x-www-form-urlencoded")
        assert dict(parse_qsl(reply.text))["scope"] == "gist,repo"

    async def test_parameters_may_be_in_the_query_or_in_json(self, github):
        for how in ("params", "json"):
            _, said = await github.authorize()
            reply = await github.http.post(TOKEN, **{how: APP | {"code": said["code"]}})
            assert b"access_token=gho_" in reply.content

    async def test_a_scope_that_another_includes_is_left_out(self, github):
        tokens = await github.tokens(scope="user user:email public_repo repo read:org")
        assert tokens["scope"] == "read:org,repo,user"

    async def test_a_token_does_not_expire_unless_that_was_asked_for(self, github):
        tokens = await github.tokens(scope="repo")
        assert set(tokens) == {"access_token", "scope", "token_type"}
        await github.world.advance(30 * 86_400)
        assert (await github.ask("/user", tokens)).status_code == 200

    async def test_offline_access_expires_refreshes_and_is_not_echoed(self, github):
        tokens = await github.tokens(scope="repo offline_access")
        assert (tokens["expires_in"], tokens["refresh_token_expires_in"]) == (
            EIGHT_HOURS,
            HALF_A_YEAR,
        )
        assert (tokens["scope"], tokens["token_type"]) == ("repo", "bearer")
        assert re.fullmatch(r"gho_\w{36}", tokens["access_token"])
        assert re.fullmatch(r"ghr_\w{36,}", tokens["refresh_token"])

    async def test_no_scope_means_what_was_agreed_to_before(self, github):
        await github.tokens(scope="repo")
        assert (await github.tokens())["scope"] == "repo"

    async def test_a_code_is_good_once_and_for_ten_minutes(self, github):
        _, used = await github.authorize()
        _, old = await github.authorize()
        assert "access_token" in (await github.exchange(code=used["code"])).json()
        await github.world.advance(601)
        for code in (used["code"], old["code"], "junk", ""):
            reply = await github.exchange(code=code)
            assert (reply.status_code, reply.json()["error"]) == (200, "bad_verification_code")

    @pytest.mark.parametrize(
        ("wrong", "error"),
        [
            ({"client_secret": "guess"}, "incorrect_client_credentials"),
            ({"redirect_uri": HOME + "/else"}, "redirect_uri_mismatch"),
            ({"grant_type": "password"}, "unsupported_grant_type"),
            ({"code_verifier": "w" * 64}, "bad_verification_code"),
            ({"code_verifier": ""}, "bad_verification_code"),
        ],
    )
    async def test_errors_have_status_200(self, github, wrong, error):
        _, said = await github.authorize(**PKCE)
        form = {"code": said["code"], "code_verifier": VERIFIER} | wrong
        reply = await github.exchange(**form)
        assert reply.status_code == 200
        assert set(reply.json()) == {"error", "error_description", "error_uri"}
        assert reply.json()["error"] == error

    async def test_the_verifier_of_the_challenge_is_accepted(self, github):
        _, said = await github.authorize(**PKCE)
        reply = await github.exchange(code=said["code"], code_verifier=VERIFIER)
        assert "access_token" in reply.json()

    async def test_an_unknown_client_is_not_found(self, github):
        assert (await github.exchange(client_id="nobody")).status_code == 404

    async def test_a_code_of_another_client_is_refused_and_not_spent(self, github):
        uris = [HOME]
        await github.world.act("github", "register_client", id="x", secret="y", redirect_uris=uris)
        _, said = await github.authorize()
        foreign = await github.exchange(code=said["code"], client_id="x", client_secret="y")
        assert foreign.json()["error"] == "bad_verification_code"
        assert "access_token" in (await github.exchange(code=said["code"])).json()

    async def test_the_eleventh_token_revokes_the_first(self, github):
        kept = [await github.tokens(scope="repo") for _ in range(11)]
        statuses = [(await github.ask("/user", tokens)).status_code for tokens in kept]
        assert statuses == [401] + [200] * 10


class TestRefresh:
    async def test_it_ends_both_old_tokens_at_once(self, github):
        old = await github.tokens(scope="repo offline_access")
        new = await github.refresh(old)
        assert (new["scope"], new["expires_in"]) == ("repo", EIGHT_HOURS)
        assert (await github.ask("/user", old)).status_code == 401
        assert (await github.ask("/user", new)).status_code == 200

    async def test_a_spent_token_comes_again_and_its_family_dies(self, github):
        old = await github.tokens(scope="offline_access")
        new = await github.refresh(old)
        assert (await github.refresh(old))["error"] == "bad_refresh_token"
        assert (await github.ask("/user", new)).status_code == 401
        assert (await github.refresh(new))["error"] == "bad_refresh_token"

    async def test_the_family_lives_on_if_the_policy_is_plain(self, github):
        await github.world.act("github", "policy", reuse="plain")
        old = await github.tokens(scope="offline_access")
        new = await github.refresh(old)
        assert (await github.refresh(old))["error"] == "bad_refresh_token"
        assert "access_token" in await github.refresh(new)

    async def test_an_expired_access_token_is_refreshed(self, github):
        old = await github.tokens(scope="offline_access")
        await github.world.advance(EIGHT_HOURS + 1)
        assert (await github.ask("/user", old)).status_code == 401
        assert "access_token" in await github.refresh(old)

    async def test_a_refresh_token_expires_too(self, github):
        old = await github.tokens(scope="offline_access")
        await github.world.advance(HALF_A_YEAR + 1)
        assert (await github.refresh(old))["error"] == "bad_refresh_token"

    async def test_scopes_cannot_be_changed(self, github):
        old = await github.tokens(scope="offline_access")
        assert (await github.refresh(old, scope="repo"))["error"] == "invalid_request"

    async def test_a_lost_reply_has_spent_the_token(self, github):
        old = await github.tokens(scope="offline_access")
        await github.world.fault(kind="drop", path="/login/oauth/access_token")
        with pytest.raises(httpx2.RemoteProtocolError):
            await github.refresh(old)
        assert (await github.refresh(old))["error"] == "bad_refresh_token"


class TestUnused:
    async def test_a_token_that_nobody_uses_for_a_year_is_revoked(self, github):
        tokens = await github.tokens()
        await github.world.advance(YEAR - 60)
        assert (await github.ask("/user", tokens)).status_code == 200
        await github.world.advance(YEAR - 60)
        assert (await github.ask("/user", tokens)).status_code == 200
        await github.world.advance(YEAR)
        reply = await github.ask("/user", tokens)
        assert (reply.status_code, reply.json()["message"]) == (401, "Bad credentials")


class TestRevoke:
    async def test_a_person_withdraws_what_they_granted(self, github):
        tokens = await github.tokens(scope="offline_access")
        done = await github.world.act("github", "revoke", login="octocat")
        assert done == {"tokens": 1, "deliveries": []}
        reply = await github.ask("/user", tokens)
        assert (reply.status_code, reply.json()["message"]) == (401, "Bad credentials")
        assert (await github.refresh(tokens))["error"] == "bad_refresh_token"

    async def test_a_grant_that_was_withdrawn_is_not_remembered(self, github):
        await github.tokens(scope="repo")
        await github.world.act("github", "revoke", login="octocat", client_id="Iv1.emulator")
        assert (await github.tokens())["scope"] == ""

    @pytest.mark.parametrize("details", [{}, {"login": "nobody"}, {"login": 1}, {"who": "x"}])
    async def test_a_deed_with_wrong_details_is_refused(self, github, details):
        with pytest.raises(BadArguments):
            await github.world.act("github", "revoke", **details)
