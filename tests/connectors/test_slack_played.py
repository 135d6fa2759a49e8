"""Every tool of Slack's connector, on the played Slack."""

import pytest

from connector_vault.connector import (
    OutcomeUnknown,
    RateLimited,
    Reconnect,
    Refused,
    Unreachable,
)
from tests.connectors.slack import BOT, DIRECT, GENERAL, RANDOM, SECRETS, playing

GRACE = "U0GRACE"


@pytest.fixture
async def slack():
    async with playing() as slack:
        yield slack


@pytest.fixture
async def bot(slack):
    """A bot's token; the bot is in #general."""
    token = await slack.bot()
    await slack.do("join_channel", token, channel=GENERAL)
    return token


@pytest.fixture
async def ada(slack):
    return await slack.person()


async def post(slack, token, text="hi", channel=GENERAL, **more):
    return (await slack.do("post_message", token, channel=channel, text=text, **more)).ts


async def texts(slack, token, tool="channel_history", **asked):
    found = await slack.do(tool, token, **{"channel": GENERAL, **asked})
    return [one.text for one in found.messages]


async def refusal(slack, tool, token, **arguments):
    with pytest.raises(Refused) as raised:
        await slack.do(tool, token, **arguments)
    return raised.value.code


async def test_channels_are_listed_by_kind_and_page(slack, ada):
    first = await slack.do("list_channels", ada, limit=1)
    rest = await slack.do("list_channels", ada, limit=1, cursor=first.next_cursor)
    assert [one.name for one in (*first.channels, *rest.channels)] == ["general", "random"]
    assert rest.next_cursor is None
    hidden = await slack.do("list_channels", ada, types=["private_channel", "im"])
    assert [(one.name, one.user) for one in hidden.channels] == [("secrets", None), (None, GRACE)]


async def test_a_kind_of_channel_needs_its_scope(slack):
    token = await slack.bot(scope="channels:read")
    with pytest.raises(Refused, match=r"missing_scope.*needs groups:read, has channels:read"):
        await slack.do("list_channels", token, types=["private_channel"])


async def test_archived_channels_are_left_out_unless_wanted(slack, ada):
    await slack.act("archive", channel=RANDOM)
    for without, names in ((True, ["general"]), (False, ["general", "random"])):
        found = await slack.do("list_channels", ada, exclude_archived=without)
        assert [one.name for one in found.channels] == names


async def test_history_is_read_newest_first_page_by_page(slack, bot):
    for number in range(3):
        await post(slack, bot, f"m{number}")
    first = await slack.do("channel_history", bot, channel=GENERAL, limit=2)
    rest = await slack.do(
        "channel_history", bot, channel=GENERAL, limit=2, cursor=first.next_cursor
    )
    found = [one.text for one in (*first.messages, *rest.messages)]
    assert found == ["m2", "m1", "m0", "Good morning, everybody!"]
    assert (first.has_more, rest.has_more, rest.next_cursor) == (True, False, None)


async def test_history_is_read_between_two_messages(slack, bot):
    stamps = [await post(slack, bot, f"m{number}") for number in range(4)]
    between = {"oldest": stamps[0], "latest": stamps[3]}
    assert await texts(slack, bot, **between) == ["m2", "m1"]
    assert await texts(slack, bot, **between, inclusive=True) == ["m3", "m2", "m1", "m0"]


async def test_a_bot_reads_only_where_it_is_a_member(slack, bot, ada):
    assert await refusal(slack, "channel_history", bot, channel=RANDOM) == "not_in_channel"
    assert await refusal(slack, "channel_history", bot, channel=SECRETS) == "channel_not_found"
    assert await texts(slack, ada, channel=RANDOM) == []
    await slack.act("invite", channel=SECRETS)
    assert await texts(slack, bot, channel=SECRETS) == ["Nobody else reads this."]


