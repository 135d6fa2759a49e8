"""`init` makes a vault, and nothing else does by the way."""

import re
import stat

import pytest

from tests.cli import FIXTURES, install_connector

portal, played, shell, lonely, connected = FIXTURES


def test_init_makes_a_private_vault(lonely):
    done = lonely.quick("init", "--json")

    assert done.code == 0
    assert done.json["made"] is True
    assert done.json["world"] == "real"
    modes = [
        stat.S_IMODE(path.stat().st_mode) for path in (lonely.file.parent, lonely.file, lonely.key)
    ]
    assert modes == [0o700, 0o600, 0o600]


def test_a_second_init_changes_nothing_and_says_so(lonely):
    lonely.quick("init")
    key = lonely.key.read_bytes()

    done = lonely.quick("init")

    assert done.code == 0
    assert "nothing was changed" in done.out
    assert lonely.key.read_bytes() == key


@pytest.mark.parametrize("gone", ["file", "key"])
def test_init_does_not_mend_half_a_vault(lonely, gone):
    lonely.quick("init")
    getattr(lonely, gone).unlink()
    before = lonely.files()

    done = lonely.quick("init", "--json")

    assert (done.code, done.error[0]) == (1, "Misconfigured")
    assert "Nothing was changed" in done.error[1]
    assert lonely.files() == before


def test_init_knows_whose_vault_it_is(shell):
    shell.quick("init")
    del shell.env["CONNECTOR_VAULT_EMULATOR"]

    done = shell.quick("init")

    assert done.code == 1
    assert "CONNECTOR_VAULT_EMULATOR" in done.err


@pytest.mark.parametrize(
    "command",
    ["list", "show con_a", "tools", "call github.get_issue", "disconnect con_a", "doctor"],
)
def test_looking_makes_no_vault(lonely, command):
    done = lonely.quick(*command.split(), "--json")

    assert lonely.files() == []
    if command != "doctor":
        assert (done.code, done.error[0]) == (1, "Misconfigured")
        assert "connector-vault init" in done.error[1]


@pytest.mark.parametrize(
    "database", ["vault.db", "sqlite:///", "sqlite:////dev/null/x", "mysql://h/d"]
)
def test_a_database_that_is_none_is_refused(lonely, database):
    done = lonely.quick("list", "--database", database, "--json")

    assert (done.code, done.error[0]) == (1, "Misconfigured")


def test_providers_tell_what_is_missing(lonely):
    del lonely.env["CONNECTOR_VAULT_GITHUB_CLIENT_ID"]

    found = {one["name"]: one for one in lonely.quick("providers", "--json").json["providers"]}

    tools = found["github"].pop("tools")
    assert len(tools) == 18
    assert tools[0] == {"name": "get_authenticated_user", "effect": "reads", "scopes": []}
    assert found["github"] == {
        "name": "github",
        "title": "GitHub",
        "service": False,
        "oauth": True,
        "scopes": ["repo", "offline_access"],
        "clients": [],
        "lifetimes": {
            "access": 28800,
            "refresh_idle": 15897600,
            "grant": None,
            "rotates": True,
            "by_person": False,
        },
        "revocation": {"token": True, "grant": True, "probe": True},
        "deauthorization": ["github_app_authorization"],
        "verified": "2026-11-21",
        "emulator": True,
        "error": None,
    }


def test_a_broken_connector_is_listed_with_its_error(lonely, tmp_path):
    install_connector(tmp_path / "site", "raise RuntimeError('boom')")
    lonely.env["PYTHONPATH"] = str(tmp_path / "site")

    found = {one["name"]: one for one in lonely.run("providers", "--json").json["providers"]}

    assert "RuntimeError" in found["broken"]["error"]
    assert found["github"]["error"] is None


def test_a_family_shares_its_client(lonely):
    lonely.env |= {
        "CONNECTOR_VAULT_FACEBOOK_CLIENT_ID": "1",
        "CONNECTOR_VAULT_FACEBOOK_CLIENT_SECRET": "x",
    }

    found = {one["name"]: one for one in lonely.quick("providers", "--json").json["providers"]}
    assert found["instagram_facebook"]["clients"] == found["facebook"]["clients"] == ["default"]
    assert found["instagram"]["clients"] == []
    said = lonely.quick("doctor").out
    assert re.search("client instagram_facebook.*default, with a secret", said)
