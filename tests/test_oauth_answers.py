"""What a token endpoint's answer says, and that junk is only ever junk."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_vault import Secret
from connector_vault.connector import Connector, OAuth, Reply
from connector_vault.errors import (
    ConnectorVaultError,
    Reconnect,
    Refused,
    Unreachable,
)
from connector_vault.grants import read_grants

NOW = 1_000_000
TOKEN = "tok_" + "a" * 36
SPARE = "spare_" + "s" * 36
YEARS = 100 * 365 * 86400

HOME = "https://acme.example"


def connector(**options):
    said = {"authorize": f"{HOME}/authorize", "token": f"{HOME}/token", **options}
    return Connector(name="acme", title="Acme", api=f"{HOME}/api", oauth=OAuth(**said))


ACME = connector(scopes=("read", "write"))


def says(status=200, **body):
    return Reply(status, json.dumps(body).encode())


def read(reply, *, asked=frozenset({"read"}), by=ACME):
    return read_grants(by, reply, now=NOW, asked=asked)[0]


def test_tokens_are_read():
    tokens = read(
        says(
            access_token=TOKEN,
            refresh_token=SPARE,
            expires_in=3600,
            refresh_token_expires_in=7200,
            scope="read write",
            token_type="bearer",
        )
    )

    assert (tokens.access, tokens.refresh) == (Secret(TOKEN), Secret(SPARE))
    assert (tokens.expires_at, tokens.refresh_expires_at) == (NOW + 3_600_000, NOW + 7_200_000)
    assert tokens.scopes == {"read", "write"}


@pytest.mark.parametrize(
    "scope", ["read write", "read,write", "read, write", " read  write ", "write,read,read"]
)
def test_scopes_are_read_by_comma_and_by_space(scope):
    assert read(says(access_token=TOKEN, scope=scope)).scopes == {"read", "write"}


@pytest.mark.parametrize("said", [{}, {"scope": None}, {"scope": 7}], ids=str)
def test_without_scopes_in_the_answer_those_asked_for_hold(said):
    assert read(says(access_token=TOKEN, **said)).scopes == {"read"}


def test_what_nobody_asked_for_and_nobody_says_is_unknown():
    assert read(says(access_token=TOKEN), asked=None).scopes is None


def test_an_empty_scope_grants_nothing():
    assert read(says(access_token=TOKEN, scope="")).scopes == frozenset()


def test_a_connector_may_know_better_what_is_granted():
    def granted(access, scopes):
        return None if access == TOKEN and scopes == {"read"} else frozenset({"wrong"})

    assert read(says(access_token=TOKEN), by=connector(granted=granted)).scopes is None


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (3600, 3600),
        ("3600", 3600),
        (3600.0, 3600),
        (3600.9, 3600),
        ("3600.0", 3600),
        (YEARS, YEARS),
        (YEARS + 1, 0),
        (10**400, 0),
        ("9" * 5000, 0),
        (0, 0),
        (-1, 0),
        (None, 0),
        ("soon", 0),
        ([], 0),
        ({}, 0),
        (True, 0),
        ("", 0),
    ],
    ids=lambda value: str(value)[:12],
)
def test_a_lifetime_is_seconds_or_unknown(said, seconds):
    tokens = read(says(access_token=TOKEN, expires_in=said))

    assert tokens.expires_at == (NOW + seconds * 1000 if seconds else 0)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_a_lifetime_that_is_no_number_is_unknown(number):
    body = f'{{"access_token":"{TOKEN}","expires_in":{number}}}'.encode()

    assert read(Reply(200, body)).expires_at == 0


@pytest.mark.parametrize(
    "beside",
    [
        {"error_description": "x" * 5000},
        {"error_description": 7},
        {"refresh_token": 7},
        {"refresh_token": "with space"},
        {"refresh_token": ""},
        {"scope": ["read"]},
        {"expires_in": {}},
        {"error": ""},
        {"error": None},
        {"id_token": "x" * 5000},
        {"deep": [[[[]]]]},
    ],
    ids=lambda value: f"{next(iter(value))}-{str(next(iter(value.values())))[:8]}",
)
def test_a_token_is_not_thrown_away_for_a_blemish_beside_it(beside):
    assert read(says(access_token=TOKEN, **beside)).access == Secret(TOKEN)


def test_a_token_is_not_thrown_away_for_a_text_that_is_none():
    body = b'{"access_token":"%s","note":"\\ud800"}' % TOKEN.encode()

    assert read(Reply(200, body)).access == Secret(TOKEN)


def test_a_refresh_token_that_is_none_is_left_out():
    assert read(says(access_token=TOKEN, refresh_token="a\nb")).refresh is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"7",
        b'"token"',
        b"<html>oops</html>",
        b"access_token=tok&token_type=bearer",
        b"\xff\xfe",
        b"{" * 100_000,
        b"[" * 100_000,
        b'{"access_token":null}',
        b'{"access_token":7}',
        b'{"access_token":""}',
        b'{"access_token":"a b"}',
        b'{"access_token":"a\\nb"}',
        b'{"access_token":"\\u00e9"}',
        b'{"access_token":"%s"}' % (b"x" * 16385),
        b'{"access_token":["tok"]}',
    ],
    ids=lambda body: body[:24].decode(errors="replace"),
)
def test_what_is_no_answer_is_no_answer(body):
    with pytest.raises(Unreachable, match="Acme"):
        read(Reply(200, body))


WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = ["access_token", "refresh_token", "expires_in", "scope", "error", "error_description"]
STATUSES = st.sampled_from([200, 201, 204, 302, 400, 401, 403, 429, 500, 503])


@settings(max_examples=300)
@given(STATUSES, st.binary() | WILD.map(lambda value: json.dumps(value).encode()))
def test_junk_is_tokens_or_one_of_our_errors(status, body):
    with contextlib.suppress(ConnectorVaultError):
        read(Reply(status, body))


@settings(max_examples=300)
@given(STATUSES, st.dictionaries(st.sampled_from(NAMES), WILD))
def test_a_wild_answer_is_tokens_or_one_of_our_errors(status, said):
    with contextlib.suppress(ConnectorVaultError):
        assert read(says(status, **said)).access.reveal() == said["access_token"]


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from([*NAMES[1:4], "x"]), WILD))
def test_a_token_is_kept_whatever_stands_beside_it(beside):
    assert read(says(access_token=TOKEN, **beside)).access == Secret(TOKEN)


def two(reply):
    said = json.loads(reply.body)
    return [said, said["person"]]


def test_an_answer_may_hold_several_token_sets():
    by = connector(answers=two)
    reply = says(access_token=TOKEN, scope="a", person={"access_token": SPARE, "scope": "b"})

    bot, person = read_grants(by, reply, now=NOW, asked=None)

    assert (bot.access, bot.scopes) == (Secret(TOKEN), {"a"})
    assert (person.access, person.scopes) == (Secret(SPARE), {"b"})


@pytest.mark.parametrize("body", [{}, {"person": 1}, {"person": {}}])
def test_none_of_several_is_no_answer(body):
    with pytest.raises(Unreachable):
        read_grants(connector(answers=two), says(**body), now=NOW, asked=None)


@pytest.mark.parametrize("other", [{}, {"access_token": None}, {"error": "x"}])
def test_a_token_is_kept_whatever_another_beside_it_is(other):
    reply = says(access_token=TOKEN, person=other)

    (kept,) = read_grants(connector(answers=two), reply, now=NOW, asked=None)

    assert kept.access == Secret(TOKEN)
    assert read_grants(connector(answers=two), reply, now=NOW, asked=None)[0] == kept


def test_no_token_set_is_no_answer():
    with pytest.raises(Unreachable):
        read_grants(connector(answers=lambda _: ()), says(), now=NOW, asked=None)


def test_an_answer_is_read_in_the_providers_own_words():
    def renamed(reply):
        said = json.loads(reply.body)
        return [{**said, "error": said["code"]}]

    with pytest.raises(Reconnect):
        read(says(400, code="invalid_grant"), by=connector(answers=renamed))


def test_a_provider_that_says_it_is_in_trouble_is_not_taken_for_a_refusal():
    by = connector(trouble=frozenset({"fatal_error"}))

    with pytest.raises(Unreachable):
        read(says(200, error="fatal_error"), by=by)
    with pytest.raises(Refused):
        read(says(200, error="other_error"), by=by)
