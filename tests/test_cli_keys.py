"""`keys`: access keys, made, listed and revoked."""

import pytest

from connector_vault import access
from tests.cli import FIXTURES

portal, played, shell, lonely, connected = FIXTURES

KEY = ["id", "name", "tenant", "user", "everybody", "created_at", "revoked_at"]


@pytest.fixture
def made(lonely):
    """A machine with a vault."""
    assert lonely.quick("init").code == 0
    return lonely


def test_a_key_alone_is_on_stdout(made):
    """So that a script can keep it: KEY=$(connector-vault keys create)."""
    done = made.quick("keys", "create")

    assert done.out.startswith("cvk_")
    assert len(done.out) == 57
    assert done.out.strip() not in done.err
    assert "local/me" in done.err


@pytest.mark.parametrize(
    ("options", "tenant", "user", "everybody"),
    [
        ([], "local", "me", False),
        (["--user", ""], "local", None, False),
        (["--tenant", "acme", "--user", "ada"], "acme", "ada", False),
        (["--tenant", "acme", "--everybody"], "acme", None, True),
    ],
    ids=str,
)
def test_a_key_is_for_whom_the_options_say(made, options, tenant, user, everybody):
    key = made.quick("keys", "create", *options, "--name", "panel", "--json").json["key"]

    assert list(key) == KEY
    assert (key["tenant"], key["user"], key["everybody"]) == (tenant, user, everybody)
    assert (key["name"], key["revoked_at"]) == ("panel", None)


def test_one_user_and_everybody_are_not_both_meant(made):
    assert made.quick("keys", "create", "--everybody", "--user", "ada").code == 2
    assert made.quick("keys", "list", "--json").json == {"keys": []}


def test_a_key_is_shown_once(made):
    text = made.quick("keys", "create", "--json").json["secret"]
    del made.heard[:]
    made.quick("keys", "list", "--debug")
    made.quick("keys", "list", "--json")
    made.quick("doctor", "--json", "--debug")

    assert text.startswith("cvk_")
    assert not [said for said in made.heard if text[4:24] in said]


def test_keys_are_listed_by_tenant(made):
    ids = [made.quick("keys", "create", "--json").json["key"]["id"] for _ in "ab"]
    made.quick("keys", "create", "--tenant", "acme")

    listed = made.quick("keys", "list", "--json").json["keys"]

    assert {one["id"] for one in listed} == set(ids)
    assert made.quick("keys", "list", "--tenant", "acme").out.split("\t")[2:4] == [
        "acme/me",
        "active",
    ]


def test_no_keys_say_how_to_make_one(made):
    done = made.quick("keys", "list")

    assert (done.code, done.out) == (0, "")
    assert "keys create" in done.err


def test_a_revoked_key_is_listed_as_such(made):
    id_ = made.quick("keys", "create", "--name", "panel", "--json").json["key"]["id"]

    first = made.quick("keys", "revoke", id_, "--json")
    again = made.quick("keys", "revoke", id_, "--json")

    assert first.json["key"]["revoked_at"].endswith("Z")
    assert (again.code, again.json) == (0, first.json)
    assert made.quick("keys", "list").out.split("\t")[:4] == [id_, "panel", "local/me", "revoked"]


@pytest.mark.parametrize("id_", ["key_none", "", "cvk_" + "a" * 52])
def test_what_is_no_key_is_not_revoked_nor_repeated(made, id_):
    done = made.quick("keys", "revoke", id_, "--json")

    assert (done.code, done.error[0]) == (2, "BadArguments")
    assert "aaaa" not in done.err


def test_another_tenants_key_is_not_revoked(made, portal):
    said = made.quick("keys", "create", "--tenant", "acme", "--json").json

    assert made.quick("keys", "revoke", said["key"]["id"]).code == 2
    assert portal.call(works, made, said["key"]["id"])


async def works(shell, id_):
    async with shell.vault() as vault:
        return [one.live async for one in access.issued(vault.room) if one.id == id_] == [True]


def test_a_key_is_not_made_without_a_vault(lonely):
    done = lonely.quick("keys", "create")

    assert (done.code, done.out) == (1, "")
    assert "connector-vault init" in done.err


def test_the_group_explains_itself(lonely):
    assert "Missing command" in lonely.quick("keys").err
    assert all(one in lonely.quick("keys", "--help").out for one in ("create", "list", "revoke"))
