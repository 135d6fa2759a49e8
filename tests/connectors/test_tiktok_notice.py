"""TikTok's notices: who signed them, when, and of whom they speak.

TikTok prints a signature without the body it signs, which cannot be checked. These were made by
hand, by the words of its page, with what Python ships and with openssl.

https://developers.tiktok.com/doc/webhooks-verification
"""

import hashlib
import hmac
import json

import pytest

from connector_vault.connector import Delivery, NotAllowed, Secret
from tests.connectors.tiktok_play import DUCK, KEY, QUAIL, TIKTOK, playing

AT = 1_633_174_587
SECRET = Secret("a-client-secret")
BODY = (
    b'{"client_key":"bwo2m45353a6k85","event":"authorization.removed","create_time":1615338610,'
    b'"user_openid":"act.example12345Example12345Example","content":"{\\"reason\\":1}"}'
)
SIGNED = "ba8807c40da0e4bf893f5607ed172847567a1dccd7398c81e5071e4d94a25b6d"
"""openssl dgst -sha256 -hmac a-client-secret, of the time, a dot and the body."""


def delivery(body=BODY, header=None, at=AT):
    said = {} if header is None else {"tiktok-signature": header}
    return Delivery(headers=said, body=body, at=at)


def sign(body=BODY, at=AT, key=b"a-client-secret"):
    return hmac.digest(key, b"%d." % at + body, hashlib.sha256).hex()


@pytest.mark.parametrize("at", [AT, AT + 300, AT - 300])
def test_what_tiktok_signed_passes(at):
    TIKTOK.notice.verify(delivery(header=f"t={AT},s={SIGNED}", at=at), SECRET)
    assert sign() == SIGNED


@pytest.mark.parametrize(
    ("header", "body", "at"),
    [
        (None, BODY, AT),
        ("", BODY, AT),
        (f"t={AT},s={SIGNED}", BODY + b" ", AT),
        (f"t={AT},s={SIGNED}", BODY, AT + 301),
        (f"t={AT},s={SIGNED}", BODY, AT - 301),
        (f"t={AT + 1},s={SIGNED}", BODY, AT),
        (f"t={AT},s={SIGNED[:-1]}0", BODY, AT),
        (f"t={AT},s=", BODY, AT),
        (f"t={AT},s={SIGNED},s={SIGNED}", BODY, AT),
        (f"s={SIGNED}", BODY, AT),
        (f"t={'1' * 5000},s={SIGNED}", BODY, AT),
        ("t=\u0661,s=" + SIGNED, BODY, AT),
    ],
)
def test_what_it_did_not_sign_or_long_ago_does_not(header, body, at):
    with pytest.raises(NotAllowed):
        TIKTOK.notice.verify(delivery(body, header, at), SECRET)


def test_an_empty_key_is_no_key():
    header = f"t={AT},s={sign(key=b'')}"
    with pytest.raises(NotAllowed):
        TIKTOK.notice.verify(delivery(header=header), Secret(""))


def test_it_speaks_of_the_account_that_ended_it():
    assert TIKTOK.notice.accounts(delivery()) == ("act.example12345Example12345Example",)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[" * 100_000,
        b"{}",
        b'{"event": "authorization.removed"}',
        b'{"event": "authorization.removed", "user_openid": ""}',
        json.dumps({"event": "authorization.removed", "user_openid": "x" * 300}).encode(),
        b'{"event": "post.publish.complete", "user_openid": "o"}',
        b'{"event": ["authorization.removed"], "user_openid": "o"}',
    ],
)
def test_of_anything_else_it_says_nothing(body):
    assert TIKTOK.notice.accounts(delivery(body)) == ()


async def test_the_emulator_signs_as_tiktok_does():
    async with playing() as play:
        tokens = await play.tokens()
        (sent,) = (await play.act("revoke", login=DUCK, reason=4))["deliveries"]
        assert (await play.act("revoke", login=QUAIL))["deliveries"] == []
    told = Delivery(
        headers=sent["headers"],
        body=sent["body"].encode(),
        at=json.loads(sent["body"])["create_time"],
    )
    TIKTOK.notice.verify(told, Secret(KEY["client_secret"]))
    assert TIKTOK.notice.accounts(told) == (tokens["open_id"],)
    assert json.loads(json.loads(sent["body"])["content"]) == {"reason": 4}


async def test_our_own_revocation_is_told_too():
    async with playing() as play:
        tokens = await play.tokens()
        assert (await play.revoke(tokens["access_token"])).json() == {}
        (sent,) = (await play.act("deliveries"))["deliveries"]
    assert json.loads(json.loads(sent["body"])["content"]) == {"reason": 5}
