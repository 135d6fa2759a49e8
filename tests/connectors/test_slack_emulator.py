"""Slack, played: OAuth as Slack speaks it, rotation, and the end of tokens."""

import pytest

from connector_vault.errors import BadArguments
from tests.connectors.slack import API, AUTHORIZE, BOT, CLIENT, HOME, back, basic, hidden, playing

HALF_A_DAY = 43_200
ACCESS = f"{API}/oauth.v2.access"
TWO = basic("two", "y")
PROOF = {"code_challenge": "x" * 43, "code_challenge_method": "S256"}


@pytest.fixture
async def slack():
    async with playing() as slack:
        yield slack


@pytest.fixture
async def rotating(slack):
    await slack.act("policy", rotation=True)
    return slack


async def code_of(slack, method, token, **args):
    return (await slack.post(method, token, **args)).json().get("error", "ok")


class TestAuthorize:
    async def test_consent_goes_back_with_a_code_and_the_state(self, slack):
        place, said = await slack.authorize()
        assert (place, said["state"], said.keys()) == (HOME, "s-1", {"code", "state"})

    @pytest.mark.parametrize(
        ("query", "told"),
        [
            ({"client_id": "nobody"}, "invalid_client_id"),
            ({"redirect_uri": "https://evil.example/callback"}, "bad_redirect_uri"),
            ({"redirect_uri": "http://127.0.0.1@evil.example/"}, "bad_redirect_uri"),
            ({"redirect_uri": "https://[/"}, "bad_redirect_uri"),
            *(({"redirect_uri": f"{HOME}/{odd}"}, "bad_redirect_uri") for odd in ("\r\n", "\xe9")),
            ({"scope": "search:read"}, "invalid_scope"),
            ({"scope": "", "user_scope": "commands"}, "invalid_scope"),
            ({"scope": ""}, "no_scopes"),
            (PROOF, "pkce_not_allowed"),
        ],
    )
    async def test_what_cannot_be_asked_is_shown_and_never_redirected(self, slack, query, told):
        asked = {"client_id": CLIENT.id, "redirect_uri": HOME, "state": "s", "scope": BOT}
        reply = await slack.http.get(AUTHORIZE, params={**asked, **query})
        assert reply.status_code == 200
        assert told in reply.text

    @pytest.mark.parametrize(
        ("address", "fits"),
        [
            ("https://app.example/cb", True),
            ("https://app.example/cb/below", True),
            ("https://app.example/cbx", False),
            ("https://app.example:444/cb", False),
            ("http://app.example/cb", False),
        ],
    )
    async def test_a_registered_address_fits_at_and_below_itself(self, slack, address, fits):
        uris = ["https://app.example/cb"]
        await slack.act("register_client", id="x", secret="y", redirect_uris=uris)
        asked = {"client_id": "x", "redirect_uri": address, "state": "s", "scope": BOT}
        reply = await slack.http.get(AUTHORIZE, params=asked)
        assert (reply.status_code == 302) == fits


class TestConsentPage:
    @pytest.fixture
    async def page(self):
        async with playing(consent="ask") as slack:
            yield slack

    async def decide(self, page, **fields):
        asked = {"client_id": CLIENT.id, "redirect_uri": HOME, "state": "s-1"}
        scopes = {"scope": "chat:write", "user_scope": "search:read"}
        shown = (await page.http.get(AUTHORIZE, params=asked | scopes)).text
        return shown, await page.http.post(AUTHORIZE, data=hidden(shown) | fields)

    async def test_it_shows_who_asks_for_what(self, page):
        shown, _ = await self.decide(page, decision="cancel")
        for word in ("Emulated App", "chat:write", "as you: search:read", "ada", "grace"):
            assert word in shown

    async def test_cancel_goes_back_with_an_error_and_the_state(self, page):
        _, reply = await self.decide(page, decision="cancel", login="ada")
        assert back(reply) == (HOME, {"error": "access_denied", "state": "s-1"})

    async def test_authorize_is_by_the_person_that_was_chosen(self, page):
        _, reply = await self.decide(page, decision="authorize", login="hank")
        answer = (await page.exchange(code=back(reply)[1]["code"])).json()
        assert (answer["team"]["id"], answer["authed_user"]["id"]) == ("T0GLOBEX", "U0HANK")


