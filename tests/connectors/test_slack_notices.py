"""What Slack tells unasked: who signed it, of whom it speaks, and the accounts by which it does."""

import json
from types import SimpleNamespace

import pytest

from connector_vault.connector import Delivery, NotAllowed, Secret, Unreachable
from tests.connectors.slack import sdk, slack
from tests.replay import says

# https://docs.slack.dev/authentication/verifying-requests-from-slack
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
AT = 1531420618
BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
    b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
    b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
    b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
GARBAGE = ["", "soon", "1531420618.0", " 1531420618", "-1531420618", "1_531_420_618", "١٥٣١٤٢٠٦١٨"]
GARBAGE += ["9" * 5000, "0x5b47", "+1531420618", "NaN"]


def delivery(body=BODY, time=str(AT), signature=SIGNATURE, at=AT):
    headers = {"x-slack-request-timestamp": time, "x-slack-signature": signature}
    return Delivery(headers, body, at=at)


def verify(secret=SECRET, **parts):
    slack.notice.verify(delivery(**parts), Secret(secret))


def told(body):
    return slack.notice.accounts(Delivery({}, json.dumps(body).encode()))


def event(kind, team="T0ACME", enterprise=None, **more):
    said = {"type": kind, **more}
    return {"type": "event_callback", "team_id": team, "enterprise_id": enterprise, "event": said}


def test_slacks_published_example_passes():
    verify()


@pytest.mark.parametrize("late", [-300, 300])
def test_five_minutes_either_way_are_fine(late):
    verify(at=AT + late)


@pytest.mark.parametrize("late", [-301, 301, 86_400])
def test_what_is_older_or_ahead_is_refused(late):
    with pytest.raises(NotAllowed, match="too old"):
        verify(at=AT + late)


@pytest.mark.parametrize("time", GARBAGE)
def test_a_time_that_is_none_is_refused(time):
    with pytest.raises(NotAllowed, match="does not say when"):
        verify(time=time)


@pytest.mark.parametrize(
    "changed",
    [
        {"body": BODY + b" "},
        {"body": b""},
        {"time": str(AT + 1)},
        {"secret": SECRET[:-1]},
        {"secret": ""},
        {"signature": SIGNATURE[:-1] + "4"},
        {"signature": SIGNATURE.upper()},
        {"signature": SIGNATURE.removeprefix("v0=")},
        {"signature": "v1" + SIGNATURE[2:]},
        {"signature": ""},
        {"signature": "v0=é"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_is_changed_in_one_place_is_refused(changed):
    with pytest.raises(NotAllowed, match="not signed by Slack"):
        verify(**changed)


def test_a_delivery_without_a_signature_is_refused():
    with pytest.raises(NotAllowed):
        slack.notice.verify(Delivery({}, BODY, at=AT), Secret(SECRET))


@pytest.mark.parametrize("body", [BODY, b"", b'{"a":"\xc3\xa9"}'])
@pytest.mark.parametrize("secret", [SECRET, "x"])
def test_what_slacks_own_library_signs_passes_and_the_other_way_round(body, secret):
    clock = SimpleNamespace(now=lambda: AT)
    verifier = sdk("slack_sdk.signature").SignatureVerifier(secret, clock=clock)
    signature = verifier.generate_signature(timestamp=str(AT), body=body)
    verify(secret, body=body, signature=signature)
    assert verifier.is_valid(body, str(AT), signature)
    assert verifier.is_valid(BODY, str(AT), SIGNATURE) == (secret == SECRET)


def test_tokens_of_people_and_bots_are_told_by_their_ids():
    ended = {"oauth": ["U0ADA", "U0GRACE"], "bot": ["U0BOT"]}
    found = told(event("tokens_revoked", tokens=ended))
    assert found == ["T0ACME/U0ADA", "T0ACME/U0GRACE", "T0ACME/U0BOT"]


def test_an_app_that_is_gone_is_gone_for_all_of_a_workspace():
    assert told(event("app_uninstalled")) == ["T0ACME/"]


def test_an_organisations_accounts_are_told_too():
    ended = {"oauth": ["U1"], "bot": None}
    found = told(event("tokens_revoked", enterprise="E0", tokens=ended))
    assert found == ["T0ACME/U1", "E0/U1"]


@pytest.mark.parametrize(
    "body",
    [
        event("message", text="hi"),
        event("tokens_revoked"),
        event("tokens_revoked", tokens={"oauth": [""]}),
        event("app_uninstalled", team=""),
        {"type": "url_verification", "challenge": "x"},
        {},
        [],
        7,
    ],
)
def test_what_speaks_of_nobody_names_nobody(body):
    assert not told(body)


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 100_000])
def test_what_cannot_be_read_names_nobody(body):
    assert not slack.notice.accounts(Delivery({}, body))


@pytest.mark.parametrize("install", [True, False])
def test_a_notice_names_accounts_as_the_identity_does(install):
    whose = {"team_id": "T0ACME", "user_id": "U0ADA", "is_enterprise_install": install}
    account = slack.identity.account(says({"ok": True, **whose, "enterprise_id": "E0"}))
    ended = event("tokens_revoked", enterprise="E0", tokens={"oauth": ["U0ADA"]})
    gone = event("app_uninstalled", enterprise="E0")
    assert account.id in told(ended)
    assert any(account.id.startswith(one) for one in told(gone))


def test_an_account_is_somebody_in_one_workspace():
    who = {"ok": True, "user": "ada", "team": "Acme", "user_id": "U0ADA", "team_id": "T0ACME"}
    found = slack.identity.account(says(who, x_oauth_scopes="chat:write, users:read"))
    assert (found.id, found.grant, found.label) == ("T0ACME/U0ADA", "T0ACME", "ada in Acme")
    assert found.scopes == {"chat:write", "users:read"}


def test_in_an_organisation_that_installed_it_the_grant_is_the_organisations():
    who = {"ok": True, "user_id": "U0", "team_id": "T0", "enterprise_id": "E0"}
    whole, one = ({**who, "is_enterprise_install": flag} for flag in (True, False))
    assert slack.identity.account(says(whole)).grant == "E0"
    assert slack.identity.account(says(one)).grant == "T0"


def test_an_answer_that_names_nobody_is_no_account():
    with pytest.raises(Unreachable):
        slack.identity.account(says({"ok": True, "user_id": "", "team_id": "T0"}))
