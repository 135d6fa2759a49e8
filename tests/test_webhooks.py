"""What a webhook is, and what is sent to it."""

import json
import random
import re
import subprocess
from datetime import UTC, datetime

import pytest
import standardwebhooks

from connector_vault import Secret, Webhook
from connector_vault.errors import Misconfigured
from connector_vault.room import now_ms
from connector_vault.settings import load_settings
from connector_vault.stores import Event
from connector_vault.webhooks import LAST_TRY, id_of, named, pause, signed
from tests.receiver import KEY, OTHER_KEY

URL = "https://hooks.example.com/vault?token=hush-hush-hush"
HOOK = Webhook(url=URL, secret=Secret(KEY), name="hub")
EVENT = Event(
    7, 1_790_000_000_123, "acme", "ada", "con_a", "github", "reconnect_needed", 3, '{"reason":"x"}'
)
STORE = bytes(range(16))

WEAK = {
    "empty": "",
    "no prefix": KEY.removeprefix("whsec_"),
    "short": "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRY=",
    "long": "whsec_" + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g" * 2,
    "simple": "whsec_" + "A" * 44,
    "no base64": "whsec_hush-hush-hush-hush-hush-hush-hush-hush",
    "broken base64": KEY.rstrip("=") + "AA",
    "asymmetric": "whsk_" + KEY.removeprefix("whsec_"),
}
WRONG = {
    "plain http": ({"url": "http://hooks.example.com/"}, "https://"),
    "no url": ({"url": "hooks"}, "https://"),
    "password": ({"url": "https://hush-hush-hush@hooks.example.com/"}, "https://"),
    "blank": ({"url": "https://hooks.example.com/a b"}, "no blank"),
    "letters": ({"url": "https://h\u00f6oks.example.com/"}, "https://"),
    "length": ({"url": "https://hooks.example.com/" + "x" * 2048}, "https://"),
    "name": ({"name": "hush hush"}, "1 to 64 letters"),
    "event": ({"events": frozenset({"refreshed", "conected"})}, "some of connected, refreshed"),
    "no events": ({"events": frozenset()}, "without, it gets all"),
}


def made(**said):
    return Webhook(**{"url": URL, "secret": Secret(KEY), "name": "hub", **said})


def test_a_receiver_with_the_same_secret_verifies_what_is_sent():
    request = signed(HOOK, EVENT, store_id=STORE, now=now_ms())

    letter = standardwebhooks.Webhook(KEY).verify(request.body(), dict(request.headers))

    assert letter["type"] == "connection.reconnect_needed"
    assert letter["timestamp"] == letter["data"]["at"] == "2026-09-21T14:13:20Z"
    assert letter["data"]["cursor"] == 7
    assert letter["data"]["detail"] == {"reason": "x"}


def test_a_receiver_with_another_secret_does_not():
    request = signed(HOOK, EVENT, store_id=STORE, now=now_ms())

    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(OTHER_KEY).verify(request.body(), dict(request.headers))


def test_what_is_signed_is_when_it_is_sent():
    early, late = (signed(HOOK, EVENT, store_id=STORE, now=now) for now in (1_000_999, 9_000_000))

    assert (early.headers["webhook-timestamp"], early.content) == ("1000", late.content)
    assert early.headers["webhook-id"] == late.headers["webhook-id"]
    at = datetime.fromtimestamp(1000, UTC)
    seal = standardwebhooks.Webhook(KEY).sign(id_of(EVENT, STORE), at, early.content.decode())
    assert early.headers["webhook-signature"] == seal


def test_an_id_is_of_one_event_of_one_database():
    others = [
        id_of(EVENT._replace(seq=8), STORE),
        id_of(EVENT._replace(at=EVENT.at + 1), STORE),
        id_of(EVENT, STORE[::-1]),
    ]

    assert id_of(EVENT, STORE) not in others
    assert re.fullmatch(r"[a-z0-9_]{1,64}", id_of(EVENT, STORE))


@pytest.mark.parametrize("text", WEAK.values(), ids=WEAK)
def test_a_weak_secret_is_refused_and_not_repeated(text):
    with pytest.raises(Misconfigured, match="webhook hub: its secret") as caught:
        named([made(secret=Secret(text))])

    assert not text or text.removeprefix("whsec_") not in str(caught.value)
    assert "hush" not in str(caught.value)