class TestExchange:
    async def test_one_answer_holds_both_token_sets(self, slack):
        answer = await slack.tokens()
        assert answer["ok"] is True
        assert (answer["token_type"], answer["authed_user"]["token_type"]) == ("bot", "user")
        assert answer["access_token"].startswith("xoxb-")
        assert answer["authed_user"]["access_token"].startswith("xoxp-")
        assert "expires_in" not in answer

    async def test_a_bot_alone_and_a_person_alone(self, slack):
        bot = await slack.tokens(scope="chat:write")
        assert bot["authed_user"] == {"id": "U0ADA"}
        person = await slack.tokens(user_scope="search:read")
        assert "access_token" not in person
        assert person["authed_user"]["scope"] == "search:read"

    async def test_a_code_is_good_once_for_ten_minutes(self, slack):
        _, first = await slack.authorize()
        _, second = await slack.authorize()
        answers = [(await slack.exchange(code=first["code"])).json() for _ in range(2)]
        await slack.world.advance(601)
        late = (await slack.exchange(code=second["code"])).json()
        assert [one.get("error") for one in (*answers, late)] == [None, *["invalid_code"] * 2]

    @pytest.mark.parametrize(
        ("form", "error"),
        [
            ({"redirect_uri": HOME + "/other"}, "bad_redirect_uri"),
            ({"code_verifier": "v" * 43}, "pkce_not_allowed"),
            ({"grant_type": "password"}, "invalid_grant_type"),
            ({"code": "x"}, "invalid_code"),
            ({"secret": "wrong"}, "bad_client_secret"),
        ],
    )
    async def test_what_is_wrong_is_named_with_200(self, slack, form, error):
        _, said = await slack.authorize()
        reply = await slack.exchange(**{"code": said["code"], **form})
        assert (reply.status_code, reply.json()) == (200, {"ok": False, "error": error})

    async def test_an_app_with_two_addresses_has_to_say_which_one_again(self, slack):
        uris = ["https://a.example/1", "https://a.example/2"]
        await slack.act("register_client", id="two", secret="y", redirect_uris=uris)
        for query, error in (({}, None), ({"redirect_uri": uris[1]}, "bad_redirect_uri")):
            asked = {"client_id": "two", "state": "s", "scope": BOT} | query
            _, said = back(await slack.http.get(AUTHORIZE, params=asked))
            reply = await slack.http.post(ACCESS, data={"code": said["code"]}, headers=TWO)
            assert reply.json().get("error") == error

    async def test_the_client_may_be_named_in_the_body(self, slack):
        _, said = await slack.authorize()
        form = {"client_id": CLIENT.id, "client_secret": "emulator-secret", "code": said["code"]}
        for name, ok in (("nobody", False), (CLIENT.id, True)):
            reply = await slack.http.post(ACCESS, data={**form, "client_id": name})
            assert reply.json()["ok"] is ok

    async def test_without_rotation_another_consent_gives_the_same_token_and_more_scopes(
        self, slack
    ):
        first = await slack.tokens(scope="chat:write")
        second = await slack.tokens(scope="users:read")
        assert first["access_token"] == second["access_token"]
        assert second["scope"] == "chat:write,users:read"


class TestRotation:
    async def test_tokens_live_for_half_a_day(self, rotating):
        answer = await rotating.tokens()
        assert answer["access_token"].startswith("xoxe.xoxb-1-")
        assert answer["authed_user"]["access_token"].startswith("xoxe.xoxp-1-")
        assert answer["refresh_token"].startswith("xoxe-1-")
        assert answer["expires_in"] == HALF_A_DAY
        whose = (await rotating.post("auth.test", answer["access_token"])).json()
        assert HALF_A_DAY - 60 < whose["expires_in"] <= HALF_A_DAY
        await rotating.world.advance(HALF_A_DAY)
        assert await code_of(rotating, "auth.test", answer["access_token"]) == "token_expired"

    async def test_a_refresh_leaves_the_access_token_and_a_third_ends_the_first(self, rotating):
        first = await rotating.tokens(scope=BOT)
        second = await rotating.refresh(first["refresh_token"])
        assert await code_of(rotating, "auth.test", first["access_token"]) == "ok"
        third = await rotating.refresh(second["refresh_token"])
        said = [
            await code_of(rotating, "auth.test", one["access_token"])
            for one in (first, second, third)
        ]
        assert said == ["token_revoked", "ok", "ok"]

    async def test_a_spent_refresh_token_works_for_its_grace(self, rotating):
        first = await rotating.tokens(scope=BOT)
        assert (await rotating.refresh(first["refresh_token"]))["ok"]
        await rotating.world.advance(50)
        assert (await rotating.refresh(first["refresh_token"]))["ok"]
        await rotating.world.advance(50)
        late = await rotating.refresh(first["refresh_token"])
        assert late == {"ok": False, "error": "invalid_refresh_token"}

    async def test_another_apps_refresh_token_is_none(self, rotating):
        first = await rotating.tokens(scope=BOT)
        uris = ["https://app.example/cb"]
        await rotating.act("register_client", id="x", secret="y", redirect_uris=uris)
        form = {"client_id": "x", "client_secret": "y", "refresh_token": first["refresh_token"]}
        reply = await rotating.http.post(ACCESS, data={**form, "grant_type": "refresh_token"})
        assert reply.json()["error"] == "invalid_refresh_token"

    @pytest.mark.parametrize("shape", ["flat", "nested"])
    async def test_a_persons_refresh_is_flat_or_nested(self, rotating, shape):
        await rotating.act("policy", refresh=shape)
        person = (await rotating.tokens(user_scope="search:read"))["authed_user"]
        answer = await rotating.refresh(person["refresh_token"])
        found = answer if shape == "flat" else answer["authed_user"]
        assert (found["token_type"], found["scope"]) == ("user", "search:read")
        assert ("access_token" in answer) == (shape == "flat")

    async def test_a_token_without_an_end_is_exchanged_once_and_ends_with_the_first_refresh(
        self, slack
    ):
        old = await slack.bot(scope=BOT)
        form = {"client_id": CLIENT.id, "client_secret": "emulator-secret", "token": old}
        address = f"{API}/oauth.v2.exchange"
        answers = [(await slack.http.post(address, data=form)).json() for _ in range(2)]
        assert [one["ok"] for one in answers] == [True, False]
        assert await code_of(slack, "auth.test", old) == "ok"
        await slack.refresh(answers[0]["refresh_token"])
        assert await code_of(slack, "auth.test", old) == "token_revoked"


