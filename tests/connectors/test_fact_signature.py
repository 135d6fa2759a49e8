"""The signatures that the tables of facts speak of come out as their providers publish them."""

import pytest

from tests.connectors.fact_signature import said, signature, signed

META = {"header": "x-hub-signature-256", "prefix": "sha256=", "coding": "hex", "signs": "{body}"}

TIKTOK = {
    "header": "tiktok-signature",
    "time": "tiktok-signature",
    "stamp": "t=([0-9]+)",
    "prefix": "t={time},s=",
    "coding": "hex",
    "signs": "{time}.{body}",
}

REQUEST = (
    "vlXgu64BQGFSQrY0ZcJBZASMvYvTHu9GQ0YM9rjPSso"
    ".eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsIjAiOiJwYXlsb2FkIn0"
)
"""Meta's own sample, signed with "secret"."""


def test_a_published_signed_request_is_read_and_found_signed():
    body = f"signed_request={REQUEST}"
    assert said(body) == {"algorithm": "HMAC-SHA256", "0": "payload"}
    assert signed(META, "secret", {"headers": {}, "body": body})


@pytest.mark.parametrize(
    ("secret", "request_"),
    [("another", REQUEST), ("secret", f"{REQUEST}A"), ("secret", f"A{REQUEST}"), ("secret", "")],
)
def test_a_signed_request_that_was_tampered_with_is_told(secret, request_):
    body = f"signed_request={request_}"
    assert not signed(META, secret, {"headers": {}, "body": body})


def test_a_padded_signature_is_told():
    """Meta does not pad it."""
    body = f"signed_request={REQUEST.replace('.', '=.')}"
    assert not signed(META, "secret", {"headers": {}, "body": body})


def test_a_time_inside_the_signature_is_signed():
    body = '{"event":"authorization.removed"}'
    value = signature(TIKTOK, "secret", body, "1633174587")
    assert value.startswith("t=1633174587,s=")
    assert signed(TIKTOK, "secret", {"headers": {"tiktok-signature": value}, "body": body})


@pytest.mark.parametrize("header", ["", "t=1633174587", "t=,s=", "s=00", "t=1633174588,s={code}"])
def test_a_wrong_time_or_no_signature_is_told(header):
    code = signature(TIKTOK, "secret", "{}", "1633174587").partition("s=")[2]
    headers = {"tiktok-signature": header.replace("{code}", code)}
    assert not signed(TIKTOK, "secret", {"headers": headers, "body": "{}"})


def test_a_body_of_json_is_read():
    assert said('{"content": "a=b"}') == {"content": "a=b"}