async def test_a_thread_is_read_oldest_first_and_is_not_in_the_history(slack, bot):
    began = await post(slack, bot, "question")
    for number in range(3):
        said = {"channel": GENERAL, "thread_ts": began, "text": f"a{number}"}
        await slack.do("reply_in_thread", bot, **said, reply_broadcast=number == 2)
    assert await texts(slack, bot, "thread_replies", ts=began) == ["question", "a0", "a1", "a2"]
    assert (await texts(slack, bot))[:2] == ["a2", "question"]
    (parent, *_), more = await read_thread(slack, bot, began, limit=2)
    assert (parent.reply_count, parent.thread_ts) == (3, began)
    assert more is not None


async def read_thread(slack, token, ts, **asked):
    found = await slack.do("thread_replies", token, channel=GENERAL, ts=ts, **asked)
    return found.messages, found.next_cursor


async def test_a_message_is_posted_with_its_blocks(slack, bot):
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*hi*"}}]
    assert await post(slack, bot, blocks=blocks)
    assert (
        await refusal(slack, "post_message", bot, channel=GENERAL, blocks=[{}])
        == "invalid_blocks_format"
    )


async def test_a_bot_posts_where_it_is_a_member_or_may_in_public(slack, bot):
    assert await refusal(slack, "post_message", bot, channel=RANDOM, text="x") == "not_in_channel"
    public = await slack.bot(scope=f"{BOT},chat:write.public")
    assert await post(slack, public, channel=RANDOM)
    assert (
        await refusal(slack, "post_message", public, channel=SECRETS, text="x")
        == "channel_not_found"
    )


async def test_a_message_to_a_person_is_a_direct_one(slack, ada):
    made = await slack.do("post_message", ada, channel=GRACE, text="psst")
    assert (made.channel, made.message.user) == (DIRECT, "U0ADA")
    assert await texts(slack, ada, channel=DIRECT) == ["psst"]


async def test_ones_own_message_is_changed_and_deleted(slack, bot):
    ts = await post(slack, bot)
    changed = await slack.do("update_message", bot, channel=GENERAL, ts=ts, text="hello")
    assert (changed.ts, changed.text) == (ts, "hello")
    (message, _) = (await slack.do("channel_history", bot, channel=GENERAL)).messages
    assert (message.text, message.edited.user == message.user) == ("hello", True)
    assert (await slack.do("delete_message", bot, channel=GENERAL, ts=ts)).ts == ts
    assert (
        await refusal(slack, "delete_message", bot, channel=GENERAL, ts=ts) == "message_not_found"
    )


async def test_somebody_elses_message_stays(slack, bot):
    (ts,) = (await slack.act("say", login="grace", channel=GENERAL, text="mine"))["ts"]
    place = {"channel": GENERAL, "ts": ts}
    assert await refusal(slack, "update_message", bot, **place, text="x") == "cant_update_message"
    assert await refusal(slack, "delete_message", bot, **place) == "cant_delete_message"


async def test_a_scheduled_message_is_posted_when_its_time_comes(slack, bot, ada):
    now = int(float(await post(slack, bot, "now")))
    said = {"channel": GENERAL, "text": "later"}
    made = await slack.do("schedule_message", bot, **said, post_at=now + 3600)
    assert made.scheduled_message_id
    assert "later" not in await texts(slack, ada)
    await slack.world.advance(3600)
    assert (await texts(slack, ada))[0] == "later"


@pytest.mark.parametrize(("ahead", "code"), [(-60, "time_in_past"), (121 * 86_400, "time_too_far")])
async def test_a_time_that_slack_does_not_take_is_refused(slack, bot, ahead, code):
    now = int(float(await post(slack, bot, "now")))
    said = {"channel": GENERAL, "text": "later", "post_at": now + ahead}
    assert await refusal(slack, "schedule_message", bot, **said) == code


async def test_a_person_searches_and_a_bot_does_not(slack, bot, ada):
    await post(slack, bot, "deploy one")
    await post(slack, bot, "deploy two")
    first = await slack.do("search_messages", ada, query="deploy in:#general", count=1)
    rest = await slack.do("search_messages", ada, query="deploy", count=1, page=first.next_page)
    assert [one.text for one in (*first.matches, *rest.matches)] == ["deploy two", "deploy one"]
    assert (first.total, rest.next_page, first.matches[0].channel.id) == (2, None, GENERAL)
    assert await refusal(slack, "search_messages", bot, query="x") == "not_allowed_token_type"


