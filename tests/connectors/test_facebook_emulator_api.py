"""Facebook, played: what the Graph API refuses. Asked as an app asks it."""

import hashlib
import hmac
from urllib.parse import unquote

import pytest

from tests.connectors.facebook_play import (
    ASK,
    BAKERY,
    DAY,
    GRAPH,
    SECRET,
    error,
    playing,
)


@pytest.fixture
async def play():
    async with playing() as play:
        yield play


@pytest.mark.parametrize(
    ("permission", "task", "method", "path"),
    [
        ("pages_read_engagement", "", "GET", "/me/published_posts"),
        ("pages_manage_posts", "CREATE_CONTENT", "POST", "/me/feed"),
        ("pages_manage_posts", "CREATE_CONTENT", "POST", "/me/video_reels"),
        ("pages_messaging", "MESSAGING", "GET", "/me/conversations"),
        ("read_insights", "ANALYZE", "GET", "/me/insights"),
    ],
)
async def test_each_call_needs_its_permission_and_its_task(play, permission, task, method, path):
    scopes = [one for one in ASK["scope"].split(",") if one != permission]
    await play.act("sign_in", login="ada", scopes=scopes)
    assert error(await play.ask(path, await play.page(), method))[0] in (10, 200)
    await play.act("sign_in", login="ada")
    page = await play.page()
    assert error_or_none(await play.ask(path, page, method)) not in (10, 200)
    if task:
        await play.act("role", login="ada", page=BAKERY, tasks=["ADVERTISE"])
        assert error(await play.ask(path, page, method)) == (200, 0)


def error_or_none(reply):
    return reply.json().get("error", {}).get("code")


async def test_whose_comment_it_is_needs_a_permission(play):
    scopes = [one for one in ASK["scope"].split(",") if one != "pages_read_user_content"]
    await play.act("sign_in", login="ada", scopes=scopes)
    post = (await play.act("posts", page=BAKERY))[0]["id"]
    said = await play.ask(f"/{post}/comments", await play.page(), params={"fields": "from"})
    assert [set(one) for one in said.json()["data"]] == [{"id"}]


async def test_a_person_is_told_as_clients_that_log_people_in_ask(play):
    scope = f"{ASK['scope']},email,instagram_basic"
    login = "first_name,last_name,email,locale,verified,picture.width(72).height(72){url}"
    pages = "accounts.limit(5){id,picture,connected_instagram_account{id,username}}"
    asked = {"fields": f"{login},{pages},permissions"}
    said = (await play.ask("/me", await play.short(scope=scope), params=asked)).json()
    assert set(said) == {
        *["id", "first_name", "last_name", "email", "picture", "accounts", "permissions"]
    }
    assert said["picture"]["data"]["url"].startswith("https://")
    (page,) = said["accounts"]["data"]
    assert set(page) == {"id", "picture", "connected_instagram_account"}
    assert page["connected_instagram_account"]["username"] == "marsh.bakery"
    without = await play.ask("/me", await play.page(), params={"fields": "id,picture"})
    assert without.json()["id"] == BAKERY


async def test_whose_mail_address_it_is_needs_a_permission(play):
    said = await play.ask("/me", await play.short(), params={"fields": "id,email"})
    assert (said.status_code, set(said.json())) == (200, {"id"})


async def test_a_post_is_told_in_every_field_a_feed_is_made_of(play):
    fields = {"fields": "message,full_picture,status_type,reactions.limit(0).summary(true)"}
    said = await play.ask(f"/{BAKERY}/feed", await play.page(), params=fields)
    assert all(one["reactions"]["summary"]["total_count"] == 3 for one in said.json()["data"])


async def test_another_page_s_things_are_not_there(play):
    page = await play.page()
    theirs = (await play.act("posts", page="104000000000002"))[0]["id"]
    for path in (f"/{theirs}", f"/{theirs}/comments", "/104000000000002/published_posts", "/7"):
        assert error(await play.ask(path, page)) == (100, 33)


async def test_a_proof_is_checked_for_the_token_it_is_for(play):
    page = await play.page()
    right = hmac.new(SECRET.encode(), page.encode(), hashlib.sha256).hexdigest()
    for proof, status in ((right, 200), (right[::-1], 400), ("", 200)):
        said = await play.ask("/me", page, params={"appsecret_proof": proof})
        assert said.status_code == status
    await play.act("policy", proof="required")
    assert error(await play.ask("/me", page)) == (100, 0)


@pytest.mark.parametrize(
    ("version", "said"),
    [("", "v21.0"), ("/v3.1", "v21.0"), ("/v18.0", "v21.0"), ("/v24.0", "v24.0")],
)
async def test_a_version_that_is_over_is_taken_for_the_oldest_that_lives(play, version, said):
    """Clients that are years old still work at Facebook, and name such versions."""
    reply = await play.ask("/me", await play.page(), version=version)
    assert (reply.status_code, reply.headers["facebook-api-version"]) == (200, said)


async def test_a_version_yet_to_come_is_not_known(play):
    assert error(await play.ask("/me", await play.page(), version="/v27.0")) == (2500, 0)


