"""X's tokens have no beginning of their own: they are known by how they end."""

import base64
import logging
import re

import pytest

from connector_vault.connector import Refused
from connector_vault.redaction import Redaction
from tests.connectors.x_play import X, playing

PUBLISHED = {
    "access": "Q0Mzb0VhZ0V5dmNXSTEyNER2MFNfVW50RzdXdTN6STFxQlVkTGhTc1lCdlBi"
    "OjE2MjIxNDc3NDM5MTQ6MToxOmF0OjE",
    "refresh": "bWRWa3gzdnk3WHRGU1o0bmRRcTJ5VUxWX1lZTDdJSUtmaWcxbTVxdEFXcW5t"
    "OjE2MjIxNDc3NDM5MTQ6MToxOnJ0OjE",
    "code": "VGNibzFWSWREZm01bjN1N3dicWlNUG1oa2xRRVNNdmVHelJGY2hPWGxNd2dx"
    "OjE2MjIxNjA4MjU4MjU6MToxOmFjOjE",
}
"""Examples of X's own documents.

https://docs.x.com/fundamentals/authentication/oauth-2-0/user-access-token
"""

APP = "A" * 21 + "Fx3AgEAAAAAVkWy%2BhF9bRq0XcX%2F1QpVbXf4n0A%3DkZ9sT7uQ1wE3rT5yU7iO9pA2sD4f"
"""What an app's own token looks like."""


def made(kind, length):
    text = f"{'q' * length}:1700000000000:1:1:{kind}:1"
    return base64.urlsafe_b64encode(text.encode()).decode()


SHAPES = {
    **PUBLISHED,
    "app": APP,
    **{
        f"{kind} after {length}": made(kind, length).rstrip("=")
        for kind in ("at", "rt", "ac")
        for length in (48, 49, 50)
    },
    "padded": made("at", 49),
}
CANARY = "a canary 2244994945 x-emulator-client https://api.x.com/2/tweets/1460323737035677698"


@pytest.fixture(params=SHAPES)
def token(request):
    return SHAPES[request.param]


def test_every_shape_is_recognised_whole(token):
    assert any(re.fullmatch(pattern, token) for pattern in X.patterns)


def test_none_comes_out_of_a_log(token):
    text = f'{CANARY} {{"a":"{token}","b":"x{token[1:]}"}} ?t={token}&u=1'
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, text, None, None)
    Redaction(X.patterns).filter(record)
    assert token[-30:] not in record.getMessage()
    assert CANARY in record.getMessage()


def test_what_is_no_token_stays():
    words = [
        CANARY,
        base64.b64encode(b"some words that are just long enough to look like one").decode(),
        base64.urlsafe_b64encode(b"emulated-client-id-of-an-app-at-x-without-secret:1:ci").decode(),
        "A" * 17 + "b" * 60,
        "https://x.com/i/oauth2/authorize?response_type=code&client_id=M1M5R3BMVy13QmpScXkzTUt5OE46",
    ]
    found = [word for word in words for pattern in X.patterns if re.search(pattern, word)]
    assert found == []


async def test_none_comes_out_of_answers_or_errors():
    async with playing() as play:
        tokens = await play.tokens()
        for token in SHAPES.values():
            seeded = f"{CANARY} {token} and '{token}'"
            body = {"data": {"id": "1", "username": "wren", "name": seeded, "location": token}}
            await play.world.fault(path="/2/users/me", kind="status", status=200, body=body)
            found = await play.call("get_me", tokens)
            assert token[-30:] not in repr(found)
            assert CANARY in found.name
            body = {"detail": seeded, "errors": [{"message": token}]}
            await play.world.fault(path="/2/users/me", kind="status", status=403, body=body)
            with pytest.raises(Refused) as raised:
                await play.call("get_me", tokens)
            assert token[-30:] not in repr(raised.value)
            assert CANARY in raised.value.message
