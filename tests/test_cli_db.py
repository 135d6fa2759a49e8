"""`db status` and `db upgrade`, and the other commands on a database server."""

import pytest

from connector_vault.cli.checks import postgres as checks
from connector_vault.settings import Settings
from tests.cli import FIXTURES, SECRET_KEY
from tests.deeds import ADA

portal, played, shell, lonely, connected = FIXTURES

PASSWORD = "hunter2-hush"


@pytest.fixture
def served(lonely, postgres):
    """A machine whose database is on a server that does not ask for the password it is given."""
    address = postgres.address().replace("postgres@", f"postgres:{PASSWORD}@")
    lonely.env["CONNECTOR_VAULT_DATABASE"] = address
    lonely.env["CONNECTOR_VAULT_JOURNAL"] = str(lonely.home / "journal")
    lonely.key.parent.mkdir(mode=0o700)
    return lonely


def checked(done):
    return {one["name"]: (one["verdict"], one["finding"]) for one in done.json["checks"]}


def test_a_file_has_a_schema(lonely):
    before = lonely.quick("db", "status", "--json")
    lonely.quick("init")
    after = lonely.quick("db", "status", "--json")

    assert (before.code, before.json["database"]["state"]) == (1, "missing")
    assert (after.code, after.json["ok"], after.json["database"]["state"]) == (0, True, "newest")


def test_looking_at_a_schema_makes_nothing(lonely):
    lonely.quick("db", "status")
    done = lonely.quick("db", "upgrade", "--json")

    assert (done.code, done.error[0]) == (1, "Misconfigured")
    assert lonely.files() == []


@pytest.mark.parametrize(("version", "state", "code"), [(1, "opens", 0), (99, "newer", 1)])
def test_a_file_of_another_version(lonely, version, state, code):
    lonely.quick("init")
    lonely.sql(f"pragma user_version = {version}")

    done = lonely.quick("db", "status", "--json")

    assert (done.code, done.json["database"]["state"]) == (code, state)


def test_a_file_that_is_too_new_is_not_upgraded(lonely):
    lonely.quick("init")
    lonely.sql("pragma user_version = 99")

    done = lonely.quick("db", "upgrade", "--json")

    assert (done.code, done.error[0]) == (1, "Misconfigured")


def test_an_upgrade_says_what_was_there(served):
    made = served.quick("db", "upgrade", "--json").json["database"]
    again = served.quick("db", "upgrade")

    assert (made["before"], made["found"]) == (0, made["newest"])
    assert "was up to date" in again.out


def test_init_makes_the_schema(served):
    missing = served.quick("db", "status")
    first, second = served.quick("init", "--json"), served.quick("init", "--json")

    assert (missing.code, "connector-vault init" in missing.out) == (1, True)
    assert (first.code, first.json["made"]) == (0, True)
    assert (second.code, second.json["made"]) == (0, False)
    assert served.quick("db", "status").code == 0


def test_looking_makes_no_schema(served):
    done = served.quick("list", "--json")

    assert (done.code, done.error[0]) == (1, "Misconfigured")
    assert served.quick("db", "status", "--json").json["database"]["state"] == "missing"


def test_add_makes_the_schema_too(served):
    done = served.quick("add", "openrouter", "--json", stdin=SECRET_KEY)

    assert done.code == 0
    assert served.quick("list", "--json").json["connections"][0]["provider"] == "openrouter"


def test_half_a_vault_on_a_server_is_not_mended(served):
    served.quick("init")
    served.key.unlink()

    done = served.quick("init", "--json")

    assert (done.code, done.error[0]) == (1, "Misconfigured")
    assert not served.key.exists()


def test_keys_apart_are_made_and_looked_at(served, postgres):
    served.env["CONNECTOR_VAULT_KEYS_DATABASE"] = postgres.address()
    assert served.quick("init").code == 0
    assert served.quick("add", "openrouter", stdin=SECRET_KEY).code == 0

    status = served.quick("db", "status", "--json").json
    found = checked(served.quick("doctor", "--json"))

    assert {status["database"]["state"], status["keys_database"]["state"]} == {"newest"}
    assert found["store key"][0] == "ok"
    assert "schema=" in found["setting keys_database"][1]