@pytest.mark.parametrize(
    "more", [{"params": {"fields": "id,shoe_size"}}, {"content": b"{", "method": "POST"}]
)
async def test_what_it_does_not_know_it_does_not_take(play, more):
    kind = {"headers": {"content-type": "application/json"}} if "content" in more else {}
    page = await play.page()
    headers = {"authorization": f"Bearer {page}", **kind.pop("headers", {})}
    method = more.pop("method", "GET")
    reply = await play.http.request(method, f"{GRAPH}/v26.0/me", headers=headers, **more)
    assert error(reply) == (100, 0)


async def test_without_a_token_nothing_is_told(play):
    assert error(await play.http.get(f"{GRAPH}/v26.0/me")) == (2500, 0)
    assert error(await play.ask("/me", "EAAnot")) == (190, 0)


async def test_the_address_of_the_next_page_holds_the_token(play):
    """As at Meta: it is why nobody gets to see it."""
    page = await play.page()
    said = (await play.ask("/me/published_posts", page, params={"limit": 1})).json()
    assert f"access_token={page}" in said["paging"]["next"]
    cursor = {"after": said["paging"]["cursors"]["after"]}
    more = (await play.ask("/me/published_posts", page, params=cursor)).json()
    assert (len(more["data"]), set(more["paging"])) == (1, {"cursors", "previous"})
    bad = await play.ask("/me/published_posts", page, params={"after": "junk"})
    assert error(bad) == (100, 0)


async def test_a_list_is_read_backwards_as_well(play):
    async def ids(**more):
        asked = {"limit": 1, "fields": "id"} | more
        said = (await play.ask("/me/published_posts", page, params=asked)).json()
        return [one["id"] for one in said["data"]], said["paging"]

    page = await play.page()
    (first, there), beginning = await ids(limit=2)
    assert set(beginning) == {"cursors"}
    last, paging = await ids(after=(await ids())[1]["cursors"]["after"])
    assert last == [there]
    assert f"before={paging['cursors']['before']}" in unquote(paging["previous"])
    assert (await ids(before=paging["cursors"]["before"]))[0] == [first]


async def test_a_conversation_is_told_alike_alone_and_in_its_list(play):
    page = await play.page()
    fields = {"fields": "snippet,unread_count,participants,messages{message,from{id}}"}
    (told,) = (await play.ask("/me/conversations", page, params=fields)).json()["data"]
    assert told["messages"]["data"][0]["message"] == told["snippet"]
    assert (await play.ask(f"/{told['id']}", page, params=fields)).json() == told


async def test_an_address_with_a_secret_in_it_is_noted(play):
    page = await play.page()
    await play.http.get(f"{GRAPH}/v26.0/me", params={"access_token": page})
    await play.http.get(f"{GRAPH}/v26.0/{page}")
    assert len(await play.act("leaks")) == 2


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({}, "ParameterValidationError"),
        ({"offset": "0", "file_size": "2"}, "ParameterValidationError"),
        ({"offset": "1", "file_size": "9"}, "OffsetInvalidError"),
    ],
)
async def test_a_piece_that_does_not_fit_is_refused(play, headers, kind):
    page = await play.page()
    said = await play.ask("/me/video_reels", page, "POST", data={"upload_phase": "start"})
    place = said.json()["upload_url"].removeprefix("https:/")
    whose = {"authorization": f"OAuth {page}"}
    reply = await play.http.post(place, content=b"abc", headers=whose | headers)
    assert reply.json()["debug_info"]["type"] == kind
    form = {"upload_phase": "finish", "video_id": said.json()["video_id"]}
    assert error(await play.ask("/me/video_reels", page, "POST", data=form)) == (6000, 1363130)


async def test_no_more_than_thirty_reels_a_day(play):
    page = await play.page()

    async def publish():
        said = (
            await play.ask("/me/video_reels", page, "POST", data={"upload_phase": "start"})
        ).json()
        headers = {"authorization": f"OAuth {page}", "offset": "0", "file_size": "1"}
        place = said["upload_url"].removeprefix("https:/")
        await play.http.post(place, content=b"x", headers=headers)
        form = {"upload_phase": "finish", "video_id": said["video_id"]}
        return await play.ask("/me/video_reels", page, "POST", data=form)

    assert {(await publish()).status_code for _ in range(30)} == {200}
    assert error(await publish())[0] == 9
    await play.world.advance(DAY)
    assert (await publish()).status_code == 200


async def test_instagram_accounts_of_a_page_answer_here_too(play):
    await play.act("sign_in", login="ada")
    scope = f"{ASK['scope']},instagram_basic"
    token = await play.long(await play.short(scope=scope))
    fields = {"fields": "id,instagram_business_account{id,username}"}
    (page,) = (await play.ask("/me/accounts", token, params=fields)).json()["data"]
    linked = page["instagram_business_account"]
    assert linked == {"id": "17841400000000001", "username": "marsh.bakery"}
    shown = await play.ask(f"/{linked['id']}", token, params={"fields": "username"})
    assert shown.json()["username"] == "marsh.bakery"
    assert (await play.act("instagram_published", account=linked["id"]))["posts"] == 0


async def test_any_error_can_be_asked_for(play):
    token = await play.long()
    await play.act("fail", code=32, times=2)
    assert [error(await play.ask("/me", token))[0] for _ in range(2)] == [32, 32]
    assert (await play.ask("/me", token)).status_code == 200
    await play.act("kill", login="ada", subcode=459)
    assert error(await play.ask("/me", token)) == (190, 459)
    assert (await play.ask("/me", await play.long())).status_code == 200
