"""Notion, played: OAuth as Notion speaks it, and what it leaves open either way."""

import re

import pytest

from connector_vault.errors import BadArguments
from tests.connectors.played_notion import ADA, ASK, HOME, HUSH, ID, VERSION, back, playing

AUTHORIZE = "/api.notion.com/v1/oauth/authorize"


@pytest.fixture
async def notion():
    async with playing() as notion:
        yield notion


async def works(notion, tokens):
    return (await notion.ask("GET", "/v1/users/me", tokens)).status_code == 200


class TestAuthorize:
    async def test_consent_goes_back_with_a_code_and_the_state(self, notion):
        place, said = await notion.authorize()
        assert (place, said["state"], set(said)) == (HOME, "s-1", {"code", "state"})

    @pytest.mark.parametrize(
        "wrong",
        [
            {"client_id": "nobody"},
            {"owner": None},
            {"owner": "workspace"},
            {"response_type": "token"},
            {"redirect_uri": "https://evil.example/callback"},
            {"redirect_uri": "http://127.0.0.1@evil.example/"},
            {"redirect_uri": "https://[/"},
        ],
    )
    async def test_what_is_not_registered_is_sent_nowhere(self, notion, wrong):
        asked = {name: said for name, said in (ASK | wrong).items() if said}
        reply = await notion.http.get(AUTHORIZE, params=asked)
        assert (reply.status_code, reply.headers.get("location")) == (400, None)

    async def test_the_page_shows_who_asks_for_what_and_takes_an_answer(self):
        async with playing(consent="ask") as notion:
            shown = (await notion.http.get(AUTHORIZE, params=ASK)).text
            hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', shown))
            no = await notion.http.post(AUTHORIZE, data=hidden | {"decision": "cancel"})
            chosen = {"decision": "authorize", "login": "linus"}
            yes = await notion.http.post(AUTHORIZE, data=hidden | chosen)
            said = (await notion.exchange(code=back(yes)[1]["code"])).json()
        for word in ("Emulated App", "read_content", "ada", "linus"):
            assert word in shown
        assert back(no) == (HOME, {"error": "access_denied", "state": "s-1"})
        assert said["workspace_name"] == "Linus at home"


class TestExchange:
    async def test_tokens_come_with_whom_they_are_for_and_without_an_end(self, notion):
        said = await notion.tokens()
        assert re.fullmatch(r"ntn_\w{46}", said["access_token"])
        assert re.fullmatch(r"nrt_\w{46}", said["refresh_token"])
        assert (said["token_type"], said["workspace_name"]) == ("bearer", "Acme")
        assert said["owner"]["user"]["id"] == ADA
        assert "expires_in" not in said

    async def test_a_code_is_good_once_and_for_ten_minutes(self, notion):
        _, used = await notion.authorize()
        _, old = await notion.authorize()
        assert (await notion.exchange(code=used["code"])).status_code == 200
        await notion.world.advance(601)
        for code in (used["code"], old["code"], "junk", ""):
            reply = await notion.exchange(code=code)
            assert (reply.status_code, reply.json()["code"]) == (400, "invalid_grant")

    @pytest.mark.parametrize(
        ("wrong", "error"),
        [
            ({"redirect_uri": HOME + "/else"}, "invalid_grant"),
            ({"grant_type": "password"}, "unsupported_grant_type"),
            ({"grant_type": "refresh_token"}, "invalid_request"),
            ({"refresh_token": "nrt_x"}, "invalid_request"),
            ({"scope": "x"}, "validation_error"),
        ],
    )
    async def test_a_wrong_field_is_an_error(self, notion, wrong, error):
        _, said = await notion.authorize()
        reply = await notion.exchange(**{"code": said["code"], **wrong})
        assert (reply.status_code, reply.json()["code"]) == (400, error)

    async def test_an_address_that_was_not_named_may_not_be_named_later(self, notion):
        _, said = await notion.authorize(redirect_uri=None)
        named = await notion.exchange(code=said["code"])
        _, said = await notion.authorize(redirect_uri=None)
        body = {"grant_type": "authorization_code", "code": said["code"]}
        assert named.json()["code"] == "invalid_grant"
        assert (await notion.oauth("token", body)).status_code == 200

    @pytest.mark.parametrize("what", ["token", "introspect", "revoke"])
    @pytest.mark.parametrize("client", [(ID, "guess"), ("nobody", HUSH), ("", "")])
    async def test_only_a_known_client_is_answered(self, notion, what, client):
        reply = await notion.oauth(what, {"token": "x"}, client)
        assert (reply.status_code, reply.json()["code"]) == (401, "invalid_client")

    async def test_a_form_and_a_request_without_a_version_are_refused(self, notion):
        _, said = await notion.authorize()
        body = {"grant_type": "authorization_code", "code": said["code"]}
        unversioned = await notion.oauth("token", body, headers={})
        form = {"content-type": "application/x-www-form-urlencoded"}
        formed = await notion.oauth("token", body, headers=VERSION | form)
        assert unversioned.json()["code"] == "missing_version"
        assert formed.json()["code"] == "validation_error"

    @pytest.mark.parametrize(
        ("version", "status"), [("2022-06-28", 200), ("2021-05-13", 200), ("2020-01-01", 400)]
    )
    async def test_tokens_are_given_in_any_version_there_was(self, notion, version, status):
        """Logins are older than data sources: many clients still send 2022-06-28."""
        _, said = await notion.authorize()
        body = {"grant_type": "authorization_code", "code": said["code"], "redirect_uri": HOME}
        reply = await notion.oauth("token", body, headers={"notion-version": version})
        assert reply.status_code == status

    async def test_errors_may_have_the_guides_name(self, notion):
        await notion.act("policy", errors="error")
        reply = await notion.exchange(code="junk")
        assert (reply.status_code, reply.json()["error"]) == (400, "invalid_grant")
        assert "code" not in reply.json()

    async def test_the_bot_stays_until_the_person_removes_it(self, notion):
        first, second = await notion.tokens(), await notion.tokens()
        await notion.act("revoke", login="ada")
        third = await notion.tokens()
        assert first["bot_id"] == second["bot_id"] != third["bot_id"]

    @pytest.mark.parametrize(("policy", "left"), [("kill", False), ("keep", True)])
    async def test_agreeing_again_may_end_the_refresh_token_before(self, notion, policy, left):
        await notion.act("policy", reauthorize=policy)
        first = await notion.tokens()
        await notion.tokens()
        assert await works(notion, first)
        assert ("access_token" in await notion.refresh(first)) == left


