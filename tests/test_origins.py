"""Which addresses a request may go to."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_vault.errors import (
    NotAllowed,
)
from connector_vault.http import origin_of

ORIGINS = {
    "https://api.github.com/user": "https://api.github.com",
    "https://API.github.com/user": "https://api.github.com",
    "https://api.github.com:8443/": "https://api.github.com:8443",
    "http://127.0.0.1:80/x": "http://127.0.0.1:80",
    "http://localhost/x": "http://localhost",
    "http://[::1]:9/x": "http://[::1]:9",
}
NOWHERE = [
    "",
    "/user",
    "api.github.com",
    "http://api.github.com/",
    "http://127.0.0.1.evil.example/",
    "http://10.0.0.1/",
    "ftp://127.0.0.1/",
    "file:///etc/passwd",
    "https:///user",
    "https://",
    "https://ada@api.github.com/",
    "https://ada:pw@api.github.com/",
    "https://api.github.com@evil.example/",
    "http://127.0.0.1@evil.example/",
    "https://[",
    "https://[::1",
    "https://api.github.com:port/",
    "https://api.github.com:99999/",
    "javascript:alert(1)",
]


@pytest.mark.parametrize(("url", "origin"), ORIGINS.items())
def test_an_origin_is_scheme_host_and_port(url, origin):
    assert origin_of(url) == origin


@pytest.mark.parametrize("url", NOWHERE)
def test_an_address_that_is_none_has_no_origin(url):
    with pytest.raises(NotAllowed):
        origin_of(url)


@given(st.text() | st.text("htps:/@[]\\%.?#12 \t\nex", max_size=30).map("https://".__add__))
def test_any_text_has_an_origin_or_none(text):
    with contextlib.suppress(NotAllowed):
        origin = origin_of(text)
        assert origin.startswith(("https://", "http://"))
        assert "@" not in origin
