"""TikTok's tokens: none comes out of a log, an answer or an error."""

import logging
import re

import pytest

from connector_vault.connector import Refused
from connector_vault.redaction import Redaction
from tests.connectors.tiktok_play import CREATOR, TIKTOK, playing

SHAPES = {
    "access, as documented": "act.example12345Example12345Example",
    "refresh, as documented": "rft.example12345Example12345Example",
    "client": "clt.example12345Example12345Example",
    "with all its letters": "act.OABTKK4Mg6S9uL25-kKga6c_SJJuzNp5B24bTrNwouBm*hb7BDnkh!4692.e1",
}
CANARY = "a canary act.2 impact.example contract.of-eighteen-letters https://www.tiktok.com/@a.b/1"


@pytest.fixture(params=SHAPES)
def token(request):
    return SHAPES[request.param]


def test_every_shape_is_recognised_whole(token):
    assert any(re.fullmatch(pattern, token) for pattern in TIKTOK.patterns)


def test_none_comes_out_of_a_log(token):
    text = f'{CANARY} {{"a":"{token}"}} ?t={token}&u=1'
    record = logging.LogRecord("tiktok", logging.INFO, "t.py", 1, text, None, None)
    Redaction(TIKTOK.patterns).filter(record)
    assert token[4:] not in record.getMessage()
    assert CANARY in record.getMessage()


async def test_none_comes_out_of_answers_or_errors():
    async with playing() as play:
        tokens = await play.tokens()
        for token in (*SHAPES.values(), tokens["access_token"], tokens["refresh_token"]):
            seeded = f"{CANARY} {token} and '{token}'"
            body = {"data": {"creator_username": seeded}, "error": {"code": "ok"}}
            await play.world.fault(path=CREATOR, kind="status", status=200, body=body)
            found = await play.call("creator_info", tokens)
            assert token[4:] not in repr(found)
            assert CANARY in found.creator_username
            body = {"error": {"code": "invalid_param", "message": seeded}}
            await play.world.fault(path=CREATOR, kind="status", status=400, body=body)
            with pytest.raises(Refused) as raised:
                await play.call("creator_info", tokens)
            assert token[4:] not in repr(raised.value)
            assert CANARY in raised.value.message


async def test_every_token_the_emulator_makes_is_known():
    async with playing() as play:
        for _ in range(5):
            tokens = await play.tokens()
            for name in ("access_token", "refresh_token"):
                assert re.fullmatch(TIKTOK.patterns[0], tokens[name])