def test_the_secret_that_the_message_tells_to_make_is_taken():
    with pytest.raises(Misconfigured) as caught:
        named([made(secret=Secret(""))])
    command = re.search(r"echo .+ makes", str(caught.value))[0].removesuffix(" makes")

    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=True, text=True)

    assert named([made(secret=Secret(done.stdout.strip()))])


@pytest.mark.parametrize("length", [24, 32, 64])
def test_a_random_secret_is_taken_padded_or_not(length):
    key = __import__("base64").b64encode(random.Random(length).randbytes(length)).decode()

    for text in (key, key.rstrip("=")):
        assert named([made(secret=Secret(f"whsec_{text}"))])


@pytest.mark.parametrize(("said", "words"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_used_is_refused_and_not_repeated(said, words):
    with pytest.raises(Misconfigured, match=words) as caught:
        named([made(**said)])

    assert "hush" not in str(caught.value)


def test_two_webhooks_have_two_names():
    with pytest.raises(Misconfigured, match="two webhooks are called hub"):
        named([made(), made(url="https://other.example.com/")])
    with pytest.raises(Misconfigured, match="two webhooks are called url-"):
        named([made(name=""), made(name="", tenant="acme")])


def test_a_name_is_made_from_the_url_and_does_not_show_it():
    (name,) = named([made(name="")])

    assert re.fullmatch("url-[0-9a-f]{16}", name)
    assert [name] == list(named([made(name="", secret=Secret(OTHER_KEY), tenant="acme")]))


def test_nothing_shows_a_secret():
    shown = f"{HOOK!r} {HOOK} {signed(HOOK, EVENT, store_id=STORE, now=1)!r}"

    assert "hub" in shown
    assert KEY[6:] not in shown
    assert "v1," not in shown
    assert "hush" not in repr(HOOK)


def test_tries_are_further_and_further_apart():
    waits = [pause(failures, asked=0, chance=0) for failures in range(1, LAST_TRY)]

    assert waits == [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert pause(1, asked=0, chance=1) == pytest.approx(5.5)


def test_a_receiver_may_ask_for_a_longer_rest_but_not_for_years():
    assert pause(1, asked=3600, chance=0) == 3600
    assert pause(2, asked=1, chance=0) == 300
    assert pause(1, asked=1e9, chance=0) == 86_400


SETTINGS = """
[[webhooks]]
url = "https://hooks.example.com/vault"
secret_file = "{secret}"

[[webhooks]]
name = "desk"
url = "http://127.0.0.1:9000/hook"
secret_file = "{secret}"
events = ["reconnect_needed", "dying_soon"]
tenant = "acme"
"""
UNSAID = {
    "no secret": ('url = "https://x.example"', "webhooks.0.secret_file"),
    "secret": (f'url = "https://x.example"\nsecret = "{KEY}"', "webhooks.0.secret"),
    "event": (
        'url = "https://x.example"\nsecret_file = "x"\nevents = ["conected"]',
        "webhooks.0.events",
    ),
}


@pytest.fixture
def config(tmp_path):
    def config(text):
        (tmp_path / "secret").write_text(f"{KEY}\n")
        path = tmp_path / "vault.toml"
        path.write_text(text)
        return {"CONNECTOR_VAULT_CONFIG": str(path)}

    return config


def test_the_settings_name_webhooks(config, tmp_path):
    first, second = load_settings(config(SETTINGS.format(secret=tmp_path / "secret"))).webhooks

    assert (first.url, first.name, first.events, first.tenant) == (
        *("https://hooks.example.com/vault", "", None, None),
    )
    assert second.secret == Secret(KEY)
    assert (second.name, second.tenant) == ("desk", "acme")
    assert second.events == {"reconnect_needed", "dying_soon"}
    assert list(named([first, second]))[1] == "desk"


@pytest.mark.parametrize(("text", "words"), UNSAID.values(), ids=UNSAID)
def test_a_setting_that_is_wrong_is_named(config, text, words):
    with pytest.raises(Misconfigured, match=words) as caught:
        load_settings(config(f"[[webhooks]]\n{text}"))

    assert KEY not in str(caught.value)


def test_a_letter_is_small():
    request = signed(HOOK, EVENT, store_id=STORE, now=1)

    assert json.loads(request.content)
    assert len(request.content) < 1000
