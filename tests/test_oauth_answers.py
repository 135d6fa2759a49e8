"""What a token endpoint's answer says, and that junk is only ever junk."""

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_vault import Secret, oauth
from connector_vault.connector import Connector, OAuth, Reply
from connector_vault.errors import (
    ConnectorVaultError,
    Misconfigured,
    RateLimited,
    Reconnect,
    Refused,
    Unreachable,
)

NOW = 1_000_000
TOKEN = "tok_" + "a" * 36
CODE = "code_" + "c" * 36
SPARE = "spare_" + "s" * 36
HUSH = "hush-" + "h" * 30
YEARS = 100 * 365 * 86400

HOME = "https://acme.example"


def connector(**options):
    said = {"authorize": f"{HOME}/authorize", "token": f"{HOME}/token", **options}
    return Connector(name="acme", title="Acme", api=f"{HOME}/api", oauth=OAuth(**said))


ACME = connector(scopes=("read", "write"))


def says(status=200, **body):
    return Reply(status, json.dumps(body).encode())


def read(reply, *, asked=frozenset({"read"}), by=ACME):
    return oauth.read_tokens(by, reply, now=NOW, asked=asked)


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
        b'{"access_token":"%s"}' % (b"x" * 8193),
        b'{"access_token":["tok"]}',
    ],
    ids=lambda body: body[:24].decode(errors="replace"),
)
def test_what_is_no_answer_is_no_answer(body):
    with pytest.raises(Unreachable, match="Acme"):
        read(Reply(200, body))


@pytest.mark.parametrize("status", [200, 400, 401])
def test_a_dead_grant_is_told_whatever_the_status(status):
    with pytest.raises(Reconnect) as caught:
        read(says(status, error="invalid_grant"))

    assert caught.value.reason == "invalid_grant"


def test_a_dead_grant_is_told_however_long_it_is_explained():
    with pytest.raises(Reconnect):
        read(says(400, error="invalid_grant", error_description="x" * 5000))


@pytest.mark.parametrize("code", ["invalid_client", "unauthorized_client", "invalid_scope"])
def test_a_wrong_client_is_the_operators_to_mend(code):
    with pytest.raises(Misconfigured, match=code):
        read(says(401, error=code))


def test_a_connector_names_its_own_codes():
    odd = connector(dead=frozenset({"gone"}), misconfigured=frozenset({"who"}))

    with pytest.raises(Reconnect):
        read(says(error="gone"), by=odd)
    with pytest.raises(Misconfigured):
        read(says(error="who"), by=odd)
    with pytest.raises(Refused):
        read(says(error="invalid_grant"), by=odd)


def test_another_error_is_the_providers_own():
    with pytest.raises(Refused) as caught:
        read(says(error="slow_down", error_description="Not so fast."))

    assert (caught.value.code, caught.value.message) == ("slow_down", "Not so fast.")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("body", [{}, {"error": "server_error"}, {"access_token": TOKEN}], ids=str)
def test_a_provider_in_trouble_says_nothing(status, body):
    with pytest.raises(Unreachable):
        read(says(status, **body))


@pytest.mark.parametrize("body", [b"{}", b"<html>", b'{"error":"rate_limited"}', b""])
def test_a_provider_that_says_later_says_when(body):
    with pytest.raises(RateLimited) as caught:
        read(Reply(429, body, {"retry-after": "17"}))

    assert caught.value.retry_after == 17


@pytest.mark.parametrize("after", ["", "soon", "-1", "9" * 400, "٣", "Wed, 99 Foo 2026 99:99:99"])
def test_a_wild_retry_after_is_no_error_of_its_own(after):
    with pytest.raises(RateLimited) as caught:
        read(Reply(429, b"{}", {"retry-after": after}))

    assert 0 <= caught.value.retry_after <= 86_400 * 366


def test_an_errors_text_holds_no_token():
    words = f"the code {CODE} of {HUSH} was used"

    with pytest.raises(Refused) as caught:
        read(says(400, error="invalid_request", error_description=words))

    assert not any(secret in str(caught.value) for secret in (CODE, HUSH))


@pytest.mark.parametrize("code", ["<script>", "a b", "x" * 65, "a\nb"])
def test_an_error_code_that_is_none_is_not_repeated(code):
    with pytest.raises(ConnectorVaultError) as caught:
        read(says(400, error=code))

    assert code not in str(caught.value)


def test_an_errors_text_is_one_short_line():
    with pytest.raises(Refused) as caught:
        read(says(400, error="odd", error_description="two\nlines\x1b[31m " + "word " * 300))

    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


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
@given(st.sampled_from([200, 400, 401]), st.text(), st.text())
def test_a_wild_error_is_told_in_one_line(status, code, words):
    with pytest.raises(ConnectorVaultError) as caught:
        read(says(status, error=code, error_description=words))

    assert len(str(caught.value).splitlines()) == 1


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from([*NAMES[1:4], "x"]), WILD))
def test_a_token_is_kept_whatever_stands_beside_it(beside):
    assert read(says(access_token=TOKEN, **beside)).access == Secret(TOKEN)
