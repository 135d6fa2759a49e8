"""Instagram's tokens, in logs, in answers and in errors."""

import logging
import re

import pytest

from connector_vault.connector import Refused
from connector_vault.redaction import Redaction
from tests.connectors.instagram_play import INSTAGRAM, playing

CANARY = "a canary 17841405793187218 IGNORED https://www.instagram.com/p/20912000008/"
LETTERS = "x7Yk3_Zq9-Wm2Vb8Nc4Rt6Lp1Jd5Hf0GsTuEaOi"
SHAPES = {
    "today": f"IGAA{LETTERS}",
    "before": f"IGQV{LETTERS}",
    "as documented": f"EAAC{LETTERS.replace('_', 'a').replace('-', 'b')}",
    "an app's own": f"9906026279380|{LETTERS[:32]}",
    "in an address": f"?access_token={LETTERS[:20]}%3D",
    "a proof": f"appsecret_proof={'0123456789abcdef' * 4}",
}


@pytest.fixture(params=SHAPES)
def token(request):
    return SHAPES[request.param]


def test_every_shape_is_recognised_whole(token):
    assert any(re.fullmatch(pattern, token) for pattern in INSTAGRAM.patterns)


def test_none_comes_out_of_a_log(token):
    text = f"{CANARY} ({token}) '{token}'"
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, text, None, None)
    Redaction(INSTAGRAM.patterns).filter(record)
    assert token[-20:] not in record.getMessage()
    assert CANARY in record.getMessage()


async def test_what_the_emulator_gives_is_recognised():
    async with playing() as play:
        for token in (await play.short(), await play.long()):
            assert any(re.fullmatch(pattern, token) for pattern in INSTAGRAM.patterns)


async def test_none_comes_out_of_answers_or_errors():
    async with playing() as play:
        held = await play.long()
        for token in (*SHAPES.values(), held):
            seeded = f"{CANARY} ({token})"
            body = {"username": "robin", "name": seeded, "biography": token}
            await play.world.fault(path="/v26.0/178*", kind="status", status=200, body=body)
            found = await play.call("profile", held)
            assert token[-20:] not in repr(found)
            assert CANARY in found.name
            error = {"error": {"code": 100, "message": seeded, "error_user_msg": seeded}}
            await play.world.fault(path="/v26.0/178*", kind="status", status=400, body=error)
            with pytest.raises(Refused) as told:
                await play.call("profile", held)
            assert token[-20:] not in repr(told.value)
            assert CANARY in told.value.message


async def test_the_address_of_a_next_page_does_not_come_out():
    async with playing() as play:
        body = {
            "data": [{"id": "1", "caption": CANARY}],
            "paging": {"cursors": {"after": "abc"}, "next": "https://graph.instagram.com/?secret"},
        }
        await play.world.fault(path="*/media", kind="status", status=200, body=body)
        found = await play.call("list_media", await play.long())
        assert (found.next_cursor, found.media[0].caption) == ("abc", CANARY)
        assert "secret" not in repr(found)
