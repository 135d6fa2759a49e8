"""GitHub, played: the gate of its API, and what stands behind it."""

import base64
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.emulated import playing

HELLO = "/repos/octocat/hello-world"
SECRETS = "/repos/octocat/secrets"
APP = "/applications/Iv1.emulator"
BASIC = {"authorization": "Basic " + base64.b64encode(b"Iv1.emulator:emulator-secret").decode()}
WRONG = {"authorization": "Basic " + base64.b64encode(b"Iv1.emulator:guess").decode()}


@pytest.fixture
async def github():
    async with playing() as github:
        yield github


@pytest.fixture
async def octocat(github):
    return await github.tokens(scope="repo user workflow")


@pytest.fixture
async def hubot(github):
    return await github.tokens(scope="repo", login="hubot")


def base64_of(text):
    return base64.b64encode(text).decode()


class TestGate:
    @pytest.mark.parametrize("scheme", ["Bearer", "token", "bearer"])
    async def test_a_token_is_taken_as_bearer_or_token(self, github, octocat, scheme):
        headers = {"authorization": f"{scheme} {octocat['access_token']}"}
        assert (await github.ask("/user", headers=headers)).status_code == 200

    @pytest.mark.parametrize(
        "said", ["Bearer gho_x", "Bearer", "Digest x", "Basic !", "Basic eA==", b"Basic \xff"]
    )
    async def test_any_other_credential_is_bad(self, github, said):
        reply = await github.ask("/user", headers={"authorization": said})
        assert (reply.status_code, reply.json()["message"]) == (401, "Bad credentials")

    async def test_nobody_may_read_what_is_public(self, github):
        assert (await github.ask(HELLO)).status_code == 200
        assert (await github.ask("/user")).json()["message"] == "Requires authentication"

    async def test_a_request_without_a_user_agent_is_refused(self, github, octocat):
        reply = await github.ask("/user", octocat, headers={"user-agent": ""})
        assert (reply.status_code, "User-Agent" in reply.text) == (403, True)

    @pytest.mark.parametrize(
        ("version", "status"),
        [("2022-11-28", 200), ("2026-03-10", 200), ("2021-01-01", 410), ("2099-01-01", 400)],
    )
    async def test_a_version_is_served_gone_or_unheard_of(self, github, version, status):
        reply = await github.ask(HELLO, headers={"x-github-api-version": version})
        assert reply.status_code == status
        selected = version if status == 200 else "2022-11-28"
        assert reply.headers["x-github-api-version-selected"] == selected

    async def test_scopes_stand_on_every_reply(self, github, octocat):
        reply = await github.ask("/user/emails", octocat)
        assert reply.headers["x-oauth-scopes"] == "repo, user, workflow"
        assert reply.headers["x-accepted-oauth-scopes"] == "user, user:email"

    async def test_what_the_client_has_already_is_not_sent_again(self, github):
        tag = (await github.ask(HELLO)).headers["etag"]
        reply = await github.ask(HELLO, headers={"if-none-match": tag})
        assert (reply.status_code, reply.content) == (304, b"")

    @pytest.mark.parametrize("number", ["0", "x", "\u0663", "9" * 5000, "-1"])
    async def test_a_number_that_is_none_is_not_found(self, github, number):
        assert (await github.ask(f"{HELLO}/issues/{number}")).status_code == 404

    async def test_an_address_that_does_not_exist_is_not_found(self, github, octocat):
        assert (await github.ask("/nowhere", octocat)).json()["message"] == "Not Found"


class TestLimits:
    async def test_each_request_counts(self, github, octocat):
        left = [
            int((await github.ask("/user", octocat)).headers["x-ratelimit-remaining"])
            for _ in range(2)
        ]
        assert left == [4999, 4998]

    async def test_a_primary_limit_is_a_403_until_the_window_ends(self, github, octocat):
        await github.world.act("github", "limit", login="octocat", remaining=1)
        assert (await github.ask("/user", octocat)).status_code == 200
        reply = await github.ask("/user", octocat)
        assert (reply.status_code, reply.headers["x-ratelimit-remaining"]) == (403, "0")
        await github.world.advance(3601)
        assert (await github.ask("/user", octocat)).status_code == 200

    async def test_a_secondary_limit_says_how_long(self, github, octocat):
        await github.world.act("github", "limit", login="octocat", secondary=60)
        reply = await github.ask("/user", octocat)
        assert (reply.status_code, reply.headers["retry-after"]) == (403, "60")
        assert reply.headers["x-ratelimit-remaining"] != "0"
        await github.world.advance(60)
        assert (await github.ask("/user", octocat)).status_code == 200

    async def test_search_has_limits_of_its_own(self, github, octocat):
        for kind, most in (("repositories", "30"), ("code", "10")):
            reply = await github.ask(f"/search/{kind}", octocat, params={"q": "hello"})
            assert reply.headers["x-ratelimit-limit"] == most

    async def test_asking_for_the_limits_is_free(self, github, octocat):
        said = (await github.ask("/rate_limit", octocat)).json()
        assert (said["rate"]["used"], said["resources"]["core"]["limit"]) == (0, 5000)


