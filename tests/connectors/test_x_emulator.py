"""X, played: OAuth as X speaks it."""

import base64
import re

import httpx2
import pytest

from connector_vault.errors import BadArguments
from tests.connectors.x_play import (
    ASK,
    AUTHORIZE,
    CHALLENGE,
    HOME,
    TOKEN,
    VERIFIER,
    back,
    basic,
    challenge_of,
    playing,
)

TWO_HOURS = 7200
HALF_A_YEAR = 180 * 86_400
PUBLIC = {"client_id": "x-emulator-public"}
ME = "/2/users/me"


@pytest.fixture
async def play():
    async with playing() as play:
        yield play


def plain(token):
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()


class TestAuthorize:
    async def test_consent_goes_back_with_a_code_and_the_state(self, play):
        place, said = back(await play.authorize())
        assert (place, said["state"]) == (HOME, "s-1")
        assert plain(said["code"]).endswith(":1:1:ac:1")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"client_id": "nobody"},
            {"redirect_uri": "https://evil.example/callback"},
            {"redirect_uri": "http://127.0.0.1@evil.example/"},
            {"redirect_uri": "http://127.0.0.1/\r\nx: y"},
            {"redirect_uri": "http://127.0.0.1/\xe9"},
            {"redirect_uri": None},
            {"response_type": "token"},
            {"scope": "tweet.read world.domination"},
            {"scope": None},
            {"state": None},
            {"state": "s" * 501},
            {"code_challenge": None},
            {"code_challenge_method": "S512"},
        ],
    )
    async def test_what_is_wrong_is_told_on_a_page_and_nobody_is_sent_anywhere(self, play, wrong):
        reply = await play.authorize(**wrong)
        assert (reply.status_code, "location" in reply.headers) == (400, False)

    @pytest.mark.parametrize(
        ("address", "status"),
        [
            ("https://app.example/cb", 302),
            ("https://app.example/cb/", 400),
            ("https://app.example/cb?a=1", 400),
            ("http://127.0.0.1/callback", 400),
        ],
    )
    async def test_a_registered_address_fits_letter_by_letter(self, play, address, status):
        uris = ["https://app.example/cb"]
        await play.act("register_client", id="a", secret="s", redirect_uris=uris)
        reply = await play.authorize(client_id="a", redirect_uri=address)
        assert reply.status_code == status

    async def test_the_method_may_be_written_small(self, play):
        """As twitter-api-v2 for Node and social-core for Python do."""
        code = await play.code(code_challenge_method="s256")
        assert "access_token" in (await play.exchange(code)).json()
        assert (await play.exchange(await play.code(), code_verifier=CHALLENGE)).status_code == 400

    async def test_who_is_signed_in_consents(self, play):
        await play.act("sign_in", login="finch")
        reply = await play.ask(ME, await play.tokens())
        assert reply.json()["data"]["username"] == "finch"

    async def test_less_may_be_granted_than_was_asked_for(self, play):
        await play.act("sign_in", login="wren", scopes=["tweet.read", "users.read"])
        tokens = await play.tokens()
        assert (tokens["scope"], "refresh_token" in tokens) == ("tweet.read users.read", False)


class TestConsentPage:
    @pytest.fixture
    async def page(self):
        async with playing(consent="ask") as page:
            yield page

    async def decide(self, page, **fields):
        shown = (await page.authorize()).text
        hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown)
        return shown, await page.http.post(AUTHORIZE, data=dict(hidden) | fields)

    async def test_it_shows_who_asks_for_what(self, page):
        shown, _ = await self.decide(page, decision="cancel")
        for word in ("Emulated App", "tweet.write", "wren", "finch", "Authorize", "Cancel"):
            assert word in shown

    async def test_cancel_goes_back_with_an_error_and_the_state(self, page):
        _, reply = await self.decide(page, decision="cancel", login="wren")
        assert back(reply) == (HOME, {"error": "access_denied", "state": "s-1"})

    async def test_authorize_is_by_the_person_that_was_chosen(self, page):
        _, reply = await self.decide(page, decision="authorize", login="finch")
        tokens = (await page.exchange(back(reply)[1]["code"])).json()
        assert (await page.ask(ME, tokens)).json()["data"]["username"] == "finch"