def test_a_missing_keys_file_is_not_made_anew(lonely):
    keys = lonely.home / "data" / "keys.db"
    lonely.env["CONNECTOR_VAULT_KEYS_DATABASE"] = f"sqlite:///{keys}"
    assert lonely.quick("init").code == 0
    assert lonely.quick("add", "openrouter", stdin=SECRET_KEY).code == 0
    keys.unlink()

    done = lonely.quick("list", "--json")

    assert (done.code, done.error[0]) == (1, "Misconfigured")
    assert "keys database" in done.error[1]
    assert not keys.exists()


def test_the_doctor_looks_at_a_server(served):
    served.quick("init")

    done = served.quick("doctor", "--json")

    found = checked(done)
    # The tests' own server waits for no disk, and this is what the doctor says of it.
    assert {name for name, (verdict, _) in found.items() if verdict == "problem"} == {"durability"}
    for name in ("database", "schema", "clocks", "pooling", "encrypted", "world", "audit"):
        assert found[name][0] == "ok", name
    assert found["store key"] == ("ok", "the key holder opens it")
    assert found["database connections"][1].endswith("takes up to 9")


def test_the_doctor_finds_no_schema(served):
    done = served.quick("doctor", "--json")

    assert checked(done)["schema"][0] == "warn"


def test_the_doctor_finds_what_was_changed(served, postgres):
    served.quick("init")
    schema = served.env["CONNECTOR_VAULT_DATABASE"].rpartition("=")[2]
    postgres.sql(f"drop trigger audit_is_not_edited on {schema}.audit")
    postgres.sql(f"update {schema}.meta set value = '\\x39' where name = 'schema_version'")
    postgres.sql(f"delete from {schema}.dek")

    found = checked(served.quick("doctor", "--json"))

    assert {"audit", "schema", "store key"} <= {
        name for name, (verdict, _) in found.items() if verdict == "problem"
    }


def test_the_doctor_finds_a_standby(served, postgres):
    served.quick("init")
    with postgres.standby() as standby:
        served.env["CONNECTOR_VAULT_DATABASE"] = served.env["CONNECTOR_VAULT_DATABASE"].replace(
            str(postgres.folder), str(standby.folder)
        )
        found = checked(served.quick("doctor", "--json"))

    assert found["database"][0] == "problem"
    assert "standby" in found["database"][1]


def test_the_doctor_finds_no_server(served):
    served.env["CONNECTOR_VAULT_DATABASE"] = f"postgresql://ada:{PASSWORD}@127.0.0.1:9/x"

    found = checked(served.quick("doctor", "--json"))

    assert found["database"][0] == "problem"
    assert "cannot be reached" in found["database"][1]


@pytest.mark.parametrize(
    ("check", "verdict"),
    [
        (lambda: checks._clock(3_600_000), "warn"),
        (lambda: checks._clock(-100), "ok"),
        (lambda: checks._pooling(pooled=False, proxied=True), "warn"),
        (lambda: checks._pooling(pooled=True, proxied=True), "ok"),
        (lambda: checks._connections(9, 95, 100), "warn"),
        (lambda: checks._encryption(private=False, encrypted=False), "warn"),
        (lambda: checks._durability(whole=True, synchronous=False, standbys=1), "warn"),
        (lambda: checks._durability(whole=True, synchronous=True, standbys=1), "ok"),
    ],
)
def test_what_is_to_be_known_of_a_server(check, verdict):
    assert check().verdict == verdict


@pytest.mark.parametrize(
    "command",
    ["init", "list", "show con_a", "doctor", "db status", "db upgrade", "maintain", "keys list"],
)
@pytest.mark.parametrize("harm", ["", "?shcema=x", "?password=", "/x?sslmode=nonsense", "#x"])
def test_no_command_shows_a_password(served, command, harm):
    if harm:
        served.env["CONNECTOR_VAULT_DATABASE"] = f"postgresql://ada:{PASSWORD}@127.0.0.1:9{harm}"
    else:
        served.quick("init")

    for output in ("--json", "--debug"):
        served.quick(*command.split(), output)

    assert PASSWORD not in "".join(served.heard)


def test_settings_do_not_show_themselves():
    url = f"postgresql://ada:{PASSWORD}@x/y"

    assert PASSWORD not in repr(Settings(database=url, keys=PASSWORD, keys_database=url, owner=ADA))
