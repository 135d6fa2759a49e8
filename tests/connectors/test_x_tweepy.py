"""X, played, for a client that nobody here wrote: tweepy, in the older vocabulary."""

import httpx2
import pytest

from tests.connectors.needed import needed
from tests.connectors.x_play import HOME, WREN, back, playing

tweepy = needed("tweepy")
adapters = needed("requests.adapters")

FIELDS = ["public_metrics", "author_id", "conversation_id", "referenced_tweets"]


class Here(adapters.HTTPAdapter):
    """Takes what is for X to the emulator: tweepy knows no other address."""

    def __init__(self, url):
        super().__init__()
        self.url = url

    def send(self, request, **options):
        request.url = f"{self.url}/{request.url.removeprefix('https://')}"
        return super().send(request, **{**options, "proxies": {}})


@pytest.fixture
async def play(anyio_backend, monkeypatch):
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    async with playing() as play:
        await play.act("policy", words="old")
        yield play


@pytest.fixture
async def client(play):
    """It is synchronous: it blocks this loop, and the emulator runs in another."""
    client = tweepy.Client((await play.tokens())["access_token"])
    client.session.mount("https://api.twitter.com", Here(play.world.url))
    with client.session:
        yield client


def create(client, **body):
    return client.create_tweet(user_auth=False, **body).data["id"]


def test_it_signs_in(play):
    handler = tweepy.OAuth2UserHandler(
        client_id="x-emulator",
        client_secret="emulator-secret",
        redirect_uri=HOME,
        scope=["tweet.read", "users.read", "offline.access"],
    )
    handler.mount("https://api.twitter.com", Here(play.world.url))
    asked = handler.get_authorization_url().removeprefix("https://")
    place, said = back(httpx2.get(f"{play.world.url}/{asked}", trust_env=False, verify=False))
    tokens = handler.fetch_token(f"{place}?code={said['code']}&state={said['state']}")
    assert (tokens["expires_in"], tokens["token_type"]) == (7200, "bearer")
    assert tokens["scope"] == ["tweet.read", "users.read", "offline.access"]


def test_posts_are_made_read_and_deleted(client):
    made = create(client, text="From elsewhere", poll_options=["a", "b"], poll_duration_minutes=5)
    found = client.get_tweet(
        made, tweet_fields=FIELDS, expansions=["author_id", "attachments.poll_ids"]
    )
    assert (found.data.author_id, found.data.public_metrics["retweet_count"]) == (int(WREN), 0)
    assert found.includes["users"][0].username == "wren"
    assert [one["label"] for one in found.includes["polls"][0].options] == ["a", "b"]
    assert client.delete_tweet(made, user_auth=False).data["deleted"]
    assert client.get_tweet(made).errors[0]["resource_id"] == made


def test_a_reply_refers_to_what_it_answers(client):
    (mention,) = client.get_users_mentions(WREN, tweet_fields=FIELDS).data
    made = create(client, text="Songs", in_reply_to_tweet_id=mention.id)
    found = client.get_tweets([made], tweet_fields=FIELDS, expansions=["referenced_tweets.id"])
    assert found.data[0].referenced_tweets[0].id == mention.id
    assert found.includes["tweets"][0].id == mention.id


def test_an_uninvited_reply_is_forbidden(client):
    (alone,) = client.search_recent_tweets("thistle").data
    with pytest.raises(tweepy.Forbidden, match="not been mentioned"):
        create(client, text="May I?", in_reply_to_tweet_id=alone.id)


def test_pages_are_followed(client):
    for number in range(7):
        create(client, text=f"number {number}")
    pages = list(tweepy.Paginator(client.get_users_tweets, WREN, max_results=5))
    assert [len(page.data) for page in pages] == [5, 3]


async def test_a_limit_and_a_dead_token_are_known_as_such(play, client):
    await play.act("limit", login="wren", route="GET /2/users/me")
    with pytest.raises(tweepy.TooManyRequests):
        client.get_me(user_auth=False)
    await play.act("revoke", login="wren")
    with pytest.raises(tweepy.Unauthorized):
        client.get_me(user_auth=False)
