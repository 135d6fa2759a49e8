"""X, played: how tokens end, the gate of its API, and what stands behind it."""

import pytest

from tests.connectors.x_play import REVOKE, WREN, basic, playing

ME = "/2/users/me"
POSTS = "/2/tweets"


@pytest.fixture
async def play():
    async with playing() as play:
        yield play


@pytest.fixture
async def wren(play):
    return await play.tokens()


async def post(play, tokens, status=201, **body):
    reply = await play.ask(POSTS, tokens, "POST", json=body)
    assert reply.status_code == status, reply.text
    return reply.json()


class TestRevoke:
    @pytest.mark.parametrize("which", ["access_token", "refresh_token"])
    async def test_one_token_ends_and_the_other_lives(self, play, wren, which):
        reply = await play.revoke(wren[which])
        assert (reply.status_code, reply.json()) == (200, {"revoked": True})
        ended = [(await play.ask(ME, wren)).status_code, (await play.refresh(wren)).status_code]
        assert ended == ([401, 200] if which == "access_token" else [200, 400])

    async def test_both_may_end_together(self, play, wren):
        await play.act("policy", revoke_reach="family")
        await play.revoke(wren["refresh_token"])
        assert (await play.ask(ME, wren)).status_code == 401

    @pytest.mark.parametrize("status", [400, 200])
    async def test_a_dead_token_is_an_error_or_none(self, play, wren, status):
        await play.act("policy", revoke_dead=status)
        await play.revoke(wren["access_token"])
        assert (await play.revoke(wren["access_token"])).status_code == status

    @pytest.mark.parametrize(("policy", "body"), [("empty", b""), ("false", b'{"revoked":false}')])
    async def test_the_shape_of_the_answer_is_open(self, play, wren, policy, body):
        await play.act("policy", revoked=policy)
        assert (await play.revoke(wren["access_token"])).content == body

    async def test_only_the_apps_own_tokens_end(self, play, wren):
        public = {"client_id": "x-emulator-public"}
        assert (await play.revoke(wren["access_token"], {}, **public)).status_code == 400
        assert (await play.ask(ME, wren)).status_code == 200

    async def test_a_stranger_ends_nothing(self, play, wren):
        reply = await play.revoke(wren["access_token"], basic(secret="guess"))
        assert (reply.status_code, reply.json()["error"]) == (401, "unauthorized_client")

    async def test_a_token_has_to_be_named(self, play):
        assert (await play.http.post(REVOKE, headers=basic())).status_code == 400

    async def test_a_person_withdraws_what_they_granted(self, play, wren):
        told = await play.act("revoke", login="wren", client_id="x-emulator")
        assert (told["tokens"], len(told["deliveries"])) == (1, 2)
        assert (await play.ask(ME, wren)).status_code == 401
        assert (await play.refresh(wren)).status_code == 400
        assert (await play.act("revoke", login="wren"))["tokens"] == 0


