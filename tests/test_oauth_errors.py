"""What a token endpoint's errors mean, told in one line without a secret."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_vault.connector import Connector, OAuth, Reply
from connector_vault.errors import (
    ConnectorVaultError,
    Misconfigured,
    RateLimited,
    Reconnect,
    Refused,
    Unreachable,
)
from connector_vault.grants import read_grants

NOW = 1_000_000
TOKEN = "tok_" + "a" * 36
CODE = "code_" + "c" * 36
HUSH = "hush-" + "h" * 30

HOME = "https://acme.example"


def connector(**options):
    said = {"authorize": f"{HOME}/authorize", "token": f"{HOME}/token", **options}
    return Connector(name="acme", title="Acme", api=f"{HOME}/api", oauth=OAuth(**said))


ACME = connector(scopes=("read", "write"))


def says(status=200, **body):
    return Reply(status, json.dumps(body).encode())


def read(reply, *, asked=frozenset({"read"}), by=ACME):
    return read_grants(by, reply, now=NOW, asked=asked)[0]


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


@settings(max_examples=200)
@given(st.sampled_from([200, 400, 401]), st.text(), st.text())
def test_a_wild_error_is_told_in_one_line(status, code, words):
    with pytest.raises(ConnectorVaultError) as caught:
        read(says(status, error=code, error_description=words))

    assert len(str(caught.value).splitlines()) == 1