class TestExchange:
    async def test_it_gives_tokens_for_two_hours(self, play):
        tokens = await play.tokens(scope="tweet.read users.read offline.access")
        assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", TWO_HOURS)
        assert tokens["scope"] == "tweet.read users.read offline.access"
        assert plain(tokens["access_token"]).endswith(":1:1:at:1")
        assert plain(tokens["refresh_token"]).endswith(":1:1:rt:1")

    async def test_json_will_do(self, play):
        """So twitter-api-v2 for Node sends it."""
        said = {"grant_type": "authorization_code", "code": await play.code()}
        said |= {"redirect_uri": HOME, "code_verifier": VERIFIER}
        reply = await play.http.post(TOKEN, json=said, headers=basic())
        assert (reply.status_code, reply.json()["token_type"]) == (200, "bearer")
        junk = await play.http.post(TOKEN, json=[said], headers=basic())
        assert (junk.status_code, junk.json()["error"]) == (400, "invalid_request")

    async def test_a_refresh_token_has_to_be_asked_for(self, play):
        tokens = await play.tokens(scope="tweet.read users.read")
        assert set(tokens) == {"token_type", "expires_in", "access_token", "scope"}

    async def test_a_code_is_good_once_and_for_thirty_seconds(self, play):
        used, old = await play.code(), await play.code()
        assert "access_token" in (await play.exchange(used)).json()
        await play.world.advance(31)
        for code in (used, old, "junk"):
            reply = await play.exchange(code)
            assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")
            assert "authorization code was invalid" in reply.json()["error_description"]

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"redirect_uri": HOME + "/else"}, "redirect uri did not match the uri of the"),
            ({"code_verifier": "w" * 43}, "code verifier did not match the code challenge."),
        ],
    )
    async def test_what_does_not_match_is_named_in_xs_words(self, play, wrong, words):
        reply = await play.exchange(await play.code(), **wrong)
        assert reply.json()["error_description"].startswith(f"Value passed for the {words}")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"redirect_uri": HOME + "/else"},
            {"code_verifier": "w" * 43},
            {"code_verifier": CHALLENGE},
            {"code_verifier": None},
            {"redirect_uri": None},
            {"grant_type": "password"},
        ],
    )
    async def test_what_does_not_fit_is_an_invalid_request(self, play, wrong):
        reply = await play.exchange(await play.code(), **wrong)
        assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")
        assert "token was invalid" not in reply.json()["error_description"]

    async def test_the_proof_of_rfc_7636_is_taken(self, play):
        """The verifier and the challenge are those of its appendix B."""
        assert challenge_of(VERIFIER) == CHALLENGE
        assert "access_token" in await play.tokens()

    async def test_a_plain_proof_is_taken_too(self, play):
        code = await play.code(code_challenge=VERIFIER, code_challenge_method="plain")
        assert "access_token" in (await play.exchange(code)).json()

    @pytest.mark.parametrize(
        ("headers", "form", "error"),
        [
            (basic(secret="guess"), {}, "unauthorized_client"),
            (basic(name="nobody"), {}, "unauthorized_client"),
            ({"authorization": "Basic !"}, {}, "unauthorized_client"),
            ({}, {"client_id": "x-emulator"}, "unauthorized_client"),
            ({}, {"client_id": "nobody"}, "invalid_client"),
            ({}, {}, "unauthorized_client"),
        ],
    )
    async def test_a_client_that_is_not_known_is_not_authorized(self, play, headers, form, error):
        reply = await play.exchange(await play.code(), headers=headers, **form)
        assert (reply.status_code, reply.json()["error"]) == (401, error)

    async def test_a_public_client_is_known_by_its_id(self, play):
        reply = await play.exchange(await play.code(**PUBLIC), headers={}, **PUBLIC)
        again = await play.refresh(reply.json(), headers={"x-none": "1"}, **PUBLIC)
        assert "access_token" in again.json()

    async def test_a_code_of_another_client_is_refused_and_not_spent(self, play):
        code = await play.code()
        assert (await play.exchange(code, headers={}, **PUBLIC)).status_code == 400
        assert (await play.exchange(code)).status_code == 200


