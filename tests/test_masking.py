"""Taking tokens out of what a provider answers, however it is written and cut."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_vault.masking import Mask, without

TOKEN = 'ac/me&"tok%41en=x\\yzABCDEFGH0123456789'
"""Holds what JSON and URLs escape, and what looks like an escape."""

GITHUB = r"gh[pousr]_[A-Za-z0-9._-]{36,}"


def as_json(character):
    return f"\\u{ord(character):04x}"


def as_json_or_itself(character):
    return "\\" + character if character in '"\\/' else character


def as_percent(character):
    return f"%{ord(character):02x}"


WAYS = [as_json, as_json_or_itself, as_percent]
WRITTEN = {
    "plain": TOKEN,
    "json": json.dumps(TOKEN),
    "json with escaped slashes": json.dumps(TOKEN).replace("/", "\\/"),
    "json, all escaped": "".join(map(as_json, TOKEN)),
    "url": quote(TOKEN),
    "url, all escaped": "".join(f"%{ord(one):02X}" for one in TOKEN),
    "base64": base64.b64encode(TOKEN.encode()).decode(),
    "base64 within": base64.b64encode(f"x{TOKEN}yz".encode()).decode(),
    "url base64 within": base64.urlsafe_b64encode(f"xx{TOKEN}y".encode()).decode(),
}


def fed(mask, text, sizes):
    """Feed a text in pieces of these sizes, again and again, and give all that came out."""
    out, at, turn = b"", 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        out += mask.feed(text[at : at + size])
        at, turn = at + size, turn + 1
    return out + mask.rest()


@pytest.mark.parametrize("way", WRITTEN)
def test_a_token_is_found_however_it_is_written(way):
    text = f"before {WRITTEN[way]} after".encode()

    cleaned = Mask([TOKEN]).clean(text)

    assert b"[token]" in cleaned
    assert WRITTEN[way].encode()[4:-4] not in cleaned


@given(st.lists(st.sampled_from(WAYS), min_size=len(TOKEN), max_size=len(TOKEN)))
def test_a_token_is_found_in_any_mixture_of_escapes(ways):
    # A percent sign in it is written as one here: what it then means is another text.
    token = TOKEN.replace("%", "-")
    text = "".join(way(one) for way, one in zip(ways, token, strict=False)).encode()

    assert Mask([token]).clean(b"a " + text + b" b") == b"a [token] b"


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), st.sampled_from(sorted(WRITTEN)))
def test_pieces_give_what_the_whole_gives(sizes, way):
    text = f"data: 1\n\n{WRITTEN[way]} , {WRITTEN[way]}\n\\u00zz %4 \\".encode()

    assert fed(Mask([TOKEN]), text, sizes) == Mask([TOKEN]).clean(text)


@given(st.binary(max_size=200), st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_what_holds_no_token_passes_as_it_is(text, sizes):
    assert fed(Mask([TOKEN]), text, sizes) == text


def test_an_event_is_not_held_back():
    assert Mask([TOKEN]).feed(b"data: {}\n\n") == b"data: {}\n\n"


def test_a_word_without_end_is_not_held_back_for_ever():
    mask = Mask([TOKEN])

    assert sum(len(mask.feed(b"a" * 1000)) for _ in range(100)) > 80_000


@given(st.lists(st.integers(1, 30), min_size=1, max_size=5))
def test_what_looks_like_one_of_the_providers_tokens_goes_too(sizes):
    text = b'{"token": "gho_' + b"a" * 40 + b'", "next": "gho_short"}'

    assert fed(Mask([], [GITHUB]), text, sizes) == b'{"token": "[token]", "next": "gho_short"}'


def test_without_tokens_there_is_nothing_to_do():
    assert Mask([]).clean(b"\\u0041 %41") == b"\\u0041 %41"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('{"secret":"x","a":1}', {"secret": "[token]", "a": 1}),
        ('{"a":[{"b":{"secret":{"deep":"x"}}}]}', {"a": [{"b": {"secret": "[token]"}}]}),
        ('{"secret":null,"other":"secret"}', {"secret": None, "other": "secret"}),
        ('[{"secr\\u0065t":"x"}]', [{"secret": "[token]"}]),
        ('"secret"', "secret"),
    ],
)
def test_a_field_that_holds_a_secret_is_emptied_wherever_it_is(text, left):
    assert json.loads(without({"secret"}, text.encode())) == left


@pytest.mark.parametrize("text", [b"", b"<html></html>", b'{"other":', b"\xff", b"[" * 99999])
def test_what_is_no_json_stays_as_it_is(text):
    assert without({"secret"}, text) == text


@pytest.mark.parametrize(
    "text", [b'{"secret":"x"', b'{"secret":"x","a":"\xe9"}', b'{"secret":"x"}\n{"secret":"y"}']
)
def test_what_cannot_be_read_and_may_hold_a_secret_is_not_given(text):
    assert without({"secret"}, text) == b"[token]"
