"""What GitHub sends when somebody takes back what they granted."""

import pytest

from connector_vault import Secret, registry
from connector_vault.connector import Delivery, NotAllowed
from tests.emulated import playing

github = registry.load("github")

HUSH = Secret("It's a Secret to Everybody")
SIGNATURE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
"""The vector of GitHub's own page on validating deliveries, for `Hello, World!`."""


def delivered(body, signature, event="github_app_authorization"):
    headers = {"x-hub-signature-256": signature, "x-github-event": event}
    return Delivery(headers=headers, body=body)


def test_a_delivery_that_github_signed_passes():
    github.notice.verify(delivered(b"Hello, World!", SIGNATURE), HUSH)


@pytest.mark.parametrize(
    ("body", "signature", "secret"),
    [
        (b"Hello, World?", SIGNATURE, HUSH),
        (b"Hello, World!", SIGNATURE.upper(), HUSH),
        (b"Hello, World!", SIGNATURE[:-1], HUSH),
        (b"Hello, World!", "", HUSH),
        (b"Hello, World!", "sha256=é", HUSH),
        (b"Hello, World!", SIGNATURE, Secret("another")),
    ],
)
def test_another_delivery_does_not(body, signature, secret):
    with pytest.raises(NotAllowed):
        github.notice.verify(delivered(body, signature), secret)


@pytest.mark.parametrize(
    ("event", "body", "accounts"),
    [
        ("github_app_authorization", b'{"action":"revoked","sender":{"id":583231}}', ["583231"]),
        ("github_app_authorization", b'{"action":"other","sender":{"id":583231}}', []),
        ("installation", b'{"action":"revoked","sender":{"id":583231}}', []),
        ("github_app_authorization", b"{", []),
        ("github_app_authorization", b'{"action":"revoked","sender":{"id":"x"}}', []),
        ("github_app_authorization", b"[]", []),
    ],
)
def test_a_delivery_says_who_took_back_what_they_granted(event, body, accounts):
    assert list(github.notice.accounts(delivered(body, "", event))) == accounts


async def test_what_the_emulator_sends_for_a_github_app_is_signed_and_names_the_person():
    app = {"client_id": "Iv1.app", "client_secret": "y"}
    uris = ["http://127.0.0.1:7777/callback"]
    made = {"id": "Iv1.app", "secret": "y", "redirect_uris": uris, "github_app": True}
    async with playing() as played:
        await played.world.act("github", "register_client", **made)
        await played.tokens(app, client_id="Iv1.app")
        await played.tokens()
        [sent] = (await played.world.act("github", "revoke", login="octocat"))["deliveries"]
        again = await played.world.act("github", "revoke", login="octocat")
    found = Delivery(sent["headers"], sent["body"].encode())
    github.notice.verify(found, Secret("emulator-webhook-secret"))
    assert list(github.notice.accounts(found)) == ["583231"]
    with pytest.raises(NotAllowed):
        github.notice.verify(found, Secret("emulator-secret"))
    assert again["deliveries"] == []