class TestPages:
    async def test_links_lead_through_all_pages(self, github, octocat):
        for number in range(4):
            body = {"title": f"issue {number}"}
            await github.ask(f"{HELLO}/issues", octocat, "POST", json=body)
        numbers, address = [], f"{github.world.url}/api.github.com{HELLO}/issues?per_page=2"
        while address:
            reply = await github.http.get(address)
            numbers += [one["number"] for one in reply.json()]
            address = reply.links.get("next", {}).get("url")
        assert numbers == [5, 4, 3, 2, 1]
        assert set(reply.links) == {"prev", "first"}

    @pytest.mark.parametrize("query", [{"per_page": "junk"}, {"per_page": "-1"}, {"page": "0"}])
    async def test_junk_falls_back(self, github, query):
        assert len((await github.ask(f"{HELLO}/issues", params=query)).json()) == 1

    async def test_a_page_holds_100_at_most(self, github):
        reply = await github.ask(f"{HELLO}/issues", params={"per_page": "500", "page": "2"})
        link = urlsplit(reply.links["prev"]["url"])
        assert (reply.json(), parse_qs(link.query)["page"]) == ([], ["1"])


class TestSight:
    async def test_a_private_repository_is_hidden_without_the_scope(self, github, octocat, hubot):
        public = await github.tokens(scope="public_repo")
        for tokens, status in ((octocat, 200), (hubot, 404), (public, 404), (None, 404)):
            assert (await github.ask(SECRETS, tokens)).status_code == status

    async def test_a_write_without_the_scope_finds_nothing(self, github):
        tokens = await github.tokens(scope="gist")
        reply = await github.ask(f"{HELLO}/issues", tokens, "POST", json={"title": "t"})
        assert reply.status_code == 404

    async def test_only_its_owner_pushes_to_a_repository(self, github, hubot):
        body = {"message": "m", "content": base64_of(b"x")}
        reply = await github.ask(f"{HELLO}/contents/x", hubot, "PUT", json=body)
        assert reply.status_code == 403

    async def test_emails_need_their_scope(self, github, octocat, hubot):
        assert (await github.ask("/user/emails", hubot)).status_code == 404
        first, *_ = (await github.ask("/user/emails", octocat)).json()
        assert (first["email"], first["primary"]) == ("octocat@github.com", True)


class TestApplications:
    async def test_a_live_token_is_told_about(self, github, octocat):
        body = {"access_token": octocat["access_token"]}
        reply = await github.ask(f"{APP}/token", None, "POST", BASIC, json=body)
        said = reply.json()
        assert (said["user"]["id"], said["scopes"]) == (583231, ["repo", "user", "workflow"])

    @pytest.mark.parametrize(
        ("path", "headers", "body", "status"),
        [
            ("/applications/Iv1.emulator/token", WRONG, {"access_token": "x"}, 401),
            ("/applications/Iv1.emulator/token", {}, {"access_token": "x"}, 401),
            ("/applications/other/token", BASIC, {"access_token": "x"}, 404),
            ("/applications/Iv1.emulator/token", BASIC, {"access_token": "x"}, 404),
            ("/applications/Iv1.emulator/token", BASIC, {}, 422),
        ],
    )
    async def test_only_its_own_app_may_ask(self, github, path, headers, body, status):
        for method in ("POST", "DELETE"):
            reply = await github.ask(path, None, method, headers, json=body)
            assert reply.status_code == status

    async def test_a_token_is_revoked_alone_a_grant_whole(self, github):
        one, two, three = [await github.tokens(scope="repo") for _ in range(3)]
        for path, tokens in (("token", one), ("grant", two)):
            body = {"access_token": tokens["access_token"]}
            reply = await github.ask(f"{APP}/{path}", None, "DELETE", BASIC, json=body)
            assert (reply.status_code, reply.content) == (204, b"")
            left = 200 if path == "token" else 401
            assert (await github.ask("/user", tokens)).status_code == 401
            assert (await github.ask("/user", three)).status_code == left

    async def test_an_expired_token_names_no_grant(self, github):
        tokens = await github.tokens(scope="offline_access")
        await github.world.advance(28_801)
        body = {"access_token": tokens["access_token"]}
        reply = await github.ask(f"{APP}/grant", None, "DELETE", BASIC, json=body)
        assert reply.status_code == 404
        assert "access_token" in await github.refresh(tokens)

    async def test_a_reset_puts_another_token_in_its_place(self, github, octocat):
        body = {"access_token": octocat["access_token"]}
        fresh = (await github.ask(f"{APP}/token", None, "PATCH", BASIC, json=body)).json()
        assert (await github.ask("/user", octocat)).status_code == 401
        assert (await github.ask("/user", {"access_token": fresh["token"]})).status_code == 200

    @pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
    async def test_anybody_revokes_what_leaked(self, github, kind):
        tokens = await github.tokens(scope="offline_access")
        body = {"credentials": [tokens[kind]]}
        reply = await github.ask("/credentials/revoke", None, "POST", json=body)
        assert reply.status_code == 202
        assert (await github.ask("/user", tokens)).status_code == 401

    async def test_a_github_apps_token_has_permissions_for_scopes(self, github):
        client = {"client_id": "app", "client_secret": "s"}
        uris = ["http://127.0.0.1/callback"]
        known = {"id": "app", "secret": "s", "redirect_uris": uris, "github_app": True}
        await github.world.act("github", "register_client", **known)
        tokens = await github.tokens(client, client_id="app", scope="repo")
        assert (tokens["access_token"][:4], tokens["scope"]) == ("ghu_", "")
        reply = await github.ask("/user/installations", tokens)
        assert (reply.json()["total_count"], "x-oauth-scopes" in reply.headers) == (1, False)


