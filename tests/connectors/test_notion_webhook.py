"""Notion's webhook signature, with vectors made by @notionhq/client 5.26.0 signWebhookPayload."""

import pytest

from connector_vault import registry
from connector_vault.connector import Delivery, NotAllowed
from tests.connectors.played_notion import playing

webhook = registry.part("notion", "webhook")

TOKEN = b"secret_tMrlL1qK5vuQAh1b6cZGhFChZTSYJlce98V0pYn7yBl"
VECTORS = [
    (
        b'{"id":"367cba44-b6f3-4c92-81e7-6a2e9659efd4","type":"page.created"}',
        "sha256=b30b43ac8fa987d169cb3ee2425866b953d974456e21e4c6d4d9b18fee3249b4",
    ),
    (b"", "sha256=e482a3fd1ac21103ced304e676969d9e3a6ff10fec05de81820114a4bf2c6b74"),
    (
        '{"title":"Grüße \\u2603 ☃"}'.encode(),
        "sha256=6f6c981518038277eef513d969f672582385433c8cc3862d8c80daa69d555312",
    ),
    (
        b"\xff\x00\x0a",
        "sha256=b646aa347540db66ec5ecac0d7da11847deb1dda4a0ca5515636fe09f5904248",
    ),
]
BODY, SIGNATURE = VECTORS[0]


def delivery(body=BODY, signature=SIGNATURE):
    return Delivery({"x-notion-signature": signature}, body)


@pytest.mark.parametrize(("body", "signature"), VECTORS)
def test_what_notions_own_signer_signs_passes(body, signature):
    webhook.verify(delivery(body, signature), TOKEN)
    webhook.verify(delivery(body, signature.upper().replace("SHA256", "sha256")), TOKEN)
    assert webhook.sign(body, TOKEN) == signature


@pytest.mark.parametrize(
    "signature",
    ["", "sha256=", SIGNATURE[7:], SIGNATURE[:-1], SIGNATURE + "0", "sha1=" + SIGNATURE[7:], "é"],
)
def test_what_is_no_signature_does_not_pass(signature):
    with pytest.raises(NotAllowed):
        webhook.verify(delivery(signature=signature), TOKEN)


@pytest.mark.parametrize("place", range(0, len(BODY), 7))
def test_a_changed_byte_does_not_pass(place):
    changed = bytearray(BODY)
    changed[place] ^= 1
    with pytest.raises(NotAllowed):
        webhook.verify(delivery(bytes(changed)), TOKEN)


def test_another_subscriptions_token_does_not_pass():
    with pytest.raises(NotAllowed):
        webhook.verify(delivery(), TOKEN[:-1])


def test_a_delivery_without_a_signature_does_not_pass():
    with pytest.raises(NotAllowed):
        webhook.verify(Delivery({}, BODY), TOKEN)


def test_a_handshake_holds_the_token_and_hides_it():
    token = webhook.handshake(Delivery({}, b'{"verification_token":"secret_x"}'))
    assert token.reveal() == "secret_x"
    assert "secret_x" not in repr(token)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", BODY, b'{"verification_token":1}', b'{"verification_token":""}']
)
def test_what_is_no_handshake_holds_none(body):
    assert webhook.handshake(Delivery({}, body)) is None


async def test_the_emulators_deliveries_pass_and_its_handshake_does_not():
    async with playing() as notion:
        signed = await notion.act("webhook", type="page.deleted")
        first = await notion.act("webhook", handshake=True)
    token = webhook.handshake(Delivery({}, first["body"].encode())).reveal().encode()
    webhook.verify(Delivery(signed["headers"], signed["body"].encode()), token)
    with pytest.raises(NotAllowed):
        webhook.verify(Delivery(first["headers"], first["body"].encode()), token)


def test_no_event_tells_of_a_removed_connection():
    assert registry.load("notion").notice is None
