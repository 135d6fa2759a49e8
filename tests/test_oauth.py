"""OAuth, pure: what is sent, and what a callback says."""

import contextlib
import json
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_vault import Client, Secret, oauth
from connector_vault.connector import Connector, OAuth
from connector_vault.errors import (
    Misconfigured,
    NotAllowed,
)

BACK = "https://app.example/callback"
CODE = "code_" + "c" * 36
SPARE = "spare_" + "s" * 36
HUSH = "hush-" + "h" * 30
CLIENT = Client(provider="acme", id="client-1", secret=Secret(HUSH))
PUBLIC = Client(provider="acme", id="client-1")
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
"""The pair of RFC 7636, appendix B."""

HOME = "https://acme.example"


def connector(**options):
    said = {"authorize": f"{HOME}/authorize", "token": f"{HOME}/token", **options}
    return Connector(name="acme", title="Acme", api=f"{HOME}/api", oauth=OAuth(**said))


ACME = connector(scopes=("read", "write"))


def authorize(by=ACME, scopes=("read", "write")):
    said = {"redirect_uri": BACK, "scopes": scopes, "state": "st", "verifier": VERIFIER}
    url = oauth.authorize(by, CLIENT, **said)
    return parse_qs(urlsplit(url).query)


def exchange(by=ACME, client=CLIENT):
    proof = Secret(VERIFIER)
    return oauth.exchange(by, client, code=Secret(CODE), redirect_uri=BACK, verifier=proof)


def test_a_consent_is_asked_for_with_a_proof():
    said = authorize()

    assert said == {
        "response_type": ["code"],
        "client_id": ["client-1"],
        "redirect_uri": [BACK],
        "scope": ["read write"],
        "state": ["st"],
        "code_challenge": [CHALLENGE],
        "code_challenge_method": ["S256"],
    }


def test_a_verifier_is_not_in_the_address():
    assert VERIFIER not in str(authorize())


def test_scopes_stand_as_the_provider_wants_them():
    assert authorize(connector(separator=","))["scope"] == ["read,write"]


def test_without_scopes_none_are_asked_for():
    assert "scope" not in authorize(scopes=())


def test_a_provider_without_proofs_gets_none():
    plain = connector(pkce=False)

    assert "code_challenge" not in authorize(plain)
    assert "code_verifier" not in exchange(plain).form


def test_an_authorize_address_may_have_a_query_of_its_own():
    said = authorize(connector(authorize=f"{HOME}/authorize?tenant=1"))

    assert (said["tenant"], said["client_id"]) == (["1"], ["client-1"])


def test_a_code_is_exchanged_in_the_body():
    request = exchange()

    assert (request.method, request.url, request.query) == ("POST", f"{HOME}/token", {})
    assert request.form == {
        "grant_type": "authorization_code",
        "code": CODE,
        "redirect_uri": BACK,
        "code_verifier": VERIFIER,
        "client_id": "client-1",
        "client_secret": HUSH,
    }
    assert request.headers["Accept"] == "application/json"


def test_a_client_may_show_itself_in_a_header():
    request = exchange(connector(basic=True))

    assert request.headers["Authorization"].startswith("Basic ")
    assert not {"client_id", "client_secret"} & set(request.form)


@pytest.mark.parametrize("basic", [True, False])
def test_a_public_client_has_no_secret_to_send(basic):
    request = exchange(connector(basic=basic), PUBLIC)

    assert "Authorization" not in request.headers
    assert request.form["client_id"] == "client-1"
    assert "client_secret" not in request.form


def test_a_refresh_asks_for_no_scope():
    request = oauth.refresh(ACME, CLIENT, Secret(SPARE))

    assert request.form == {
        "grant_type": "refresh_token",
        "refresh_token": SPARE,
        "client_id": "client-1",
        "client_secret": HUSH,
    }


@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_whatever_a_refresh_token_holds_is_sent_as_it_is(text):
    assert oauth.refresh(ACME, CLIENT, Secret(text)).form["refresh_token"] == text


def test_no_request_shows_what_it_carries():
    for request in (
        exchange(),
        exchange(connector(basic=True)),
        oauth.refresh(ACME, CLIENT, Secret(SPARE)),
    ):
        assert not any(secret in repr(request) for secret in (CODE, SPARE, HUSH, VERIFIER, "Basic"))


