"""What Meta's connectors share: what errors mean, how long to wait, what proves who asks."""

import hashlib
import hmac
import json
import re
import string
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_vault import Client, Secret
from connector_vault.connector import Reply
from connector_vault.errors import RateLimited, Reconnect, Refused, Unreachable
from connector_vault.masking import Mask

META = "connector_vault.connectors._meta"
answers, pauses, proof, words = (
    import_module(f"{META}.{name}") for name in ("answers", "pauses", "proof", "words")
)

BUSY = {
    "x-business-use-case-usage": '{"104":[{"type":"pages","estimated_time_to_regain_access":7}]}'
}


def said(code, message="", status=400, headers=None, **more):
    body = {"error": {"message": message, "type": "OAuthException", "code": code, **more}}
    return Reply(status, json.dumps(body).encode(), headers or {})


def told(message):
    """Give an error of Instagram's own token endpoint."""
    body = {"error_type": "OAuthException", "code": 400, "error_message": message}
    return Reply(400, json.dumps(body).encode())


def test_what_is_no_error_is_given():
    assert answers.answer(Reply(200, b'{"id":"1"}')) == {"id": "1"}


@pytest.mark.parametrize("code", [102, 190])
def test_a_dead_token_is_told_with_its_subcode(code):
    reply = said(code, error_subcode=460)
    with pytest.raises(Reconnect) as caught:
        answers.answer(reply)
    assert caught.value.reason == f"{code}/460"
    assert answers.stale(reply)
    assert not answers.stale(said(100))
    assert not answers.stale(said(code, status=403))


@pytest.mark.parametrize("code", [4, 17, 32, 341, 613, 80001, 80014])
def test_a_limit_says_when_to_come_again(code):
    with pytest.raises(RateLimited) as caught:
        answers.answer(said(code, headers=BUSY))
    assert caught.value.retry_after == 420
    with pytest.raises(RateLimited) as caught:
        answers.answer(said(code))
    assert caught.value.retry_after == 300


def test_who_is_blocked_waits_long():
    with pytest.raises(RateLimited) as caught:
        answers.answer(said(368))
    assert caught.value.retry_after == 3600


@pytest.mark.parametrize(
    ("code", "waits", "seconds"),
    [
        (32, [("pages", 3), ("ads_management", 700)], 180),
        (80002, [("instagram", 2), ("pages", 9)], 120),
        (4, [("instagram", 2), ("pages", 9), ("ads_management", 700)], 540),
        (4, [("pages", 0), ("ads_management", 700)], 42_000),
        (4, [("ads_management", None), ("pages", 3), ("messenger", "soon")], 180),
    ],
)
def test_the_wait_is_that_of_what_was_throttled(code, waits, seconds):
    uses = [{"type": kind, "estimated_time_to_regain_access": one} for kind, one in waits]
    header = {"x-business-use-case-usage": json.dumps({"1": uses})}
    assert pauses.pause(Reply(400, headers=header), code) == seconds


@pytest.mark.parametrize("header", ["", "[]", "{", '{"1":7}', '{"1":[{"type":"x"}]}', "9" * 5000])
def test_a_header_that_cannot_be_read_decides_nothing(header):
    assert pauses.pause(Reply(400, headers={"x-business-use-case-usage": header}), 4) == 300


@pytest.mark.parametrize(
    "reply",
    [
        said(1, status=500),
        said(2, status=400),
        said(-1, status=400),
        said(5000, is_transient=True),
        Reply(503),
        said(9, status=500),
    ],
)
def test_a_meta_in_trouble_is_not_believed(reply):
    with pytest.raises(Unreachable):
        answers.answer(reply)


@pytest.mark.parametrize("code", [3, 10, 200, 283, 299])
def test_what_permission_is_missing_is_told(code):
    text = f"(#{code}) Requires pages_manage_posts and the 'pages_read_engagement' permission"
    with pytest.raises(Refused) as caught:
        answers.answer(said(code, text, status=403))
    assert caught.value.code == "permission_missing"
    assert "grant pages_manage_posts, pages_read_engagement" in caught.value.message


@pytest.mark.parametrize(
    ("code", "subcode", "name"),
    [
        (100, 0, "invalid_parameter"),
        (506, 0, "duplicate_post"),
        (1609005, 0, "bad_link"),
        (100, 33, "not_found"),
        (10, 2018278, "outside_window"),
        (9007, 2207027, "9007/2207027"),
    ],
)
def test_a_refusal_has_a_name(code, subcode, name):
    with pytest.raises(Refused) as caught:
        answers.answer(said(code, "Why\nnot", error_subcode=subcode))
    assert (caught.value.code, caught.value.message) == (name, "Why not")


