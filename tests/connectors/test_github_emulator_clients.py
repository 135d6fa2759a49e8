"""The played GitHub takes what other clients than ours are known to send."""

import base64

import httpx2
import pytest
from authlib.integrations.httpx_client import OAuth2Client

from connector_vault import emulator
from tests.emulated import HOME, TOKEN, GitHub

FILE = "/repos/octocat/hello-world/contents/README.md"


def basic(name, secret):
    return {"authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


APP = basic("Iv1.emulator", "emulator-secret")


@pytest.fixture
async def github():
    async with emulator.running("github") as world:
        headers = {"user-agent": "tests"}
        async with httpx2.AsyncClient(base_url=world.url, headers=headers, trust_env=False) as http:
            yield GitHub(world, http)


async def test_authlib_names_its_client_by_http_basic(github):
    place, said = await github.authorize()
    address = f"{place}?code={said['code']}&state=s-1"
    with OAuth2Client("Iv1.emulator", "emulator-secret", redirect_uri=HOME) as client:
        url = f"{github.world.url}{TOKEN}"
        tokens = client.fetch_token(url, authorization_response=address, state="s-1")

    assert tokens["access_token"].startswith("gho_")


async def test_a_wrong_secret_by_http_basic_is_refused(github):
    _, said = await github.authorize()
    form = {"code": said["code"], "grant_type": "authorization_code"}
    headers = {"accept": "application/json", **basic("Iv1.emulator", "wrong")}

    reply = await github.http.post(TOKEN, data=form, headers=headers)

    assert reply.json()["error"] == "incorrect_client_credentials"


async def test_an_app_may_ask_about_its_tokens_as_often_as_a_person(github):
    tokens = await github.tokens()
    body = {"access_token": tokens["access_token"]}

    reply = await github.ask(
        "/applications/Iv1.emulator/token", method="POST", json=body, headers=APP
    )

    assert (reply.status_code, reply.headers["x-ratelimit-limit"]) == (200, "5000")


@pytest.mark.parametrize("halves", [("octocat", "{}"), ("{}", "x-oauth-basic")])
async def test_a_token_may_come_by_http_basic(github, halves):
    access = (await github.tokens())["access_token"]
    name, secret = (half.format(access) for half in halves)

    reply = await github.ask("/user", headers=basic(name, secret))

    assert reply.json()["login"] == "octocat"


async def test_a_client_that_expects_an_enterprise_server_finds_the_api(github):
    access = (await github.tokens())["access_token"]
    headers = {"authorization": f"Bearer {access}"}

    reply = await github.http.get("/github.com/api/v3/user", headers=headers)

    assert reply.json()["login"] == "octocat"


async def test_a_client_that_knows_the_api_alone_finds_the_login_below_it(github):
    query = {"client_id": "Iv1.emulator", "redirect_uri": HOME, "state": "s"}

    reply = await github.http.get("/api.github.com/login/oauth/authorize", params=query)

    assert reply.headers["location"].startswith(HOME)


@pytest.mark.parametrize("kind", ["raw", "raw+json", "v3.raw", "v3.raw+json"])
async def test_a_file_is_given_raw_under_each_of_its_names(github, kind):
    headers = {"accept": f"application/vnd.github.{kind}"}

    reply = await github.ask(FILE, await github.tokens(), headers=headers)

    assert not reply.text.startswith("{")


@pytest.mark.parametrize("form", ["{}", 'W/"other", {}', "*"])
async def test_what_a_client_has_is_not_sent_again(github, form):
    tokens = await github.tokens()
    tag = (await github.ask(FILE, tokens)).headers["etag"].removeprefix("W/")

    reply = await github.ask(FILE, tokens, headers={"if-none-match": form.format(tag)})

    assert (reply.status_code, reply.content) == (304, b"")


async def test_code_is_not_searched_for_nobody(github):
    assert (await github.ask("/search/code?q=hello")).status_code == 401