async def test_people_are_listed_read_and_found(slack, bot):
    listed = await slack.do("list_users", bot, limit=2)
    assert [one.name for one in listed.members] == ["ada", "grace"]
    rest = await slack.do("list_users", bot, cursor=listed.next_cursor)
    assert [one.is_bot for one in rest.members] == [True]
    assert (await slack.do("get_user", bot, user=GRACE)).real_name == "Grace Hopper"
    found = await slack.do("find_user_by_email", bot, email="grace@acme.example")
    assert found.id == GRACE
    assert await refusal(slack, "get_user", bot, user="U9") == "user_not_found"
    assert await refusal(slack, "find_user_by_email", bot, email="x@y.example") == "users_not_found"


async def test_addresses_are_for_who_may_know_them(slack):
    token = await slack.bot(scope="users:read")
    assert (await slack.do("get_user", token, user=GRACE)).profile.email is None


async def test_a_reaction_is_put_on_once(slack, bot):
    ts = await post(slack, bot)
    said = {"channel": GENERAL, "timestamp": ts, "name": "tada"}
    twice = [(await slack.do("add_reaction", bot, **said)).already_reacted for _ in range(2)]
    (message, _) = (await slack.do("channel_history", bot, channel=GENERAL)).messages
    assert twice == [False, True]
    assert [(one.name, one.count) for one in message.reactions] == [("tada", 1)]


async def test_a_channel_is_joined_once(slack, bot):
    again = await slack.do("join_channel", bot, channel=GENERAL)
    assert (again.already_in_channel, again.channel.is_member) == (True, True)
    assert await refusal(slack, "join_channel", bot, channel=SECRETS) == "channel_not_found"


async def test_a_message_has_an_address(slack, bot):
    ts = await post(slack, bot)
    found = await slack.do("get_permalink", bot, channel=GENERAL, message_ts=ts)
    address = f"https://acme.slack.com/archives/{GENERAL}/p{ts.replace('.', '')}"
    assert found.permalink == address


async def test_an_app_that_is_sold_elsewhere_reads_fifteen_once_a_minute(slack, bot):
    await slack.act("say", login="ada", channel=GENERAL, text="x", times=20)
    await slack.act("policy", history="limited")
    found = await slack.do("channel_history", bot, channel=GENERAL, limit=100)
    assert (len(found.messages), found.has_more) == (15, True)
    with pytest.raises(RateLimited) as raised:
        await slack.do("channel_history", bot, channel=GENERAL)
    assert 0 < raised.value.retry_after <= 60
    await slack.world.advance(60)
    assert await texts(slack, bot, limit=1) == ["x"]


@pytest.mark.parametrize("status", [200, 429])
async def test_a_pause_is_as_long_as_slack_says(slack, bot, status):
    await slack.act("limit", method="chat.postMessage", seconds=30, status=status)
    with pytest.raises(RateLimited) as raised:
        await post(slack, bot)
    assert 0 < raised.value.retry_after <= 30


@pytest.mark.parametrize("code", ["internal_error", "fatal_error"])
async def test_a_failure_of_slacks_is_open_for_a_change_alone(slack, bot, code):
    said = {"kind": "status", "status": 200, "body": {"ok": False, "error": code}, "times": 2}
    await slack.world.fault(path="/api/*", **said)
    with pytest.raises(OutcomeUnknown, match=code):
        await post(slack, bot)
    with pytest.raises(Unreachable, match=code):
        await slack.do("list_users", bot)


async def test_a_token_that_was_taken_back_asks_for_consent(slack, bot):
    await slack.act("revoke", login="ada")
    with pytest.raises(Reconnect, match="token_revoked"):
        await slack.do("list_users", bot)


async def test_an_organisations_token_names_the_workspace(slack):
    await slack.act("sign_in", login="hank")
    await slack.act("policy", org_install=True)
    token = await slack.bot()
    assert await refusal(slack, "list_channels", token) == "missing_argument"
    found = await slack.do("list_channels", token, team_id="T0GLOBEX")
    assert [one.name for one in found.channels] == ["general"]