class TestBodies:
    @pytest.mark.parametrize(
        ("sent", "status", "message"),
        [
            (b"{", 400, "Problems parsing JSON"),
            (b"[1]", 400, "Body should be a JSON object"),
            (b"{}", 422, "Validation Failed"),
            (b'{"title": " "}', 422, "Validation Failed"),
            (b'{"title": 1}', 422, "Invalid request"),
            (b'{"title": "t", "labels": "bug"}', 422, "Invalid request"),
            (b'{"title": "t", "assignees": ["nobody"]}', 422, "Validation Failed"),
        ],
    )
    async def test_a_wrong_body_is_told_in_githubs_words(
        self, github, octocat, sent, status, message
    ):
        reply = await github.ask(f"{HELLO}/issues", octocat, "POST", content=sent)
        assert reply.status_code == status
        assert reply.json()["message"].startswith(message)
        assert {"message", "documentation_url"} <= set(reply.json())

    async def test_a_missing_field_is_named(self, github, octocat):
        reply = await github.ask(f"{HELLO}/issues", octocat, "POST", json={"body": "b"})
        missing = {"resource": "Issue", "field": "title", "code": "missing_field"}
        assert reply.json()["errors"] == [missing]


async def test_two_writers_of_a_file_do_not_lose_each_others_work(github, octocat):
    path = f"{HELLO}/contents/README.md"
    seen = (await github.ask(path, octocat)).json()["sha"]
    body = {"message": "m", "content": base64_of(b"mine"), "sha": seen}
    statuses = [(await github.ask(path, octocat, "PUT", json=body)).status_code for _ in range(2)]
    del body["sha"]
    statuses.append((await github.ask(path, octocat, "PUT", json=body)).status_code)
    assert statuses == [200, 409, 422]


async def test_a_workflow_file_needs_its_scope(github):
    tokens = await github.tokens(scope="repo")
    body = {"message": "m", "content": base64_of(b"name: X\n")}
    path = f"{HELLO}/contents/.github%2Fworkflows%2Fx.yml"
    assert (await github.ask(path, tokens, "PUT", json=body)).status_code == 404
    held = await github.tokens(scope="repo workflow")
    assert (await github.ask(path, held, "PUT", json=body)).status_code == 201


async def test_a_file_is_given_raw_if_that_is_accepted(github):
    headers = {"accept": "application/vnd.github.raw+json"}
    reply = await github.ask(f"{HELLO}/contents/README.md", headers=headers)
    assert reply.content == b"# Hello World\n"


async def test_an_issue_written_to_a_lost_connection_was_made_once(github, octocat):
    await github.world.fault(kind="drop", path=f"{HELLO}/issues")
    with pytest.raises(httpx2.RemoteProtocolError):
        await github.ask(f"{HELLO}/issues", octocat, "POST", json={"title": "lost"})
    found = await github.ask("/search/issues", octocat, params={"q": "lost is:issue"})
    assert found.json()["total_count"] == 1