class TestRefresh:
    async def test_it_gives_two_new_tokens_and_spends_the_old_one(self, play):
        old = await play.tokens()
        new = (await play.refresh(old)).json()
        assert {old["access_token"], old["refresh_token"]}.isdisjoint(new.values())
        reply = await play.refresh(old)
        assert (reply.status_code, reply.json()["error"]) == (400, "invalid_request")
        assert "token was invalid" in reply.json()["error_description"]

    async def test_a_spent_token_comes_again_and_its_family_dies(self, play):
        old = await play.tokens()
        new = (await play.refresh(old)).json()
        await play.refresh(old)
        assert (await play.ask(ME, new)).status_code == 401
        assert (await play.refresh(new)).status_code == 400

    async def test_the_family_lives_on_if_the_policy_is_plain(self, play):
        await play.act("policy", reuse="plain")
        old = await play.tokens()
        new = (await play.refresh(old)).json()
        assert (await play.refresh(old)).status_code == 400
        assert (await play.refresh(new)).status_code == 200

    async def test_other_families_of_the_person_live_on(self, play):
        old, other = await play.tokens(), await play.tokens()
        await play.refresh(old)
        await play.refresh(old)
        assert (await play.ask(ME, other)).status_code == 200

    @pytest.mark.parametrize(("policy", "status"), [("lives", 200), ("dies", 401)])
    async def test_the_old_access_token_lives_or_dies(self, play, policy, status):
        await play.act("policy", old_access=policy)
        old = await play.tokens()
        await play.refresh(old)
        assert (await play.ask(ME, old)).status_code == status

    async def test_a_dead_token_may_be_an_invalid_grant(self, play):
        await play.act("policy", dead="invalid_grant")
        reply = await play.refresh({"refresh_token": "junk"})
        assert (reply.status_code, reply.json()["error"]) == (400, "invalid_grant")

    async def test_an_expired_access_token_is_refreshed(self, play):
        old = await play.tokens()
        await play.world.advance(TWO_HOURS + 1)
        assert (await play.ask(ME, old)).status_code == 401
        assert (await play.refresh(old)).status_code == 200

    async def test_a_refresh_token_expires_too(self, play):
        old = await play.tokens()
        await play.world.advance(HALF_A_YEAR + 1)
        assert (await play.refresh(old)).status_code == 400

    async def test_a_lost_reply_has_spent_the_token(self, play):
        old = await play.tokens()
        await play.world.fault(kind="drop", path="/2/oauth2/token")
        with pytest.raises(httpx2.RemoteProtocolError):
            await play.refresh(old)
        assert (await play.refresh(old)).status_code == 400


class TestHosts:
    async def test_the_old_names_are_the_same_machines(self, play):
        code = back(await play.http.get(AUTHORIZE.replace("x.com", "twitter.com"), params=ASK))[1]
        address = TOKEN.replace("x.com", "twitter.com")
        form = {"grant_type": "authorization_code", "redirect_uri": HOME, **code}
        form["code_verifier"] = VERIFIER
        said = await play.http.post(address, data=form, headers=basic())
        assert (await play.ask(ME, said.json())).status_code == 200

    async def test_elsewhere_at_x_there_is_nothing(self, play):
        assert (await play.http.get("/x.com/home")).status_code == 404

    @pytest.mark.parametrize(
        ("deed", "details"),
        [
            ("revoke", {"login": "nobody"}),
            ("policy", {"reuse": "perhaps"}),
            ("policy", {"mood": "good"}),
            ("register_client", {"id": "a", "redirect_uris": []}),
            ("medium", {"media_id": "1"}),
            ("dance", {}),
        ],
    )
    async def test_a_deed_with_wrong_details_is_refused(self, play, deed, details):
        with pytest.raises(BadArguments):
            await play.act(deed, **details)
