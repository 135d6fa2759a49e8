"""What a provider's emulator is made of."""

import pytest

from connector_vault.connector import Reply
from connector_vault.emulator import Call, Routes, consent_page, json_reply
from connector_vault.errors import BadArguments


class TestRoutes:
    @pytest.mark.parametrize(
        ("method", "path", "found"),
        [
            ("GET", "a/b", ("literal", ())),
            ("GET", "a/c", ("one", ("c",))),
            ("GET", "a/c/d/e", ("rest", ("c", "d/e"))),
            ("GET", "", ("root", ())),
            ("POST", "a/b", None),
            ("GET", "a/", None),
            ("GET", "a/c/", None),
            ("GET", "b", None),
        ],
    )
    def test_a_literal_wins_and_a_hole_is_never_empty(self, method, path, found):
        table = {
            "GET /a/{}/{/}": "rest",
            "GET /a/{}": "one",
            "GET /a/b": "literal",
            "GET /": "root",
        }
        assert Routes(table).find(method, path.split("/")) == found


class TestCall:
    def call(self, kind, body):
        return Call(
            method="POST",
            base="http://localhost",
            host="h",
            path="/",
            segments=("",),
            headers={"content-type": kind},
            body=body,
        )

    def test_a_form_is_read(self):
        call = self.call("application/x-www-form-urlencoded", b"a=1&b=&c=%20x")
        assert call.form() == {"a": "1", "b": "", "c": " x"}

    def test_a_multipart_form_is_read(self):
        part = b'--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1 2\r\n--x--\r\n'
        assert self.call("multipart/form-data; boundary=x", part).form() == {"a": "1 2"}

    def test_what_is_not_json_is_named(self):
        with pytest.raises(BadArguments, match="not JSON"):
            self.call("application/json", b"{").json()

    def test_a_reply_is_made_of_json(self):
        reply = json_reply(201, {"a": "é"}, {"x": "y"})
        assert (reply.status, reply.json(), reply.headers["x"]) == (201, {"a": "é"}, "y")


class TestConsentPage:
    def test_everything_foreign_is_escaped(self):
        nasty = '"><script>alert(1)</script>'
        page = consent_page(nasty, nasty, [nasty], [nasty], action=nasty, hidden={nasty: nasty})
        assert isinstance(page, Reply)
        assert b"<script" not in page.body
        assert b'">&lt;' not in page.body
