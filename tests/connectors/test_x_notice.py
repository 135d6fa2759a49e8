"""What X tells of itself: its signature, its challenge, and who took back what they granted.

The secret and the challenge are those of X's own example programs; X prints no results, so these
were made by the openssl command:

    printf %s MESSAGE | openssl dgst -sha256 -hmac SECRET -binary | base64
"""

import json

import pytest

from connector_vault.connector import Delivery, NotAllowed, Secret
from tests.connectors.x_play import X, playing

NOTICE = X.notice
SECRET = Secret("z3ZX4v7mAAUGykl3EcmkqbartmuW8VFOOzCloLx9Q45P0hLrFu")
CHALLENGE = "9b4507b3-9040-4669-9ca3-6b94edb50553"
ANSWER = "sha256=Cytd4Sq+NvEcV3MMrXxWJGJx5A+y/lXzzU2Maartkx8="
EVENT = (
    b'{"data":{"event_uuid":"1","filter":{},"event_type":"oauth.revoke","payload":{"date_time":'
    b'"2026-11-21T00:00:00.000Z","user_id":"2244994945","app_id":"7"}}}'
)
SIGNED = "sha256=vcKrkHNHemX1qUPJ5jERxh4HsCzl9hkavTiiAtL7d9s="
OLD_EVENT = {
    "user_event": {
        "revoke": {
            "date_time": "2018-05-24T09:48:12+00:00",
            "target": {"app_id": "13090192"},
            "source": {"user_id": "63046977"},
        }
    }
}
HEADER = "x-twitter-webhooks-signature"


def delivery(body=EVENT, signature=SIGNED, **query):
    headers = {} if signature is None else {HEADER: signature}
    return Delivery(headers, body, query)


def of(event):
    return NOTICE.accounts(Delivery({}, json.dumps(event).encode()))


def test_what_x_signed_passes():
    NOTICE.verify(delivery(), SECRET)


@pytest.mark.parametrize(
    "false",
    [
        delivery(EVENT.replace(b"2244994945", b"2244994946")),
        delivery(signature=None),
        delivery(signature=""),
        delivery(signature=SIGNED.removeprefix("sha256=")),
        delivery(signature=SIGNED[:-2]),
        delivery(signature=SIGNED.swapcase()),
        delivery(signature="sha256=\u00e9"),
        delivery(body=b""),
    ],
)
def test_what_x_did_not_sign_does_not(false):
    with pytest.raises(NotAllowed):
        NOTICE.verify(false, SECRET)


def test_a_signature_under_another_secret_does_not_pass():
    with pytest.raises(NotAllowed):
        NOTICE.verify(delivery(), Secret("the OAuth 2.0 client secret"))


def test_without_a_secret_nothing_passes():
    with pytest.raises(NotAllowed):
        NOTICE.verify(delivery(), Secret(""))
    assert NOTICE.challenge(delivery(b"", None, crc_token=CHALLENGE), Secret("")) is None


def test_a_challenge_is_answered_as_xs_examples_do():
    reply = NOTICE.challenge(delivery(b"", None, crc_token=CHALLENGE), SECRET)
    assert (reply.status, reply.json()) == (200, {"response_token": ANSWER})
    assert reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize("query", [{}, {"crc_token": ""}, {"crc_token": "a" * 513}])
def test_another_question_is_no_challenge(query):
    assert NOTICE.challenge(delivery(b"", None, **query), SECRET) is None


def test_an_event_is_no_challenge():
    assert NOTICE.challenge(delivery(crc_token=CHALLENGE), SECRET) is None


def test_nobody_gets_an_event_signed_by_asking_for_it_as_a_challenge():
    """The answer to a challenge is a signature under the key that signs events."""
    for event in (EVENT.decode(), json.dumps(OLD_EVENT), " []", '"x"'):
        assert NOTICE.challenge(delivery(b"", None, crc_token=event), SECRET) is None


def test_either_product_names_who_took_it_back():
    assert of(json.loads(EVENT)) == ("2244994945",)
    assert of(OLD_EVENT) == ("63046977",)


@pytest.mark.parametrize(
    "event",
    [
        {"data": {"event_type": "post.create", "payload": {"user_id": "1"}}},
        {"for_user_id": "1", "tweet_create_events": []},
        {"user_event": {"block": {"source": {"user_id": "1"}}}},
        {"data": {"event_type": "oauth.revoke", "payload": {"user_id": 7}}},
        {"data": {"event_type": "oauth.revoke"}},
        [],
        None,
    ],
)
def test_what_speaks_of_something_else_names_nobody(event):
    assert of(event) == ()


@pytest.mark.parametrize("body", [b"", b"\xff", b"{", b"[" * 100_000])
def test_what_cannot_be_read_names_nobody(body):
    assert NOTICE.accounts(Delivery({}, body)) == ()


async def test_what_the_emulator_sends_is_signed_and_names_the_person():
    async with playing() as play:
        await play.tokens()
        sent = (await play.act("revoke", login="wren"))["deliveries"]
    for one in sent:
        found = Delivery(one["headers"], one["body"].encode())
        NOTICE.verify(found, Secret("emulator-consumer-secret"))
        assert NOTICE.accounts(found) == ("1460323737035677698",)
        with pytest.raises(NotAllowed):
            NOTICE.verify(found, Secret("emulator-secret"))
    assert len(sent) == 2