class TestGate:
    async def test_without_a_token_nothing_is_told(self, play):
        reply = await play.ask(ME, {"access_token": "junk"})
        assert reply.status_code == 401
        assert reply.json()["title"] == "Unauthorized"

    async def test_a_scope_that_lacks_is_a_problem(self, play):
        tokens = await play.tokens(scope="tweet.read users.read")
        said = await post(play, tokens, 403, text="no")
        assert (said["title"], said["type"]) == ("Forbidden", "about:blank")

    async def test_a_window_is_told_and_ends_with_the_time(self, play, wren):
        await play.act("limit", login="wren", route="GET /2/users/me", remaining=1)
        first, second = await play.ask(ME, wren), await play.ask(ME, wren)
        assert (first.headers["x-rate-limit-remaining"], second.status_code) == ("0", 429)
        assert second.headers["x-rate-limit-limit"] == "75"
        assert second.json()["title"] == "Too Many Requests"
        await play.world.advance(901)
        assert (await play.ask(ME, wren)).status_code == 200

    async def test_credits_that_are_used_up_are_a_problem_of_their_own(self, play, wren):
        await play.act("policy", capped=429)
        said = (await play.ask(ME, wren)).json()
        assert said["type"] == "https://api.x.com/2/problems/usage-capped"

    @pytest.mark.parametrize(
        "query",
        [
            "color=red",
            "user.fields=shoe_size",
            "post.fields=retweet",
            "tweet.fields=note_post",
            "expansions=author_id",
        ],
    )
    async def test_what_there_is_no_such_thing_of_is_refused(self, play, wren, query):
        reply = await play.ask(f"{ME}?{query}", wren)
        assert reply.json()["type"] == "https://api.x.com/2/problems/invalid-request"
        assert reply.json()["errors"][0]["parameters"]

    @pytest.mark.parametrize(
        "query",
        [
            "user.fields=affiliation,entities,pinned_tweet_id,verified_type,withheld",
            "expansions=pinned_tweet_id,most_recent_tweet_id",
        ],
    )
    async def test_what_a_person_has_none_of_is_left_out(self, play, wren, query):
        """social-core asks for entities and pinned posts of everybody who logs in."""
        said = (await play.ask(f"{ME}?{query}", wren)).json()
        assert set(said["data"]) == {"id", "name", "username"}

    @pytest.mark.parametrize("bound", ["since_id", "until_id"])
    async def test_a_bound_that_is_no_id_is_refused(self, play, wren, bound):
        reply = await play.ask(f"/2/users/{WREN}/tweets?{bound}=abc", wren)
        assert (reply.status_code, reply.json()["errors"][0]["parameters"]) == (
            400,
            {bound: ["abc"]},
        )

    async def test_elsewhere_there_is_nothing(self, play, wren):
        assert (await play.ask("/2/users/1/likes", wren, "POST", json={})).status_code == 404


class TestAddress:
    @pytest.mark.parametrize(("scope", "told"), [(" users.email", True), ("", False)])
    async def test_it_is_told_with_its_scope_alone(self, play, scope, told):
        tokens = await play.tokens(scope=f"tweet.read users.read{scope}")
        reply = await play.ask(f"{ME}?user.fields=confirmed_email", tokens)
        found = reply.json()["data"].get("confirmed_email")
        assert (reply.status_code, found) == (200, "wren@birds.example" if told else None)

    async def test_nobody_is_told_that_of_somebody_else(self, play):
        tokens = await play.tokens(scope="tweet.read users.read users.email")
        path = "/2/users/by/username/finch?user.fields=confirmed_email"
        assert "confirmed_email" not in (await play.ask(path, tokens)).json()["data"]


class TestUploads:
    @pytest.mark.parametrize("category", ["tweet_video", "amplify_video"])
    async def test_a_film_is_of_either_kind(self, play, wren, category):
        film = {"media_type": "video/mp4", "total_bytes": 9, "media_category": category}
        reply = await play.ask("/2/media/upload/initialize", wren, "POST", json=film)
        assert (reply.status_code, "id" in reply.json()["data"]) == (200, True)

    @pytest.mark.parametrize(
        ("where", "said"),
        [
            ("", {"media_category": "tweet_image", "media": "\xe9"}),
            ("", {"media_category": "tweet_image", "media": "YQ"}),
            ("/initialize", {"media_category": ["tweet_video"], "total_bytes": 9}),
        ],
    )
    async def test_what_is_no_picture_and_no_film_is_refused(self, play, wren, where, said):
        reply = await play.ask(f"/2/media/upload{where}", wren, "POST", json=said)
        assert (reply.status_code, reply.json()["title"]) == (400, "Invalid Request")


