"""What the documents say of key holders is so: commands, policies, options and numbers."""

import json
import re
import shlex
import subprocess
from importlib import import_module

import pytest

from connector_vault import datakeys, maintenance, renewal, rotation
from connector_vault.keys import hcvault
from connector_vault.keys.hcvault import address as hcvault_address
from connector_vault.keys.pkcs11 import address as pkcs11_address
from tests import kms, openbao
from tests.cli import FIXTURES
from tests.deeds import ROOT

portal, played, shell, lonely, connected = FIXTURES

CHOOSE = (ROOT / "docs/how-to/choose-a-key-holder.md").read_text()
ROTATE = (ROOT / "docs/how-to/rotate-keys.md").read_text()
KEYS = (ROOT / "docs/explanation/keys.md").read_text()
VAULT = "hcvault://vault.example.com/transit/keys/connector-vault"
AWS = re.search(r"aws-kms://arn\S+", CHOOSE)[0]


@pytest.fixture
def bao(tmp_path):
    """A server that nobody has prepared yet."""
    server = openbao.Server(openbao.found(), tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def aws():
    """What knows addresses of keys in AWS, if its library is installed."""
    kms.server()
    return import_module("connector_vault.keys.aws_kms.address")


def section(name):
    (found,) = (one for one in re.split("^## ", CHOOSE, flags=re.MULTILINE) if one.startswith(name))
    return found


def options(name):
    """Give what the first columns of a section's tables name."""
    rows = re.findall(r"^\| (`.+?) \| ", section(name), flags=re.MULTILINE)
    return {one for row in rows for one in re.findall(r"`([a-z0-9-]+)`", row)}


def blocks(text, kind=""):
    found = re.findall(r"^ *```(\w*)\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [block for named, block in found if named == kind]


def test_vault_is_prepared_by_the_commands_that_are_shown(lonely, bao):
    """As an administrator types them, and then as the vault's user does."""
    (lonely.home / "connector-vault.hcl").write_text(blocks(CHOOSE, "hcl")[0])
    said = [
        run(bao, lonely.home, line)
        for block in blocks(section("Vault"))
        for line in block.splitlines()
        if line.startswith("bao ")
    ]
    *_, role, secret = said
    (lonely.home / "secret-id").write_text(secret)
    lonely.env["CONNECTOR_VAULT_KEYS"] = shown(bao, lonely.home, role.strip())

    assert (lonely.quick("init").code, lonely.quick("doctor").code) == (0, 0)
    done = lonely.quick("keys", "rotate")

    assert done.code == 6
    place = f"127.0.0.1:{bao.port}"
    assert done.err.replace(place, "vault.example.com:8200") in ROTATE
    run(bao, lonely.home, re.search(r"runs: (.+?); then", done.err)[1])
    assert lonely.quick("keys", "rotate", "--rewrap-only", "--json").json["rewrapped"] == 1


def run(bao, folder, line):
    env = {"BAO_ADDR": f"http://127.0.0.1:{bao.port}", "BAO_TOKEN": bao.root, "HOME": str(folder)}
    program = str(openbao.found())
    command = [program, *shlex.split(line)[1:]]
    done = subprocess.run(
        command, env=env, cwd=folder, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 0, (line, done.stderr)
    return done.stdout


def shown(bao, folder, role):
    """Give the address that the page shows, for this server and these secrets."""
    uri = re.search(r"CONNECTOR_VAULT_KEYS='(.+)'", section("Vault"))[1]
    uri = uri.replace("vault.example.com", f"127.0.0.1:{bao.port}").replace("ROLE-ID", role)
    return f"{uri.replace('/etc/agents', str(folder))}&tls=off"


def test_the_policies_are_those_that_doctor_prints(aws):
    assert blocks(CHOOSE, "hcl") == [hcvault.policy(VAULT)]
    (policy,) = blocks(CHOOSE, "json")
    assert json.loads(policy) == json.loads(aws.policy(AWS))


def test_every_option_is_explained(aws):
    known = hcvault_address._ALWAYS.union(
        *hcvault_address._NEEDED.values(), *hcvault_address._ALLOWED.values()
    )
    assert options("Vault") == known
    parts = (pkcs11_address._PATH, pkcs11_address._SLOT, pkcs11_address._QUERY)
    assert options("An HSM") == {name for part in parts for name in part}
    assert options("AWS KMS") == {"endpoint", "profile", "timeout"}
    for name in options("AWS KMS"):
        value = {"endpoint": "https://h", "timeout": "1"}.get(name, "x")
        assert aws.address_of(f"{AWS}?{name}={value}")


def test_every_address_that_is_shown_is_one(aws):
    text = CHOOSE + ROTATE
    readers = {
        r"hcvault://vault[^\s'`]+": hcvault_address.address_of,
        r"aws-kms://arn[^\s'`]+": aws.address_of,
        r"pkcs11:token[^\s'`]+": pkcs11_address.address_of,
    }

    for form, read in readers.items():
        found = re.findall(form, text)
        assert found
        assert all(read(one) for one in found)


def test_the_numbers_are_those_of_the_code():
    at_most = datakeys.LIFE + datakeys.GRACE
    day = 24 * 3600 * 1000

    for words in (
        f"kept for {datakeys.LIFE:.0f} seconds",
        f"From {datakeys._AHEAD:.0f} seconds before its end",
        f"until {at_most:.0f} seconds after it was fetched",
        f"{datakeys._MAX_KEYS:,} keys",
        f"{rotation._PAGE} at a time",
        f"{maintenance._REWRAPPED:,} keys in each",
        f"replaced after {renewal.AGE // day} days",
    ):
        assert words in KEYS, words
    assert (datakeys._MAX_USES, rotation._WIDTH, rotation._UNDER_WAY) == (2**20, 4, 60)
    assert rotation._PATIENCE == 30


def test_the_deadline_is_what_is_said(aws):
    for name, default in (("Vault", hcvault_address._TIMEOUT), ("AWS", aws._TIMEOUT)):
        assert f"0.1 to 60, {default:.0f} if not said" in section(name)
