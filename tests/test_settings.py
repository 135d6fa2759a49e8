"""What the operator said: the environment first, then a file, then places by platform."""

import os

import pytest

from connector_vault import Owner, Secret, Vault
from connector_vault.errors import Misconfigured
from connector_vault.keys import open_keys
from connector_vault.settings import load_settings

HUSH = "hush-hush-hush"
FULL = """
database = "sqlite:////srv/vault.db"
keys = "local:/srv/vault.key"
tenant = "acme"
user = "ada"

[[clients]]
provider = "github"
id = "Iv1.file"
secret_file = "{secret}"
name = "bot"
tenant = "acme"
"""
WRONG = {
    "no TOML": ("database = ", "TOML"),
    "unknown": ('databse = "x"', "databse"),
    "type": ("database = 7", "database"),
    "null": ('database = "sqlite:///\\u0000"\nuser = 1', "user"),
    "client": ('[[clients]]\nprovider = "github"', "clients.0.id"),
    "secret": (f'[[clients]]\nprovider = "x"\nid = "y"\nsecret = "{HUSH}"', "clients.0.secret"),
    "list": ("[[database]]", "database"),
}


@pytest.fixture
def config(tmp_path):
    def config(text):
        path = tmp_path / "vault.toml"
        path.write_text(text)
        return {"CONNECTOR_VAULT_CONFIG": str(path)}

    return config


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_text(f"{HUSH}\n")
    return path


def test_without_settings_places_are_the_platforms(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    said = load_settings({})

    assert said.owner == Owner(tenant="local", user="me")
    assert said.database == f"sqlite:///{tmp_path}/connector-vault/vault.db"
    assert said.keys == f"local:{tmp_path}/connector-vault/vault.key"
    assert (said.clients, said.emulator, said.source) == ((), None, "defaults")


def test_a_file_says_it_all(config, secret):
    said = load_settings(config(FULL.format(secret=secret)))

    assert (said.database, said.keys) == ("sqlite:////srv/vault.db", "local:/srv/vault.key")
    assert said.owner == Owner(tenant="acme", user="ada")
    (client,) = said.clients
    assert (client.provider, client.id, client.name, client.tenant) == (
        "github",
        "Iv1.file",
        "bot",
        "acme",
    )
    assert client.secret == Secret(HUSH)
    assert said.source.endswith("vault.toml")


def test_the_environment_comes_before_the_file(config, secret):
    said = load_settings(
        {
            **config(FULL.format(secret=secret)),
            "CONNECTOR_VAULT_DATABASE": "sqlite:///env.db",
            "CONNECTOR_VAULT_KEYS": "local:env.key",
            "CONNECTOR_VAULT_TENANT": "other",
            "CONNECTOR_VAULT_USER": "eve",
            "CONNECTOR_VAULT_EMULATOR": "http://127.0.0.1:1",
        }
    )

    assert (said.database, said.keys) == ("sqlite:///env.db", "local:env.key")
    assert said.owner == Owner(tenant="other", user="eve")
    assert said.emulator == "http://127.0.0.1:1"


def test_a_client_may_stand_in_the_environment():
    said = load_settings(
        {
            "CONNECTOR_VAULT_GITHUB_CLIENT_ID": "Iv1.env",
            "CONNECTOR_VAULT_GITHUB_CLIENT_SECRET": HUSH,
            "CONNECTOR_VAULT_MY_OWN_CLIENT_ID": "own",
        }
    )

    clients = {client.provider: client for client in said.clients}
    assert (clients["github"].id, clients["github"].secret) == ("Iv1.env", Secret(HUSH))
    assert (clients["my_own"].id, bool(clients["my_own"].secret)) == ("own", False)
    assert clients["github"].tenant is None


def test_the_environments_client_comes_before_the_files(config):
    file = '[[clients]]\nprovider = "github"\nid = "Iv1.file"'

    said = load_settings({**config(file), "CONNECTOR_VAULT_GITHUB_CLIENT_ID": "Iv1.env"})

    assert [client.id for client in said.clients] == ["Iv1.env", "Iv1.file"]


def test_a_secret_may_stand_in_a_file_of_its_own(secret):
    said = load_settings(
        {
            "CONNECTOR_VAULT_GITHUB_CLIENT_ID": "Iv1",
            "CONNECTOR_VAULT_GITHUB_CLIENT_SECRET_FILE": str(secret),
        }
    )

    assert said.clients[0].secret == Secret(HUSH)


def test_a_secret_stands_in_one_place(secret):
    with pytest.raises(Misconfigured, match="both") as caught:
        load_settings(
            {
                "CONNECTOR_VAULT_GITHUB_CLIENT_ID": "Iv1",
                "CONNECTOR_VAULT_GITHUB_CLIENT_SECRET": "other-secret",
                "CONNECTOR_VAULT_GITHUB_CLIENT_SECRET_FILE": str(secret),
            }
        )

    assert "other-secret" not in str(caught.value)


def test_a_secrets_file_that_is_empty_is_no_public_client(tmp_path):
    (tmp_path / "empty").touch()

    with pytest.raises(Misconfigured, match="empty"):
        load_settings(
            {
                "CONNECTOR_VAULT_GITHUB_CLIENT_ID": "Iv1",
                "CONNECTOR_VAULT_GITHUB_CLIENT_SECRET_FILE": str(tmp_path / "empty"),
            }
        )


def test_an_empty_setting_is_none():
    said = load_settings(
        {
            "CONNECTOR_VAULT_GITHUB_CLIENT_ID": "",
            "CONNECTOR_VAULT_EMULATOR": "",
            "CONNECTOR_VAULT_CONFIG": "",
            "CONNECTOR_VAULT_TENANT": "",
        }
    )

    assert (said.clients, said.emulator, said.owner.tenant) == ((), None, "local")


@pytest.mark.parametrize(("text", "told"), WRONG.values(), ids=WRONG)
def test_a_wrong_file_is_named_and_not_repeated(config, text, told):
    with pytest.raises(Misconfigured, match=told) as caught:
        load_settings(config(text))

    assert HUSH not in str(caught.value)
    assert "vault.toml" in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(Misconfigured, match=str(path)):
            load_settings({"CONNECTOR_VAULT_CONFIG": str(path)})


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "vault.toml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(Misconfigured, match=r"vault\.toml"):
        load_settings({"CONNECTOR_VAULT_CONFIG": str(tmp_path / "vault.toml")})


def test_a_file_that_is_huge_is_not_read(tmp_path):
    (tmp_path / "vault.toml").write_text("#" * 70_000)

    with pytest.raises(Misconfigured, match="at most"):
        load_settings({"CONNECTOR_VAULT_CONFIG": str(tmp_path / "vault.toml")})


@pytest.mark.timeout(2)
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "vault.toml")

    with pytest.raises(Misconfigured, match=r"vault\.toml"):
        load_settings({"CONNECTOR_VAULT_CONFIG": str(tmp_path / "vault.toml")})


