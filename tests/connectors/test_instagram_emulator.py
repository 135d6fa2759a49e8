"""The emulated Instagram Login, asked as an app would ask it."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from connector_vault.connector import Delivery, NotAllowed, Secret
from connector_vault.errors import BadArguments
from tests.connectors.instagram_play import ASK, HOME, INSTAGRAM, JPEG, ROBIN, back, playing

DAY = 86_400


@pytest.fixture
async def play():
    async with playing() as play:
        yield play


def error_of(reply):
    return (
        reply.status_code,
        reply.json()["error"]["code"],
        reply.json()["error"].get("error_subcode"),
    )


async def test_the_person_comes_back_with_a_code_and_junk_behind_it(play):
    reply = await play.authorize()
    assert reply.headers["location"].endswith("state=s-1#_")
    place, said = back(reply)
    assert (place, set(said)) == (HOME, {"code", "state"})


async def test_the_window_opens_at_both_hosts_that_instagram_names(play):
    """Its reference and older clients have api.instagram.com, its guide www.instagram.com."""
    reply = await play.http.get("/api.instagram.com/oauth/authorize", params=ASK)
    assert (await play.exchange(back(reply)[1]["code"])).status_code == 200


async def test_an_account_has_all_totals_that_are_documented(play):
    wanted = {"metric": "saves,shares,replies,comments,profile_links_taps,follows_and_unfollows"}
    asked = wanted | {"period": "day", "metric_type": "total_value"}
    said = await play.ask(f"/{ROBIN}/insights", await play.long(), params=asked)
    assert len(said.json()["data"]) == 6


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "nobody"},
        {"redirect_uri": "https://elsewhere.example/"},
        {"response_type": "token"},
        {"scope": "business_basic"},
        {"scope": "instagram_business_content_publish"},
    ],
)
async def test_what_an_app_may_not_ask_is_shown_and_never_sent_back(play, wrong):
    assert (await play.authorize(**wrong)).status_code == 400


async def test_a_code_is_good_for_one_exchange_within_an_hour(play):
    code = await play.code()
    assert (await play.exchange(code)).status_code == 200
    again = await play.exchange(code)
    assert again.status_code == 400
    assert set(again.json()) == {"error_type", "code", "error_message"}
    late = await play.code()
    await play.world.advance(3601)
    assert (await play.exchange(late)).status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_secret": "wrong"},
        {"client_id": "nobody"},
        {"redirect_uri": "http://127.0.0.1/elsewhere"},
        {"grant_type": "password"},
    ],
)
async def test_an_exchange_that_is_wrong_gives_nothing(play, wrong):
    reply = await play.exchange(await play.code(), **wrong)
    assert (reply.status_code, "error_message" in reply.json()) == (400, True)


@pytest.mark.parametrize("answer", ["flat", "data"])
@pytest.mark.parametrize(("ids", "kind"), [("number", int), ("text", str)])
@pytest.mark.parametrize(("permissions", "shape"), [("list", list), ("text", str)])
async def test_answers_have_every_shape_that_was_reported(
    play, answer, ids, kind, permissions, shape
):
    await play.act("policy", answer=answer, ids=ids, permissions=permissions)
    said = (await play.exchange(await play.code())).json()
    said = said["data"][0] if answer == "data" else said
    assert isinstance(said["user_id"], kind)
    assert isinstance(said["permissions"], shape)
    (read,) = INSTAGRAM.oauth.answers(await _reply(play))
    assert set(read["scope"].split(",")) == set(ASK["scope"].split(","))


async def _reply(play):
    reply = await play.exchange(await play.code())
    return type("Reply", (), {"status": 200, "body": reply.content, "headers": {}})()


async def test_a_short_token_ends_after_an_hour_and_a_long_one_after_sixty_days(play):
    short, long = await play.short(), await play.long()
    await play.world.advance(3601)
    assert error_of(await play.ask("/me", short)) == (400, 190, 463)
    assert (await play.ask("/me", long)).status_code == 200
    await play.world.advance(60 * DAY)
    assert error_of(await play.ask("/me", long)) == (400, 190, 463)
    assert error_of(await play.refresh(long)) == (400, 190, 463)


async def test_only_a_short_token_is_exchanged_and_with_the_secret(play):
    short = await play.short()
    assert error_of(await play.lengthen(short, client_secret="wrong")) == (400, 101, None)
    long = (await play.lengthen(short)).json()
    assert (long["token_type"], long["expires_in"]) == ("bearer", 5183944)
    assert error_of(await play.lengthen(long["access_token"])) == (400, 100, None)


async def test_a_token_is_refreshed_when_it_is_a_day_old(play):
    long = await play.long()
    assert error_of(await play.refresh(long)) == (400, 100, None)
    await play.world.advance(DAY + 1)
    fresh = (await play.refresh(long)).json()
    assert (fresh["access_token"] != long, fresh["expires_in"]) == (True, 5183944)
    # The old one goes on, so that a lost answer costs nothing.
    assert (await play.ask("/me", long)).status_code == 200
    await play.act("policy", old="dies")
    await play.refresh(long)
    assert error_of(await play.ask("/me", long)) == (400, 190, 467)


async def test_a_refresh_may_give_the_same_token_longer(play):
    await play.act("policy", renewed="same")
    long = await play.long()
    await play.world.advance(59 * DAY)
    assert (await play.refresh(long)).json()["access_token"] == long
    await play.world.advance(59 * DAY)
    assert (await play.ask("/me", long)).status_code == 200


async def test_me_has_two_ids(play):
    reply = await play.ask("/me", await play.long(), params={"fields": "user_id,account_type"})
    assert reply.json()["user_id"] == ROBIN
    assert reply.json()["id"] != ROBIN
    await play.act("sign_in", login="wagtail")
    assert (await play.ask("/me", await play.long(), params={"fields": "account_type"})).json()[
        "account_type"
    ] == "MEDIA_CREATOR"


async def test_a_personal_account_is_turned_away(play):
    await play.act("sign_in", login="sparrow")
    assert (await play.authorize()).status_code == 400


async def test_a_person_may_grant_less_than_is_asked(play):
    await play.act("sign_in", login="robin", scopes=["instagram_business_manage_comments"])
    long = await play.long()
    said = await play.ask(f"/{ROBIN}/media", long, "POST", json={"image_url": JPEG})
    assert error_of(said) == (403, 10, None)
    assert (await play.ask(f"/{ROBIN}/media", long)).status_code == 200


async def test_a_declined_consent_says_so():
    async with playing(consent="ask") as play:
        page = await play.authorize()
        hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        said = hidden | {"login": "robin", "decision": "cancel"}
        reply = await play.http.post("/www.instagram.com/oauth/authorize", data=said)
        assert back(reply)[1]["error"] == "access_denied"


async def test_a_call_without_a_live_token_or_for_another_account_is_refused(play):
    long = await play.long()
    assert error_of(await play.ask("/me", "IGAAnobody")) == (400, 190, None)
    assert error_of(await play.ask("/17841400008460056/media", long)) == (400, 100, 33)
    assert error_of(await play.ask("/1", long)) == (400, 100, 33)
    wrong = {"appsecret_proof": "0" * 64}
    assert error_of(await play.ask("/me", long, params=wrong)) == (400, 100, None)


async def test_a_password_that_changed_ends_all(play):
    long = await play.long()
    await play.act("end", login="robin", subcode=460)
    assert error_of(await play.ask("/me", long)) == (400, 190, 460)


async def test_a_person_who_removes_the_app_ends_its_tokens_and_it_is_told(play):
    long = await play.long()
    person = (await play.ask("/me", long)).json()["id"]
    gone = await play.act("revoke", login="robin")
    assert error_of(await play.ask("/me", long)) == (400, 190, 458)
    (told,) = gone["deliveries"]
    entry = (await play.world.log())[-1]
    delivery = Delivery(told["headers"], told["body"].encode(), {}, int(entry.time))
    INSTAGRAM.notice.verify(delivery, Secret("emulator-secret"))
    assert list(INSTAGRAM.notice.accounts(delivery)) == [f"{person}/"]
    with pytest.raises(NotAllowed):
        INSTAGRAM.notice.verify(delivery, Secret("another"))


async def test_a_next_page_has_the_token_in_its_address(play):
    long = await play.long()
    for name in ("one", "two"):
        made = await play.ask(
            f"/{ROBIN}/media", long, "POST", json={"image_url": JPEG, "caption": name}
        )
        body = {"creation_id": made.json()["id"]}
        await play.ask(f"/{ROBIN}/media_publish", long, "POST", data=body)
    query = {"limit": 2, "fields": "caption"}
    page = (await play.ask(f"/{ROBIN}/media", long, params=query)).json()
    assert [one["caption"] for one in page["data"]] == ["two", "one"]
    following = urlsplit(page["paging"]["next"])
    assert dict(parse_qsl(following.query))["access_token"] == long
    last = (await play.http.get(f"/graph.instagram.com{following.path}?{following.query}")).json()
    assert ([one["caption"] for one in last["data"]], "next" in last["paging"]) == (
        ["Hello, world."],
        False,
    )


async def test_publishing_is_as_strict_as_instagram(play):
    long = await play.long()

    async def make(**said):
        return await play.ask(f"/{ROBIN}/media", long, "POST", json=said)

    async def publish(container):
        body = {"creation_id": container}
        return await play.ask(f"/{ROBIN}/media_publish", long, "POST", json=body)

    assert error_of(await make(image_url="https://media.example/seen.png")) == (400, 36001, 2207005)
    assert error_of(await make(image_url="https://gone.invalid/seen.jpg")) == (400, 9004, 2207052)
    assert error_of(await make(media_type="VIDEO", video_url=JPEG)) == (400, 100, 2207067)
    assert error_of(await make(media_type="REELS")) == (400, 100, None)
    assert error_of(await make(media_type="REELS", upload_type="resumable")) == (400, 100, None)
    assert error_of(await make(media_type="CAROUSEL", children="1")) == (400, 100, None)
    assert error_of(await make(image_url=JPEG, caption="#a" * 31)) == (400, 100, 2207010)
    await play.act("publishing", processing=60)
    waits = (await make(image_url=JPEG)).json()["id"]
    assert error_of(await publish(waits)) == (400, 9007, 2207027)
    await play.world.advance(60)
    assert (await publish(waits)).status_code == 200
    await play.act("publishing", republish="refuses")
    assert error_of(await publish(waits)) == (400, 9007, 2207027)
    old = (await make(image_url=JPEG)).json()["id"]
    await play.world.advance(DAY)
    assert error_of(await publish(old)) == (400, -2, 2207020)
    await play.act("use_up", account=ROBIN)
    last = (await make(image_url=JPEG)).json()["id"]
    await play.world.advance(61)
    assert error_of(await publish(last)) == (400, 9, 2207042)


async def test_fields_within_a_field_are_told_to_the_last(play):
    long = await play.long()
    item = {"image_url": JPEG, "is_carousel_item": True}
    made = [await play.ask(f"/{ROBIN}/media", long, "POST", json=item) for _ in "ab"]
    whole = {"media_type": "CAROUSEL", "children": ",".join(one.json()["id"] for one in made)}
    container = (await play.ask(f"/{ROBIN}/media", long, "POST", json=whole)).json()["id"]
    done = {"creation_id": container}
    media = (await play.ask(f"/{ROBIN}/media_publish", long, "POST", json=done)).json()["id"]
    asked = {"fields": "alt_text,children.limit(5){id,media_url}"}
    said = (await play.ask(f"/{media}", long, params=asked)).json()
    assert [one["media_url"] for one in said["children"]["data"]] == [JPEG, JPEG]


async def test_deeds_it_does_not_know_are_told(play):
    for deed, details in (("fly", {}), ("sign_in", {"login": "nobody"}), ("policy", {"ids": "no"})):
        with pytest.raises(BadArguments):
            await play.act(deed, **details)
