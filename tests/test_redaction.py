"""What looks like a token does not reach a log."""

import io
import json
import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_vault import registry
from connector_vault.redaction import Redaction

SECRET = "dGhpcyBpcyBhIHNlY3JldA"
PLACES = [
    "Authorization: Bearer {}",
    "authorization: bearer {}",
    "Authorization: token {}",
    "Authorization: Basic {}",
    "GET /callback?code={}&state=x",
    "GET /callback?a=b&state={}",
    "access_token={}&token_type=bearer",
    "grant_type=refresh_token&refresh_token={}",
    "client_id=x&client_secret={}",
    "code_verifier={}",
    '{{"access_token":"{}","scope":"repo"}}',
    '{{"access_token": "{}"}}',
    '{{"refresh_token" : "{}"}}',
    "{{'access_token': '{}', 'scope': 'repo'}}",
    "{{'Authorization': 'Bearer {}'}}",
    'dict(client_secret="{}")',
    'said "{{\\"access_token\\":\\"{}\\"}}"',
    "access_token%3D{}%26scope",
    "ACCESS_TOKEN={}",
    "access_token = {}",
    "id_token={}",
    "api_key={}",
]
SHAPES = {"github": ["gho_" + "a" * 36, "ghr_" + "b" * 76, "github_pat_" + "c" * 40]}
HARMLESS = [
    "the state of con_1 is active",
    "answered with code 200",
    "a token was handed out",
    "basic checks passed",
    "connected 3 accounts",
]


def logged(redaction, work):
    """Log something, and give what a handler with this filter wrote."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(redaction)
    logger = logging.Logger("tests")  # noqa: LOG001  # one that no other handler hears
    logger.addHandler(handler)
    work(logger)
    return stream.getvalue()


@pytest.mark.parametrize("place", PLACES)
def test_what_stands_where_tokens_stand_is_redacted(place):
    cleaned = Redaction().clean(place.format(SECRET))

    assert SECRET not in cleaned
    assert "[redacted]" in cleaned


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_token_stays(text):
    assert Redaction().clean(text) == text


@pytest.mark.parametrize("provider", SHAPES)
def test_a_connector_knows_its_tokens_shapes(provider):
    redaction = Redaction(registry.load(provider).patterns)

    for token in SHAPES[provider]:
        assert redaction.clean(f"got {token}, and went on") == "got [redacted], and went on"


def test_arguments_are_redacted():
    said = logged(Redaction(), lambda log: log.warning("sent %s", f"access_token={SECRET}"))

    assert said == "sent [redacted]\n"


def test_a_traceback_is_redacted():
    def work(log):
        try:
            int(f"access_token={SECRET}")
        except ValueError:
            log.exception("it failed")

    said = logged(Redaction(), work)

    assert "ValueError" in said
    assert SECRET not in said


def test_a_cause_is_redacted():
    def work(log):
        try:
            try:
                int(f"access_token={SECRET}")
            except ValueError as error:
                raise KeyError("it") from error
        except KeyError:
            log.exception("it failed")

    assert SECRET not in logged(Redaction(), work)


def test_a_handler_that_formats_a_traceback_itself_gets_none():
    """A JSON formatter reads exc_info, which no text filter has cleaned."""
    try:
        int(f"access_token={SECRET}")
    except ValueError:
        record = logging.LogRecord("x", 40, "x.py", 1, "failed", None, sys.exc_info())
    Redaction().filter(record)

    assert SECRET not in f"{record.exc_info!r} {record.exc_text}"


def test_a_message_that_is_no_text_is_redacted():
    said = logged(Redaction(), lambda log: log.warning({"access_token": SECRET}))

    assert SECRET not in said


def test_a_mapping_of_arguments_is_redacted():
    said = logged(Redaction(), lambda log: log.warning("%(a)s", {"a": f"access_token={SECRET}"}))

    assert said == "[redacted]\n"


def test_a_log_call_that_is_wrong_does_not_end_the_program():
    text = logged(Redaction(), lambda log: log.warning("%d", "one"))

    assert text == "%d ('one',)\n"


def test_the_filter_drops_nothing():
    record = logging.LogRecord("x", 20, "x.py", 1, "hello", None, None)

    assert Redaction().filter(record) is True
    assert record.getMessage() == "hello"


@given(st.text())
def test_any_text_can_be_cleaned(text):
    assert isinstance(Redaction().clean(text), str)


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=8, max_size=60))
def test_any_token_in_a_body_is_redacted(token):
    body = json.dumps({"access_token": token, "refresh_token": token})

    assert token not in Redaction().clean(body).replace("[redacted]", "")


def test_a_long_text_is_cleaned_in_time():
    """No pattern may try again and again: 1 MB of what nearly fits."""
    text = "access_token" * 20_000 + "bearer " * 20_000 + '"code": "' * 20_000

    assert Redaction(registry.load("github").patterns).clean(text)
