"""The words: what they show, and what they never do."""

import contextlib
import copy
import json
import pickle
from dataclasses import FrozenInstanceError, asdict, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector_vault import (
    AccessToken,
    Client,
    Connection,
    Owner,
    Pending,
    Receipt,
    Secret,
    State,
    Tenant,
    errors,
)
from connector_vault.errors import BadArguments, ConnectorVaultError
from connector_vault.model import Account, Tokens

HUSH = "gho_verysecretverysecretverysecret12"
NOW = datetime(2026, 11, 21, tzinfo=UTC)
HOLDERS = [
    Client(provider="github", id="Iv1", secret=Secret(HUSH)),
    Tokens(access=Secret(HUSH), refresh=Secret(HUSH)),
    AccessToken(Secret(HUSH), None, 1, frozenset()),
    Pending(url=f"https://x/?state={HUSH}", state=HUSH, expires_at=NOW),
    [Secret(HUSH)],
    {"a": Secret(HUSH)},
    ConnectorVaultError(Secret(HUSH)),
    ValueError("failed", Secret(HUSH)),
]
CONNECTION = Connection(
    id="con_1",
    owner=Owner(tenant="acme"),
    provider="github",
    kind="oauth",
    client="default",
    account="1",
    label="ada",
    state=State.ACTIVE,
    reason="",
    scopes=None,
    generation=1,
    expires_at=None,
    created_at=NOW,
    changed_at=NOW,
)


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        format,
        ascii,
        "{}".format,
        "{!r:>40}".format,
        "{0:40}".format,
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031
        lambda secret: f"{secret=} {secret}",
        lambda secret: repr(vars(type(secret))) + repr(dir(secret)),
    ],
    ids=range(10),
)
def test_a_secret_does_not_show_itself(show):
    assert HUSH not in show(Secret(HUSH))


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: type(holder).__name__)
def test_nothing_that_holds_a_secret_shows_it(holder):
    assert HUSH not in f"{holder!r} {holder}"


def test_a_secret_is_given_on_purpose():
    assert Secret(HUSH).reveal() == HUSH


@pytest.mark.parametrize(
    "work",
    [pickle.dumps, copy.copy, copy.deepcopy, json.dumps, hash, iter, len, bytes, int, float],
    ids=lambda work: work.__name__,
)
def test_a_secret_does_not_get_out_in_other_ways(work):
    with pytest.raises(TypeError) as caught:
        work(Secret(HUSH))

    assert HUSH not in str(caught.value)


def test_a_secret_has_no_dictionary_to_read():
    assert not hasattr(Secret(HUSH), "__dict__")
    with pytest.raises(TypeError):
        vars(Secret(HUSH))


def test_a_secret_does_not_sort():
    with pytest.raises(TypeError):
        sorted([Secret("b"), Secret("a")])


def test_a_secret_joins_no_text():
    with pytest.raises(TypeError):
        "Bearer " + Secret(HUSH)


def test_a_dictionary_of_fields_is_not_made():
    with pytest.raises(TypeError):
        asdict(HOLDERS[0])


def test_equal_secrets_are_equal():
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert Secret("a") != b"a"


@given(st.text(), st.text())
def test_any_two_secrets_compare(one, other):
    assert (Secret(one) == Secret(other)) == (one == other)


@pytest.mark.parametrize("text", ["\ud800", "é", ""])
def test_a_wild_secret_equals_itself(text):
    assert Secret(text) == Secret(text)


def test_an_empty_secret_is_false():
    assert not Secret("")
    assert Secret("x")


def test_a_mask_tells_long_ones_apart():
    assert Secret("x" * 20 + "1234").mask() == "••••1234"
    assert Secret("x" * 23).mask() == "••••"
    assert Secret("").mask() == "••••"


@pytest.mark.parametrize("name", ["", "x" * 256, "a\nb", "a\x00", "\x7f", "\ud800"], ids=ascii)
def test_an_owner_has_a_name(name):
    with pytest.raises(BadArguments, match="tenant"):
        Owner(tenant=name)
    with pytest.raises(BadArguments, match="user"):
        Owner(tenant="acme", user=name)
    with pytest.raises(BadArguments, match="tenant"):
        Tenant(name=name)


@given(st.text())
def test_any_other_name_can_be_written(name):
    with contextlib.suppress(BadArguments):
        assert str(Owner(tenant=name, user=name)).encode()


def test_a_workspace_is_an_owner_without_a_user():
    assert str(Owner(tenant="acme")) == "acme"
    assert str(Owner(tenant="acme", user="ada")) == "acme/ada"
    assert Owner(tenant="acme") != Owner(tenant="acme", user="ada")


def test_a_tenant_is_everybody_in_it_and_not_its_workspace():
    assert str(Tenant(name="acme")) == "everybody in acme"
    assert Tenant(name="acme") != Owner(tenant="acme")


@pytest.mark.parametrize("state", State)
def test_only_an_active_connection_is_live(state):
    assert replace(CONNECTION, state=state).live is (state is State.ACTIVE)


def test_a_connection_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        CONNECTION.state = State.REVOKED


def test_a_receipt_is_confirmed_once_it_has_an_end():
    receipt = Receipt(
        connection="con_1",
        provider="github",
        account="ada",
        asked_at=NOW,
        finished_at=None,
        outcome="unconfirmed",
        reach="none",
        probe="not asked",
        shredded=False,
        shred_horizon="",
    )

    assert not receipt.confirmed
    assert not replace(receipt, finished_at=NOW).confirmed
    assert replace(receipt, finished_at=NOW, outcome="revoked").confirmed


def test_an_account_says_nothing_of_scopes_unless_told():
    assert Account(id="1").scopes is None


def test_every_error_is_one_of_ours_and_drawn_in_the_tree():
    for name in errors.__all__:
        error = getattr(errors, name)
        assert issubclass(error, ConnectorVaultError)
        assert f" {name} " in errors.__doc__ or name == "ConnectorVaultError"


def test_every_error_says_what_to_do_next():
    for name in set(errors.__all__) - {"ConnectorVaultError"}:
        assert "Next: " in getattr(errors, name).__doc__


def test_an_error_carries_what_its_caller_needs():
    assert str(errors.Reconnect("401", "con_1")) == (
        "the grant of con_1 no longer works (401): connect the account again"
    )
    assert (errors.Refused("404", "Not Found").code, str(errors.Refused("404"))) == (
        "404",
        "refused: 404",
    )
    assert errors.RateLimited(2.4).retry_after == 2.4


@pytest.mark.parametrize(
    "error", [errors.Reconnect("401", "con_1"), errors.Refused("a", "b"), errors.RateLimited(7)]
)
def test_an_error_survives_a_pickle(error):
    """A worker in another process hands it back so."""
    again = pickle.loads(pickle.dumps(error))

    assert (str(again), vars(again)) == (str(error), vars(error))