def test_words_for_people_are_preferred_and_cut():
    with pytest.raises(Refused) as caught:
        answers.answer(said(100, "x", error_user_msg="y" * 999, error_user_title=None))
    assert caught.value.message == "y" * 300


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply(400, b"<html>"), Refused),
        (Reply(401), Reconnect),
        (Reply(429), RateLimited),
        (Reply(400, b'{"error":{"code":190,"message":7}}'), Reconnect),
        (Reply(400, b'{"error":7}'), Refused),
        (Reply(200, b'{"error":{"code":100}}'), Refused),
        (Reply(400, b'{"debug_info":{"type":"OffsetInvalidError","message":"no"}}'), Refused),
        (Reply(400, b'{"debug_info":[]}'), Refused),
    ],
)
def test_answers_of_other_shapes_are_read(reply, error):
    with pytest.raises(error):
        answers.answer(reply)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (said(190, error_subcode=458), "invalid_grant"),
        (said(1, "Error validating client secret."), "invalid_client"),
        (said(101, "Error validating application."), "invalid_client"),
        (said(100, "Invalid appsecret_proof provided"), "invalid_client"),
        (said(100, "This authorization code has been used.", error_subcode=36009), "invalid_grant"),
        (said(100, "identical to the one you used", error_subcode=36008), "invalid_request"),
        (said(1, "An unknown error occurred", status=500), "temporarily_unavailable"),
        (said(10, "no"), "access_denied"),
        (Reply(503, b"{}"), "server_error"),
        (
            told("Matching code was not found or was already used"),
            "invalid_grant",
        ),
        (
            told("Invalid platform app"),
            "invalid_client",
        ),
    ],
)
def test_errors_are_told_in_the_words_of_oauth(reply, error):
    told = answers.errors(reply)
    assert told["error"] == error
    assert "(0)" not in told["error_description"]


def test_what_is_no_error_of_a_token_endpoint():
    assert answers.errors(Reply(200, b'{"access_token":"x"}')) is None
    with pytest.raises(RateLimited):
        answers.errors(said(4))
    with pytest.raises(ValueError, match="Expecting"):
        answers.errors(Reply(200, b"<html>"))


def test_the_proof_is_a_signature_of_the_token():
    client = Client(provider="facebook", id="1", secret=Secret("s3cret"))
    right = hmac.new(b"s3cret", b"EAAtoken", hashlib.sha256).hexdigest()
    assert proof.appsecret_proof(client, Secret("EAAtoken")) == {"appsecret_proof": right}
    assert proof.appsecret_proof(Client(provider="facebook", id="1"), Secret("EAAtoken")) == {}


@pytest.mark.parametrize(
    "token",
    [
        "EAAE" + "aB3" * 20,
        "IGAA" + "b_-" * 20,
        "1234567890123456|emulator-secret-of-facebook",
        "?access_token=anything",
        "appsecret_proof=" + "0f" * 32,
    ],
)
def test_every_shape_of_a_token_is_known(token):
    assert re.search("|".join(words.PATTERNS), f"so: {token}, and more")


_LETTERS = string.ascii_letters + string.digits
_ENDS = ('"', "=", " ", ":", "|", "/", "\\n", "\\u0026", "%3D")
"""What may stand before a token: the last are escapes, of JSON and of an address."""


@given(st.text(f"{_LETTERS}-_", min_size=200, max_size=400), st.integers(0, 190))
def test_what_looks_like_a_token_within_a_cursor_is_left(text, at):
    page = f'{{"after":"QVFIU{text[:at]}EAA{text[at:]}IG{text}"}}'.encode()
    assert Mask([], words.PATTERNS).clean(page) == page


@given(
    st.sampled_from(_ENDS),
    st.text(_LETTERS, min_size=30, max_size=200),
    st.sampled_from(["EAA", "IGAA"]),
)
def test_a_token_comes_out_whatever_stands_before_it(before, text, begin):
    said = f'{{"x":"so{before}{begin}{text}"}}'.encode()
    assert text.encode() not in Mask([], words.PATTERNS).clean(said)


def test_what_is_no_token_is_left():
    text = "EAA is short, 104000000000001_122 is a post, and IG is an app"
    assert re.search("|".join(words.PATTERNS), text) is None
