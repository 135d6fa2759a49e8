"""`doctor` says of each key holder what it is, whether it works, and what it needs."""

import json

import pytest

from connector_vault.keys import hcvault
from tests import kms
from tests.cli import FIXTURES, SECRET_KEY
from tests.held import FIXTURES as HELD
from tests.held import HOLDERS, KEYS, checks, key_of
from tests.holders.hcvault import with_role

portal, played, shell, lonely, connected = FIXTURES
bao, transit, token, cloud, held = HELD

HIDE = """
from importlib.machinery import PathFinder

find = PathFinder.find_spec

def find_spec(cls, name, *more):
    return None if name.partition(".")[0] == {!r} else find(name, *more)

PathFinder.find_spec = classmethod(find_spec)
"""
"""As if a package was not installed."""


@pytest.mark.parametrize("held", HOLDERS, indirect=True)
def test_a_sound_vault_has_no_problem_wherever_its_key_is(held):
    held.quick("init")

    done = held.quick("doctor", "--json")

    assert (done.code, done.json["ok"]) == (0, True)
    found = {one["name"]: one["finding"] for one in done.json["checks"]}
    assert "which never leaves it" in found["keys"]
    assert found["store key"] == "the key holder opens it"
    assert found["setting keys"].startswith(f"{held.env[KEYS].partition(':')[0]}:…")


@pytest.mark.parametrize("held", HOLDERS[:1] + HOLDERS[2:], indirect=True)
def test_a_machine_without_a_vault_is_no_problem(held):
    found = checks(held)

    assert [name for name, one in found.items() if one["verdict"] == "problem"] == []
    assert found["vault"]["verdict"] == "warn"
    assert not held.file.exists()


def test_a_key_file_is_looked_for_where_its_holder_makes_it(lonely, tmp_path):
    lonely.env |= {"HOME": str(tmp_path), KEYS: "local:~/vault.key"}
    assert lonely.run("init").code == 0

    found = {one["name"]: one["verdict"] for one in lonely.run("doctor", "--json").json["checks"]}

    assert (tmp_path / "vault.key").exists()
    assert (found["keys"], found["store key"]) == ("ok", "ok")


def test_doctor_looks_at_every_holder(lonely, bao):
    lonely.quick("init")
    lonely.env[KEYS] += f" {with_role(bao, lonely.home)}"
    assert checks(lonely)["other keys"]["verdict"] == "ok"

    lonely.env[KEYS] += " local:/nowhere/vault.key"

    done = lonely.quick("doctor", "--json")
    found = [one for one in done.json["checks"] if one["name"] == "other keys"]
    assert [one["verdict"] for one in found] == ["ok", "problem"]
    assert "/nowhere/vault.key is gone" in found[1]["finding"]
    assert "setting keys\t" in lonely.quick("doctor").out


def test_doctor_says_what_a_key_file_is(lonely):
    lonely.quick("init")
    assert "whoever copies its folder has key and database" in checks(lonely)["keys"]["finding"]

    (lonely.home / "apart").mkdir(mode=0o700)
    lonely.key.rename(lonely.home / "apart" / "vault.key")
    lonely.env[KEYS] = f"local:{lonely.home}/apart/vault.key"

    assert "opens every copy of the database" in checks(lonely)["keys"]["finding"]


def test_doctor_prints_the_policy_that_a_vault_lacks(transit, bao):
    transit.quick("init")
    name, text = bao.policy_naming(key_of(transit))
    less = text.replace(f"transit/decrypt/{key_of(transit)}", "transit/decrypt/other")
    bao.done("PUT", f"sys/policies/acl/{name}", {"policy": less})

    found = checks(transit)["keys"]

    assert found["verdict"] == "problem"
    assert hcvault.policy(transit.env[KEYS]).strip() in found["remedy"]
    assert f'path "transit/decrypt/{key_of(transit)}"' in transit.quick("doctor").out
    assert "secret-id" not in found["remedy"]


def test_doctor_prints_the_policy_that_a_role_at_aws_lacks(cloud, portal):
    cloud.quick("init")
    with portal.wrap_async_context_manager(kms.relaying(kms.server())) as relay:
        relay.fail("Encrypt", 400, "AccessDeniedException")
        arn = cloud.env[KEYS].partition("?")[0]
        cloud.env[KEYS] = f"{arn}?endpoint={relay.url}&timeout=60"

        remedy = checks(cloud)["keys"]["remedy"]

    policy = json.loads(remedy[remedy.index("{") :])
    assert policy["Statement"][0]["Resource"] == arn.removeprefix("aws-kms://")
    assert "kms:Encrypt" in policy["Statement"][0]["Action"]


@pytest.mark.parametrize(("mode", "verdict"), [(0o600, None), (0o640, None), (0o644, "warn")])
def test_a_secret_that_everybody_may_read_is_told(transit, mode, verdict):
    """Vault's agent writes its file for its group, too: that is left to who set it up."""
    (secret,) = transit.home.glob("secret-id-*")
    secret.chmod(mode)

    found = checks(transit).get("key holder's secret")

    assert (found and found["verdict"]) == verdict
    assert found is None or found["remedy"] == f"run chmod o= {secret}"


def test_doctor_survives_a_holder_that_is_away(transit, bao):
    transit.quick("init")
    with bao.sealed():
        done = transit.quick("doctor", "--json")

    found = {one["name"]: one for one in done.json["checks"]}
    assert done.code == 3
    assert "sealed" in found["keys"]["finding"]
    assert found["store key"]["finding"] == "not tried: the key holder does not work"


@pytest.mark.parametrize(
    ("uri", "package", "extra"),
    [
        ("hcvault://127.0.0.1:9/transit/keys/k", "hvac", "vault"),
        ("pkcs11:object=k?module-path=/nowhere.so", "pkcs11", "hsm"),
        (f"aws-kms://{kms.LASTING}", "botocore", "aws"),
    ],
)
def test_a_package_that_is_missing_is_named(lonely, tmp_path, uri, package, extra):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(HIDE.format(package))
    lonely.env |= {KEYS: uri, "PYTHONPATH": str(tmp_path / "site")}

    told = lonely.run("doctor", "--json")
    done = lonely.run("init", "--json")

    found = {one["name"]: one["finding"] for one in told.json["checks"]}
    assert told.code == 3
    assert f"pip install 'connector-vault[{extra}]'" in found["keys"]
    assert (done.code, done.error) == (1, ("Misconfigured", found["keys"]))


def test_a_key_that_was_pasted_is_not_shown(lonely):
    done = lonely.quick("doctor", "--keys", f"hcvault://{SECRET_KEY}@h/transit/keys/k", "--json")

    assert SECRET_KEY not in done.out + done.err
