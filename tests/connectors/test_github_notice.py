"""What GitHub sends when somebody takes back what they granted."""

import pytest

from connector_vault import Secret, registry
from connector_vault.connector import Delivery, NotAllowed

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