def test_a_callback_is_read():
    answer = oauth.callback(f"{BACK}?code={CODE}&state=st&iss=https%3A%2F%2Facme.example")

    assert (answer.state, answer.code, answer.error) == ("st", Secret(CODE), "")
    assert answer.issuer == HOME


def test_a_callback_does_not_show_what_it_carries():
    shown = repr(oauth.callback(f"{BACK}?code={CODE}&state=state-{SPARE}"))

    assert CODE not in shown
    assert SPARE not in shown


def test_a_callback_may_say_no():
    answer = oauth.callback(f"{BACK}?error=access_denied&error_description=no&state=st")

    assert (answer.state, answer.code, answer.error) == ("st", None, "access_denied")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "code=c",
        "state=st",
        "code=c&state=",
        "code=&state=st",
        "code=c&state=st&state=st",
        "code=c&code=d&state=st",
        "code=c&state=st&iss=a&iss=b",
        "error=&state=st",
        "code=c&state=\ud800",
        "code=\ud800&state=st",
    ],
)
def test_what_is_no_callback_is_refused(query):
    with pytest.raises(NotAllowed, match="connect"):
        oauth.callback(f"{BACK}?{query}")


@pytest.mark.parametrize("url", ["https://[", "", "\x00", "https://[::1?code=c&state=s", "?" * 9])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(NotAllowed):
        oauth.callback(url)


@settings(max_examples=300)
@given(
    st.text() | st.text().map(f"{BACK}?".__add__) | st.text("code=stae&%#[]/:@\ud800", max_size=40)
)
def test_junk_is_a_callback_or_refused(url):
    with contextlib.suppress(NotAllowed):
        answer = oauth.callback(url)
        assert answer.state.encode()


@given(
    st.dictionaries(st.sampled_from(["code", "state", "error", "iss", "x"]), st.text(min_size=1))
)
def test_whatever_a_callback_holds_is_read_as_it_is(said):
    with contextlib.suppress(NotAllowed, UnicodeEncodeError):
        url = f"{BACK}?{urlencode(said)}"
        answer = oauth.callback(url)
        assert answer.state == dict(parse_qsl(urlsplit(url).query))["state"]
        assert len(answer.error) <= 64


@pytest.mark.parametrize("issuer", ["", HOME, f"{HOME}/"])
def test_a_callback_of_this_provider_is_taken(issuer):
    oauth.check_issuer(ACME, oauth.Callback("st", None, "", issuer))


@pytest.mark.parametrize(
    "issuer",
    ["https://evil.example", f"{HOME}.evil.example", f"{HOME}/tenant", "http://acme.example", "x"],
)
def test_a_callback_of_another_is_refused(issuer):
    with pytest.raises(NotAllowed, match="Acme"):
        oauth.check_issuer(ACME, oauth.Callback("st", None, "", issuer))


def test_a_connector_may_name_its_issuer():
    named = connector(issuer="https://login.acme.example/1")

    oauth.check_issuer(named, oauth.Callback("st", None, "", "https://login.acme.example/1"))
    with pytest.raises(NotAllowed):
        oauth.check_issuer(named, oauth.Callback("st", None, "", HOME))


def test_a_connector_without_oauth_says_what_to_do():
    with pytest.raises(Misconfigured, match="add"):
        oauth.oauth_of(Connector(name="acme", title="Acme", api=HOME))


def test_what_a_provider_wants_besides_is_sent():
    url = authorize(connector(parameters={"owner": "user"}, pkce=False))

    assert url["owner"] == ["user"]
    assert "code_challenge" not in url


def test_scopes_are_asked_for_as_the_provider_has_them():
    def asking(scopes):
        return {"bot": ",".join(scopes[:1]), "person": ",".join(scopes[1:])}

    url = authorize(connector(asking=asking))

    assert (url["bot"], url["person"]) == (["read"], ["write"])
    assert "scope" not in url


@pytest.mark.parametrize("basic", [False, True])
def test_a_token_endpoint_may_want_json_and_headers(basic):
    by = connector(json=True, basic=basic, headers={"Version": "1"})

    request = oauth.refresh(by, CLIENT, Secret("spare"))

    sent = json.loads(request.body())
    assert (sent["grant_type"], sent["refresh_token"]) == ("refresh_token", "spare")
    assert ("client_secret" in sent) is not basic
    assert ("Authorization" in request.headers) is basic
    assert request.headers["Version"] == "1"
    assert request.all_headers()["Content-Type"] == "application/json"