class TestRevocation:
    @pytest.mark.parametrize(("policy", "person"), [("whole", "token_revoked"), ("seat", "ok")])
    async def test_without_rotation_it_ends_what_was_authorised(self, slack, policy, person):
        await slack.act("policy", revocation=policy)
        answer = await slack.tokens()
        reply = (await slack.post("auth.revoke", answer["access_token"])).json()
        assert reply == {"ok": True, "revoked": True}
        assert await code_of(slack, "auth.test", answer["access_token"]) == "token_revoked"
        assert await code_of(slack, "auth.test", answer["authed_user"]["access_token"]) == person

    async def test_another_persons_consent_stays(self, slack):
        ada = await slack.person(user_scope="search:read")
        await slack.act("sign_in", login="grace")
        grace = await slack.person(user_scope="search:read")
        await slack.post("auth.revoke", ada)
        assert await code_of(slack, "auth.test", grace) == "ok"

    async def test_with_rotation_it_ends_one_token_alone(self, rotating):
        answer = await rotating.tokens(scope=BOT)
        await rotating.post("auth.revoke", answer["refresh_token"])
        assert await code_of(rotating, "auth.test", answer["access_token"]) == "ok"
        assert not (await rotating.refresh(answer["refresh_token"]))["ok"]
        await rotating.post("auth.revoke", answer["access_token"])
        assert await code_of(rotating, "auth.test", answer["access_token"]) == "token_revoked"

    async def test_trying_it_out_ends_nothing(self, slack):
        token = await slack.bot()
        reply = (await slack.post("auth.revoke", token, test="1")).json()
        assert reply == {"ok": True, "revoked": False}
        assert await code_of(slack, "auth.test", token) == "ok"

    @pytest.mark.parametrize("said", ["token_revoked", "invalid_auth", "account_inactive"])
    async def test_a_second_time_it_is_gone(self, slack, said):
        await slack.act("policy", revoked=said)
        token = await slack.bot()
        await slack.post("auth.revoke", token)
        assert await code_of(slack, "auth.revoke", token) == said

    async def test_an_app_that_is_uninstalled_loses_everybodys_tokens(self, slack):
        ada = await slack.bot()
        await slack.act("sign_in", login="grace")
        grace = await slack.person()
        form = {"client_id": CLIENT.id, "client_secret": "emulator-secret"}
        assert await code_of(slack, "apps.uninstall", ada, **form) == "ok"
        assert await code_of(slack, "auth.test", grace) == "token_revoked"
        sent = [one["event"] for one in await slack.act("deliveries")]
        assert sent == ["app_uninstalled", "tokens_revoked"]


class TestDeeds:
    @pytest.mark.parametrize(
        ("deed", "details"),
        [
            ("dance", {}),
            ("sign_in", {"login": "nobody"}),
            ("sign_in", {"name": "ada"}),
            ("policy", {"rotation": "perhaps"}),
            ("policy", {"revoked": "gone"}),
            ("say", {"login": "ada", "channel": "C9", "text": "x"}),
            ("register_client", {"id": "x", "secret": "y", "redirect_uris": []}),
            ("challenge", {"client_id": "nobody"}),
        ],
    )
    async def test_one_that_cannot_be_done_says_why(self, slack, deed, details):
        with pytest.raises(BadArguments):
            await slack.act(deed, **details)

    async def test_an_organisation_takes_an_app_off_everywhere(self, slack):
        await slack.act("sign_in", login="hank")
        await slack.act("policy", org_install=True)
        token = await slack.bot()
        whose = (await slack.post("auth.test", token)).json()
        assert (whose["is_enterprise_install"], whose["enterprise_id"]) == (True, "E0GLOBEX")
        gone = await slack.act("uninstall", team="E0GLOBEX")
        assert gone["tokens"] == 2
        assert await code_of(slack, "auth.test", token) == "token_revoked"
