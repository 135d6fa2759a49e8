"""`doctor` finds what is wrong, survives it, and changes nothing."""

import os
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime

import pytest

from connector_vault.cli.checks import _bounded
from connector_vault.cli.checks.machine import _clock, _trust
from tests.cli import FIXTURES, SECRET_KEY, install_connector

portal, played, shell, lonely, connected = FIXTURES


def verdicts(done):
    return {one["name"]: one["verdict"] for one in done.json["checks"]}


def problems(done):
    """Give what is wrong, by name, and make sure that it is all said."""
    found = {one["name"]: one for one in done.json["checks"] if one["verdict"] == "problem"}
    assert done.code == (3 if found else 0)
    assert done.json["ok"] is not bool(found)
    assert all(one["finding"] and one["remedy"] for one in found.values())
    return {name: one["finding"] for name, one in found.items()}


def test_a_sound_vault_has_no_problem(connected):
    shell, _ = connected

    done = shell.quick("doctor", "--json")

    assert problems(done) == {}
    looked = verdicts(done)
    assert [name for name, verdict in looked.items() if verdict == "warn"] == []
    assert {
        "isolation",
        "keys",
        "store key",
        "integrity",
        "audit",
        "world",
        "tls",
        "emulator",
    } <= set(looked)


def test_people_are_told_what_to_do(lonely):
    lonely.quick("init")
    lonely.key.chmod(0o644)

    done = lonely.quick("doctor")

    assert done.code == 3
    assert "problem\tkeys\t" in done.out
    assert "chmod 600" in done.out


def test_a_machine_without_a_vault_is_no_problem(lonely):
    done = lonely.quick("doctor", "--json")

    assert problems(done) == {}
    assert verdicts(done)["vault"] == "warn"


def test_settings_are_shown_and_secrets_are_not(lonely):
    lonely.env["CONNECTOR_VAULT_GITHUB_CLIENT_SECRET"] = SECRET_KEY

    done = lonely.quick("doctor", "--tenant", "acme", "--json")

    found = {one["name"]: one["finding"] for one in done.json["checks"]}
    assert found["setting tenant"] == "acme (option)"
    assert found["setting database"] == f"sqlite:///{lonely.file} (environment)"
    assert found["setting client github"] == f"default: Iv1.emulator, secret ••••{SECRET_KEY[-4:]}"
    assert SECRET_KEY not in done.out + done.err


def test_a_key_pasted_as_a_setting_is_not_shown(lonely):
    done = lonely.quick("doctor", "--keys", SECRET_KEY, "--json")

    assert "keys" in problems(done)
    assert SECRET_KEY not in done.out + done.err


@pytest.mark.parametrize("warm", [False, True])
def test_nothing_is_changed(connected, warm):
    shell, _ = connected
    with closing(sqlite3.connect(shell.file)) as other:
        if warm:
            other.execute("select * from meta").fetchall()
        before = shell.files()
        problems(shell.quick("doctor", "--json"))

        assert shell.files() == before


def test_a_vault_whose_process_was_killed_is_read_whole(connected, tmp_path):
    shell, _ = connected
    with closing(sqlite3.connect(shell.file, isolation_level=None)) as other:
        other.execute("update connection set state = 'reconnect', reason = 'gone'")
        for name in ("vault.db", "vault.db-wal"):
            shutil.copy(shell.file.with_name(name), tmp_path / name)
    for name in ("vault.db", "vault.db-wal"):
        shutil.move(tmp_path / name, shell.file.with_name(name))
    before = shell.files()

    done = shell.quick("doctor", "--json")

    assert verdicts(done)["connections to mend"] == "warn"
    assert shell.files() == before