class TestRefresh:
    async def test_a_refresh_gives_two_new_tokens(self, notion):
        first = await notion.tokens()
        second = await notion.refresh(first)
        assert second["access_token"] != first["access_token"]
        assert second["refresh_token"] != first["refresh_token"]
        assert await works(notion, second)

    @pytest.mark.parametrize(("policy", "left"), [("end", False), ("keep", True)])
    async def test_the_access_token_before_ends_or_stays(self, notion, policy, left):
        await notion.act("policy", refreshed=policy)
        first = await notion.tokens()
        await notion.refresh(first)
        assert await works(notion, first) == left

    @pytest.mark.parametrize(("policy", "left"), [("kill", False), ("plain", True)])
    async def test_a_spent_token_fails_and_may_end_its_family(self, notion, policy, left):
        await notion.act("policy", reuse=policy)
        first = await notion.tokens()
        second = await notion.refresh(first)
        assert (await notion.refresh(first))["code"] == "invalid_grant"
        assert await works(notion, second) == left
        assert ("access_token" in await notion.refresh(second)) == left

    async def test_a_spent_token_may_have_a_grace(self, notion):
        await notion.act("policy", reuse="grace")
        first = await notion.tokens()
        await notion.refresh(first)
        assert "access_token" in await notion.refresh(first)
        await notion.world.advance(61)
        assert (await notion.refresh(first))["code"] == "invalid_grant"

    async def test_an_access_token_may_end_without_saying_so(self, notion):
        await notion.act("policy", life=3600)
        first = await notion.tokens()
        await notion.world.advance(3600)
        assert not await works(notion, first)
        assert await works(notion, await notion.refresh(first))

    async def test_another_clients_token_is_no_good(self, notion):
        await notion.act("register_client", id="x", secret="y", redirect_uris=[HOME])
        first = await notion.tokens()
        body = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
        foreign = await notion.oauth("token", body, ("x", "y"))
        asked = await notion.oauth("introspect", {"token": first["access_token"]}, ("x", "y"))
        assert foreign.json()["code"] == "invalid_grant"
        assert asked.json()["active"] is False
        assert "access_token" in await notion.refresh(first)


class TestEnding:
    @pytest.mark.parametrize(
        ("policy", "left"), [("token", True), ("access", True), ("pair", False), ("grant", False)]
    )
    async def test_revoking_one_token_may_end_the_other(self, notion, policy, left):
        await notion.act("policy", revoke=policy)
        tokens = await notion.tokens()
        reply = await notion.oauth("revoke", {"token": tokens["access_token"]})
        assert (reply.status_code, set(reply.json())) == (200, {"request_id"})
        assert not await notion.lives(tokens["access_token"])
        assert await notion.lives(tokens["refresh_token"]) == left

    async def test_a_refresh_token_may_be_none_to_revoke(self, notion):
        await notion.act("policy", revoke="access")
        tokens = await notion.tokens()
        reply = await notion.oauth("revoke", {"token": tokens["refresh_token"]})
        assert reply.status_code == 400
        assert await notion.lives(tokens["refresh_token"])

    @pytest.mark.parametrize("code", ["invalid_grant", "invalid_request"])
    async def test_a_dead_token_is_a_400(self, notion, code):
        await notion.act("policy", dead=code)
        reply = await notion.oauth("revoke", {"token": "ntn_unknown"})
        assert (reply.status_code, reply.json()["code"]) == (400, code)

    async def test_a_person_removes_an_app_and_no_webhook_tells(self, notion):
        tokens = await notion.tokens()
        said = await notion.act("revoke", login="ada", client_id=ID)
        assert said == {"tokens": 1, "webhook": None}
        assert not await works(notion, tokens)
        assert not await notion.lives(tokens["refresh_token"])
        assert (await notion.refresh(tokens))["code"] == "invalid_grant"

    @pytest.mark.parametrize(
        ("deed", "details"),
        [
            ("revoke", {}),
            ("revoke", {"login": "nobody"}),
            ("policy", {"reuse": "maybe"}),
            ("policy", {"what": 1}),
            ("capabilities", {"capabilities": ["fly"]}),
            ("dance", {}),
        ],
    )
    async def test_a_deed_with_wrong_details_is_refused(self, notion, deed, details):
        with pytest.raises(BadArguments):
            await notion.act(deed, **details)