class TestPosts:
    @pytest.mark.parametrize("expansion", ["in_reply_to_user_id", "referenced_tweets.id.author_id"])
    async def test_who_was_replied_to_comes_along(self, play, wren, expansion):
        theirs = (await play.act("post", login="finch", text="@wren and you?"))["id"]
        mine = {"text": "I, too", "reply": {"in_reply_to_tweet_id": theirs}}
        made = (await play.ask(POSTS, wren, "POST", json=mine)).json()["data"]["id"]
        said = (await play.ask(f"{POSTS}/{made}?expansions={expansion}", wren)).json()
        assert [one["username"] for one in said["includes"]["users"]] == ["finch"]

    async def test_a_missing_post_is_a_success_with_errors_alone(self, play, wren):
        reply = await play.ask(f"{POSTS}/1", wren)
        assert (reply.status_code, set(reply.json())) == (200, {"errors"})

    @pytest.mark.parametrize(
        ("policy", "asked", "status"),
        [
            ("asked", "post.fields", 200),
            ("asked", "tweet.fields", 200),
            ("new", "post.fields", 200),
            ("new", "tweet.fields", 400),
            ("old", "post.fields", 400),
            ("old", "tweet.fields", 200),
        ],
    )
    async def test_fields_are_asked_for_in_either_vocabulary(
        self, play, wren, policy, asked, status
    ):
        await play.act("policy", words=policy)
        made = await post(play, wren, text="tweet or post")
        reply = await play.ask(f"{POSTS}/{made['data']['id']}?{asked}=public_metrics", wren)
        assert reply.status_code == status
        if status == 200:
            word = "repost_count" if asked == "post.fields" else "retweet_count"
            assert word in reply.json()["data"]["public_metrics"]

    async def test_the_newer_words_tell_what_a_post_replies_to(self, play, wren):
        await play.act("policy", words="new")
        began = (await post(play, wren, text="one"))["data"]["id"]
        reply = {"in_reply_to_tweet_id": began}
        made = (await post(play, wren, text="two", reply=reply))["data"]["id"]
        fields = "author_id,edit_history_post_ids,referenced_posts"
        said = (await play.ask(f"{POSTS}/{made}?post.fields={fields}", wren)).json()["data"]
        assert (said["author_id"], said["edit_history_post_ids"]) == (WREN, [made])
        assert said["referenced_posts"] == [{"type": "replied_to", "id": began}]

    async def test_both_vocabularies_at_once_are_refused(self, play, wren):
        both = "tweet.fields=lang&post.fields=lang"
        assert (await play.ask(f"{ME}?{both}", wren)).status_code == 400

    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (400, {}),
            (400, {"text": " "}),
            (400, {"text": "a", "colour": "red"}),
            (400, {"text": "a", "media": {"media_ids": ["1"]}}),
            (400, {"text": "a", "media": {"media_ids": []}}),
            (400, {"text": "a", "poll": {"options": ["b"], "duration_minutes": 5}}),
            (400, {"text": "a", "poll": {"options": ["b", "c"], "duration_minutes": 4}}),
            (400, {"text": "a", "reply": {"in_reply_to_tweet_id": 7}}),
            (400, {"text": "a", "reply_settings": "everyone"}),
            (403, {"text": "a", "reply": {"in_reply_to_tweet_id": "7"}}),
            (403, {"text": "a", "quote_tweet_id": "7"}),
            (403, {"text": "a" * 281}),
            (403, {"text": "Good morning to all who are up."}),
        ],
    )
    async def test_what_x_would_not_post_is_not_posted(self, play, wren, status, body):
        await post(play, wren, status, **body)
        listed = (await play.ask(f"/2/users/{WREN}/tweets", wren)).json()
        assert listed["meta"]["result_count"] == 1

    async def test_a_web_address_counts_as_23_characters(self, play, wren):
        await post(play, wren, text="a" * 250 + " https://example.com/" + "b" * 100)

    async def test_pages_follow_each_other_without_a_gap(self, play, wren):
        for number in range(12):
            await post(play, wren, text=f"number {number}")
        path, found, token = f"/2/users/{WREN}/tweets?max_results=5", [], ""
        while token is not None:
            said = (await play.ask(path + token, wren)).json()
            found += [one["id"] for one in said["data"]]
            after = said["meta"].get("next_token")
            token = after and f"&pagination_token={after}"
        assert len(set(found)) == len(found) == 13
        assert found == sorted(found, key=int, reverse=True)

    async def test_nobody_deletes_what_others_posted(self, play, wren):
        made = await play.act("post", login="finch", text="mine")
        assert (await play.ask(f"{POSTS}/{made['id']}", wren, "DELETE")).status_code == 403