def truncate(shell):
    os.truncate(shell.file, shell.file.stat().st_size // 2)


def cut_short(shell):
    os.truncate(shell.file, 1000)


def overwrite(shell):
    shell.file.write_bytes(b"not a database" * 1000)


def replace_key(shell):
    shell.key.unlink()
    shell.quick("init", "--database", f"sqlite:///{shell.home}/other.db")


def lose_key(shell):
    shell.key.unlink()


def lose_database(shell):
    shell.file.unlink()


def open_key(shell):
    shell.key.chmod(0o644)


def open_folder(shell):
    shell.file.parent.chmod(0o777)


def open_file(shell):
    shell.file.chmod(0o666)


def be_a_folder(shell):
    shell.file.unlink()
    shell.file.mkdir()


def edit_audit(shell):
    shell.sql("drop trigger audit_is_not_edited")


def lose_store_key(shell):
    shell.sql("delete from dek where dek_id = zeroblob(16)")


def swap_store(shell):
    shell.sql("update meta set value = randomblob(16) where name = 'store_id'")


def come_from_the_future(shell):
    shell.sql("pragma user_version = 99")


def be_empty_of_tables(shell):
    shell.sql("drop table connection")


def change_worlds(shell):
    del shell.env["CONNECTOR_VAULT_EMULATOR"]


def lose_emulator(shell):
    shell.env["CONNECTOR_VAULT_EMULATOR"] = "http://127.0.0.1:9"


def leave_the_machine(shell):
    shell.env["CONNECTOR_VAULT_EMULATOR"] = "http://example.com"


def misspell_a_setting(shell):
    (shell.home / "c.toml").write_text("datbase = 'x'")
    shell.env["CONNECTOR_VAULT_CONFIG"] = str(shell.home / "c.toml")


def trust_nobody(shell):
    shell.env["SSL_CERT_FILE"] = str(shell.home / "no.pem")


@pytest.mark.parametrize(
    ("harm", "name"),
    [
        (truncate, "database"),
        (cut_short, "database"),
        (overwrite, "database"),
        (be_a_folder, "database"),
        (be_empty_of_tables, "connections"),
        (lose_database, "database"),
        (replace_key, "store key"),
        (lose_store_key, "store key"),
        (swap_store, "store key"),
        (lose_key, "keys"),
        (open_key, "keys"),
        (open_folder, "database folder"),
        (open_file, "file vault.db"),
        (edit_audit, "audit"),
        (come_from_the_future, "schema"),
        (change_worlds, "world"),
        (lose_emulator, "emulator"),
        (leave_the_machine, "emulator"),
        (misspell_a_setting, "settings"),
        (trust_nobody, "tls"),
    ],
)
def test_harm_is_found(connected, harm, name):
    shell, _ = connected
    harm(shell)
    before = shell.files()

    found = problems(shell.quick("doctor", "--json"))

    assert name in found
    assert not any("failed with" in finding for finding in found.values())
    assert shell.files() == before


def test_a_key_of_the_same_name_is_looked_for_before_a_backup(connected):
    shell, _ = connected
    name, _ = shell.key.read_text().splitlines()
    replace_key(shell)
    shell.key.write_text("\n".join([name, *shell.key.read_text().splitlines()[1:], ""]))

    found = shell.quick("doctor", "--json").json["checks"]

    (remedy,) = [one["remedy"] for one in found if one["name"] == "store key"]
    assert remedy.startswith("name the key it was sealed under")


@pytest.mark.parametrize("code", ["raise RuntimeError('boom')", "import nowhere", "x = 1", "("])
def test_a_connector_that_cannot_be_imported_is_a_problem(lonely, tmp_path, code):
    install_connector(tmp_path / "site", code)
    lonely.env["PYTHONPATH"] = str(tmp_path / "site")

    assert list(problems(lonely.run("doctor", "--json"))) == ["connector broken"]


def test_clients_are_looked_at(lonely):
    del lonely.env["CONNECTOR_VAULT_GITHUB_CLIENT_SECRET"]
    lonely.env["CONNECTOR_VAULT_GITHBU_CLIENT_ID"] = "Iv1.x"

    done = lonely.quick("doctor", "--json")

    assert verdicts(done)["client github"] == verdicts(done)["client githbu"] == "warn"


def test_a_clock_before_our_time_is_wrong():
    assert _clock(datetime(2025, 12, 31)).verdict == "problem"  # noqa: DTZ001
    assert _clock(datetime(2026, 1, 1)).verdict == "ok"  # noqa: DTZ001


def test_nobody_to_trust_is_a_problem(monkeypatch, tmp_path):
    (tmp_path / "empty").mkdir()
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "empty"))

    assert _trust().verdict == "problem"


def test_a_check_that_fails_is_a_finding():
    (found,) = _bounded("this", lambda: 1 / 0)

    assert (found.verdict, found.finding) == ("problem", "this check failed with ZeroDivisionError")