@pytest.mark.parametrize("name", ["TENANT", "USER"])
def test_an_owner_that_is_none_is_named(name):
    with pytest.raises(Misconfigured, match=name):
        load_settings({f"CONNECTOR_VAULT_{name}": "two\nlines"})


def test_settings_do_not_show_a_secret(secret):
    said = load_settings(
        {
            "CONNECTOR_VAULT_GITHUB_CLIENT_ID": "Iv1",
            "CONNECTOR_VAULT_GITHUB_CLIENT_SECRET": HUSH,
        }
    )

    assert HUSH not in repr(said)


async def test_a_vault_opens_by_its_settings(monkeypatch, place, world):
    monkeypatch.setenv("CONNECTOR_VAULT_DATABASE", place.database)
    monkeypatch.setenv("CONNECTOR_VAULT_KEYS", place.keys)
    monkeypatch.setenv("CONNECTOR_VAULT_EMULATOR", world.url)
    monkeypatch.setenv("CONNECTOR_VAULT_GITHUB_CLIENT_ID", "Iv1.settings")

    async with Vault.open() as vault:
        pending = await vault.connect(
            "github", Owner(tenant="acme"), redirect_uri="http://127.0.0.1/"
        )

    assert pending.url.startswith(f"{world.url}/github.com/")
    assert "Iv1.settings" in pending.url
    assert place.file.exists()


async def test_a_vault_of_the_emulator_opens_for_nothing_else(place, world):
    async with Vault.open(place.database, keys=place.keys, emulator=world.url):
        pass

    with pytest.raises(Misconfigured, match="EMULATOR"):
        async with Vault.open(place.database, keys=place.keys):
            pass


async def test_a_database_opens_only_under_its_own_keys(place, world):
    async with Vault.open(place.database, keys=place.keys, emulator=world.url) as vault:
        await vault.add("openrouter", Owner(tenant="acme"), secret=Secret("sk-1"))
    other = f"local:{place.folder / 'other.key'}"

    with pytest.raises(Misconfigured):
        async with Vault.open(place.database, keys=other, emulator=world.url):
            pass

    assert not (place.folder / "other.key").exists()
    async with Vault.open(f"sqlite:///{place.folder / 'b.db'}", keys=other, emulator=world.url):
        pass
    with pytest.raises(Misconfigured, match="sealed under"):
        async with Vault.open(place.database, keys=other, emulator=world.url):
            pass


async def test_a_stolen_database_opens_nowhere(place, world, raw):
    """Its rows under another store's keys and id, with everything else copied."""
    async with Vault.open(place.database, keys=place.keys, emulator=world.url):
        pass
    raw("update meta set value = ? where name = 'store_id'", b"x" * 16)

    with pytest.raises(Exception, match=r"altered|Corrupt"):
        async with Vault.open(place.database, keys=place.keys, emulator=world.url):
            pass


def test_who_names_both_places_needs_no_home(monkeypatch):
    """As under a supervisor, with a user that is only a number."""
    monkeypatch.setattr("connector_vault.settings.user_data_path", no_home)

    said = load_settings({"CONNECTOR_VAULT_DATABASE": "sqlite:///v.db"})

    assert (said.database, said.keys) == ("sqlite:///v.db", "")
    with pytest.raises(Misconfigured, match="set CONNECTOR_VAULT_KEYS"):
        open_keys(said.keys)


def no_home(*_, **__):
    raise RuntimeError
