"""What an hcvault:// URI says, and what it may not."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_vault.errors import Misconfigured
from connector_vault.keys import open_keys
from connector_vault.keys.hcvault import policy
from connector_vault.keys.hcvault.address import address_of

PLAIN = "hcvault://vault.example/transit/keys/connector-vault"
LETTERS = "/:@?=&%[]#.-_0a keys\n\0\N{LATIN SMALL LETTER E WITH ACUTE}"
CANARY = "s.CANARYofAtoken"

REFUSED = [
    f"hcvault://{CANARY}@vault.example/transit/keys/a",
    f"hcvault://user:{CANARY}@vault.example/transit/keys/a",
    f"{PLAIN}?token={CANARY}",
    f"{PLAIN}?auth=token&token={CANARY}",
    f"{PLAIN}?auth=approle&role-id=a&secret-id={CANARY}",
    f"{PLAIN}?auth=kubernetes&role=a&jwt={CANARY}",
]
MALFORMED = [
    "hcvault:",
    "hcvault://",
    "hcvault:///transit/keys/a",
    "hcvault://vault.example",
    "hcvault://vault.example/transit/a",
    "hcvault://vault.example/keys/a",
    "hcvault://vault.example//keys/a",
    "hcvault://vault.example/transit/keys/",
    "hcvault://vault.example/transit/keys/a/b",
    "hcvault://vault.example/transit/keys/.a",
    "hcvault://vault.example/transit/keys/a%2Fb",
    "hcvault://vault.example/../keys/a",
    "hcvault://vault.example/a/../transit/keys/a",
    "hcvault://vault.example:port/transit/keys/a",
    "hcvault://vault.example:65536/transit/keys/a",
    "hcvault://vault example/transit/keys/a",
    "hcvault://[::1/transit/keys/a",
    f"{PLAIN}#here",
    f"{PLAIN}?timeout",
    f"{PLAIN}?timeout=5&timeout=6",
    f"{PLAIN}?unknown=1",
    f"{PLAIN}?auth=magic",
    f"{PLAIN}?auth=token-file",
    f"{PLAIN}?auth=approle&role-id=a",
    f"{PLAIN}?auth=approle&role-id=&secret-id-file=b",
    f"{PLAIN}?auth=approle&role-id=a%20b&secret-id-file=b",
    f"{PLAIN}?auth=approle&role-id=a&secret-id-file=%00",
    f"{PLAIN}?auth=kubernetes",
    f"{PLAIN}?auth=kubernetes&role=a&role-id=b",
    f"{PLAIN}?auth=kubernetes&role=a&auth-mount=../sys",
    f"{PLAIN}?role-id=a",
    f"{PLAIN}?timeout=0",
    f"{PLAIN}?timeout=0.01",
    f"{PLAIN}?timeout=61",
    f"{PLAIN}?timeout=inf",
    f"{PLAIN}?timeout=-5",
    f"{PLAIN}?timeout=\N{ARABIC-INDIC DIGIT FIVE}",
    f"{PLAIN}?namespace=",
    f"{PLAIN}?namespace=a%0d%0aX-Vault-Token:b",
    f"{PLAIN}?tls=no",
    f"{PLAIN}?tls=off",
    f"{PLAIN}?ca=",
    f"{PLAIN}?client-key=a",
]


@pytest.mark.parametrize("uri", REFUSED)
def test_a_uri_with_a_secret_is_refused_and_not_repeated(uri):
    with pytest.raises(Misconfigured, match="secret") as caught:
        open_keys(uri)

    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("uri", MALFORMED)
def test_a_malformed_uri_is_refused(uri):
    with pytest.raises(Misconfigured, match="is written hcvault://"):
        open_keys(uri)


@given(st.text(LETTERS, max_size=30), st.text(LETTERS, max_size=30))
def test_any_text_is_an_address_or_misconfigured(place, options):
    with suppress(Misconfigured):
        assert address_of(f"hcvault://{place}?{options}").id.isprintable()


def test_a_uri_says_little_and_the_rest_is_safe():
    said = address_of(PLAIN)

    assert (said.host, said.port, said.key) == (
        "vault.example",
        8200,
        "transit/keys/connector-vault",
    )
    assert (said.tls, said.timeout, said.method, said.namespace) == (True, 5.0, "token", None)
    assert said.id == "hcvault:transit/keys/connector-vault"


def test_a_uri_may_say_everything():
    said = address_of(
        "hcvault://[::1]:8300/team/transit/keys/k-1.x?auth=approle&role-id=r&secret-id-file=/run/s"
        "&auth-mount=/machines/approle/&namespace=a/b/&ca=/ca&client-cert=/c&client-key=/k"
        "&timeout=2.5&tls=off"
    )

    assert (said.host, said.port, said.place) == ("::1", 8300, "[::1]:8300")
    assert (said.mount, said.name, said.namespace) == ("team/transit", "k-1.x", "a/b")
    assert (said.auth_mount, said.role, str(said.secret)) == ("machines/approle", "r", "/run/s")
    assert [str(one) for one in (said.ca, said.client_cert, said.client_key)] == ["/ca", "/c", "/k"]
    assert (said.timeout, said.tls) == (2.5, False)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_tls_may_be_off_on_this_machine(host):
    assert not address_of(f"hcvault://{host}/transit/keys/a?tls=off").tls


def test_a_holder_is_named_by_its_key_and_not_by_its_host():
    """A namespace is a path before the path, also for the server."""
    here = address_of("hcvault://one.example/b/keys/c?namespace=a")
    there = address_of("hcvault://two.example:1/a/b/keys/c?timeout=9")

    assert here.id == there.id == "hcvault:a/b/keys/c"


def test_the_policy_names_one_key_and_leaves_changes_to_others():
    text = policy("hcvault://vault.example/team/transit/keys/a")

    assert text.splitlines()[:4] == [
        'path "team/transit/keys/a" { capabilities = ["read"] }',
        'path "team/transit/encrypt/a" { capabilities = ["update"] }',
        'path "team/transit/decrypt/a" { capabilities = ["update"] }',
        'path "team/transit/rewrap/a" { capabilities = ["update"] }',
    ]
    assert "create" not in text
    assert "rotate" not in text
    assert "trim" in policy("hcvault://vault.example/transit/keys/a", versions=True)
