"""Signed requests: Meta's own examples, and everything that is not quite one."""

import base64
import hashlib
import hmac
import json
from importlib import import_module
from urllib.parse import urlencode

import pytest

from connector_vault import Secret
from connector_vault.connector import Delivery
from connector_vault.errors import NotAllowed

notice = import_module("connector_vault.connectors._meta.notice")
verify, accounts = notice.verify, notice.accounts

KEY = Secret("a-secret")
NOW = 1_795_000_000
DOCS = (
    "vlXgu64BQGFSQrY0ZcJBZASMvYvTHu9GQ0YM9rjPSso."
    "eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsIjAiOiJwYXlsb2FkIn0"
)
"""Of Meta's documentation, under the key `secret`. It names nobody and no time."""

SDK = (
    "U0_O1MqqNKUt32633zAkdd2Ce-jGVgRgJeRauyx_zC8=."
    "eyJvYXV0aF90b2tlbiI6ImZvb190b2tlbiIsImFsZ29yaXRobSI6IkhNQUMtU0hBMjU2IiwiaXNzdWVkX2F0IjozMjEs"
    "ImNvZGUiOiJmb29fY29kZSIsInN0YXRlIjoiZm9vX3N0YXRlIiwidXNlcl9pZCI6MTIzLCJmb28iOiJiYXIifQ=="
)
"""Of Meta's PHP SDK 5, under the key `foo_app_secret`: signed at 321, of the person 123."""

OLD_SDK = (
    "1sxR88U4SW9m6QnSxwCEw_CObqsllXhnpP5j2pxD97c.eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsImV4cGly"
    "ZXMiOjEyODEwNTI4MDAsIm9hdXRoX3Rva2VuIjoiMTE3NzQzOTcxNjA4MTIwfDIuVlNUUWpub3hYVVNYd1RzcDB1"
    "U2g5d19fLjg2NDAwLjEyODEwNTI4MDAtMTY3Nzg0NjM4NXx4NURORHBtcy1nMUM0dUJHQVYzSVdRX2pYV0kuIiwi"
    "dXNlcl9pZCI6IjE2Nzc4NDYzODUifQ"
)
"""Of Meta's PHP SDK 3, under the key below. It names no time."""

OLD_KEY = Secret("943716006e74d9b9283d4d5d8ab93204")
BOGUS = OLD_SDK.replace("1sxR88", "1sxR32", 1)
"""Of the same SDK: its example of a signature that is wrong."""


def delivery(signed, at=NOW, **more):
    body = urlencode({"signed_request": signed, **more}).encode()
    return Delivery({"content-type": "application/x-www-form-urlencoded"}, body, at=at)


def encoded(text):
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def signed(payload, key=b"a-secret"):
    said = encoded(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    return f"{encoded(hmac.digest(key, said.encode(), hashlib.sha256))}.{said}"


def payload(**more):
    return {"algorithm": "HMAC-SHA256", "issued_at": NOW, "user_id": "10158", **more}


def test_the_example_of_metas_sdk_passes():
    found = delivery(SDK, at=400)
    verify(found, Secret("foo_app_secret"))
    assert accounts(found) == ("123/",)


@pytest.mark.parametrize(("text", "key"), [(DOCS, Secret("secret")), (OLD_SDK, OLD_KEY)])
def test_examples_without_a_time_are_signed_and_too_old(text, key):
    with pytest.raises(NotAllowed, match="too long ago"):
        verify(delivery(text), key)
    with pytest.raises(NotAllowed, match="not signed"):
        verify(delivery(text), Secret("another"))


def test_those_without_a_time_name_whom_they_name():
    assert accounts(delivery(DOCS)) == ()
    assert accounts(delivery(OLD_SDK)) == ("1677846385/",)


def test_the_sdks_example_of_a_wrong_signature_is_refused():
    with pytest.raises(NotAllowed, match="not signed"):
        verify(delivery(BOGUS), OLD_KEY)


@pytest.mark.parametrize("age", [-300, 0, 3600])
def test_what_was_signed_within_the_hour_passes(age):
    found = delivery(signed(payload()), at=NOW + age)
    verify(found, KEY)
    # The whole of a person, so that no longer id begins like it.
    assert accounts(found) == ("10158/",)


@pytest.mark.parametrize("age", [-301, 3601])
def test_what_was_signed_at_another_time_is_refused(age):
    with pytest.raises(NotAllowed, match="too long ago"):
        verify(delivery(signed(payload()), at=NOW + age), KEY)


@pytest.mark.parametrize(
    "text",
    [
        signed(payload(algorithm="HMAC-SHA1")),
        signed(payload(algorithm="none")),
        signed({"issued_at": NOW, "user_id": "1"}),
        signed(payload(), key=b""),
        signed(payload(), key=b"another"),
        signed(b"no json"),
        signed(b"[" * 9000),
        signed(payload(issued_at="soon")),
        signed([]),
        "." + signed(payload()).partition(".")[2],
        signed(payload()).partition(".")[0] + ".",
        signed(payload()).partition(".")[2],
        signed(payload()) + "." + encoded(b"{}"),
        signed(payload()).replace(".", "%2E"),
        "",
    ],
)
def test_whatever_is_not_quite_one_is_refused(text):
    with pytest.raises(NotAllowed):
        verify(delivery(text), KEY)


def test_an_empty_key_opens_nothing():
    with pytest.raises(NotAllowed):
        verify(delivery(signed(payload(), key=b"")), Secret(""))


def test_two_of_them_are_none():
    """One could be checked, and the other be read."""
    body = urlencode([("signed_request", signed(payload()))] * 2).encode()
    found = Delivery({}, body, at=NOW)
    with pytest.raises(NotAllowed):
        verify(found, KEY)
    assert accounts(found) == ()


@pytest.mark.parametrize("body", [b"", b"\xff", b"signed_request", b"a=b&" * 99, b"x" * 70_000])
def test_a_body_that_is_no_form_is_refused(body):
    with pytest.raises(NotAllowed):
        verify(Delivery({}, body, at=NOW), KEY)
    assert accounts(Delivery({}, body, at=NOW)) == ()
