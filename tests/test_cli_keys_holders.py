"""Keys in Vault, in a token and in AWS KMS, on the command line; and how they are moved."""

import pytest

from tests.cli import FIXTURES
from tests.held import FIXTURES as HELD
from tests.held import HOLDERS, KEYS, add, checks, key_of, secret_is_kept, status_of
from tests.holders.hcvault import address, with_role
from tests.softhsm import softhsm

portal, played, shell, lonely, connected = FIXTURES
bao, transit, token, cloud, held = HELD

COUNT = "select distinct holder, version from dek order by holder, version"
REWRAP = ("keys", "rotate", "--rewrap-only", "--json")


@pytest.mark.parametrize("held", HOLDERS, indirect=True)
def test_a_vault_is_made_with_a_key_that_is_held_elsewhere(held):
    done = held.quick("init")

    assert (done.code, done.err) == (0, "")
    assert "Only this key opens the database" in done.out
    assert not held.key.exists()
    add(held)
    assert secret_is_kept(held)
    assert "nothing was changed" in held.quick("init").out


def test_a_key_that_is_not_there_makes_no_vault(lonely, bao):
    lonely.env[KEYS] = address(bao, "no-such-key")
    lonely.env["BAO_TOKEN"] = bao.root

    done = lonely.quick("init", "--json")

    assert (done.code, done.error[0]) == (1, "Misconfigured")
    assert "derived=true" in done.error[1]
    assert lonely.files() == []
    bao.done("POST", "transit/keys/no-such-key", {"type": "aes256-gcm96", "derived": True})
    assert lonely.quick("init", "--json").json["made"] is True


def test_who_may_not_rotate_is_told_who_may(transit, bao):
    transit.quick("init")
    add(transit)

    done = transit.quick("keys", "rotate", "--json")

    key = key_of(transit)
    assert (done.code, done.error[0]) == (6, "KeysDenied")
    assert f"bao write -f transit/keys/{key}/rotate" in done.error[1]
    assert done.error[1].endswith("; then run connector-vault keys rotate --rewrap-only")
    bao.done("POST", f"transit/keys/{key}/rotate")
    assert transit.quick(*REWRAP).json["rewrapped"] == 2
    assert transit.sql(COUNT) == [(f"hcvault:transit/keys/{key}", 2)]
    assert secret_is_kept(transit)


def test_who_may_not_retire_is_told_who_may(transit, bao, monkeypatch):
    monkeypatch.setattr("connector_vault.rotation._UNDER_WAY", 0)
    transit.quick("init")
    bao.done("POST", f"transit/keys/{key_of(transit)}/rotate")
    transit.quick(*REWRAP)

    done = transit.quick("keys", "retire", "--json")

    assert (done.code, done.error[0]) == (6, "KeysDenied")
    assert f"transit/keys/{key_of(transit)}/trim min_available_version=2" in done.error[1]


def test_a_vault_that_may_shreds_in_transit(lonely, bao, monkeypatch):
    monkeypatch.setattr("connector_vault.rotation._UNDER_WAY", 0)
    lonely.env[KEYS] = with_role(bao, lonely.home)
    lonely.quick("init")

    done = lonely.quick("keys", "shred", "--json")

    assert done.code == 0
    assert (done.json["status"]["version"], done.json["status"]["oldest"]) == (2, 2)


@pytest.mark.parametrize("deed", ["retire", "shred"])
def test_aws_lets_no_version_go_and_nothing_is_begun(cloud, deed):
    cloud.quick("init")

    done = cloud.quick("keys", deed, "--json")

    assert (done.code, done.error[0]) == (1, "Misconfigured")
    assert "aws kms schedule-key-deletion" in done.error[1]
    assert "Waiting" not in done.err
    assert status_of(cloud)["version"] == 1


def test_aws_is_never_told_to_retire(cloud):
    cloud.quick("init")

    assert cloud.quick("keys", "rotate").code == 0

    done = cloud.quick("keys", "status")
    assert "oldest version\t1\n" in done.out
    assert "is deleted as a whole" in done.out
    assert "retire" not in done.err


def test_the_holder_is_changed_in_place(lonely, bao, tmp_path):
    """From a key file to Vault, and on to a token: by the commands that the documents name."""
    hsm = softhsm(tmp_path)
    lonely.env["SOFTHSM2_CONF"] = str(hsm.settings)
    old, new, third = f"local:{lonely.key}", with_role(bao, lonely.home), hsm.address()
    lonely.quick("init")
    add(lonely)

    for before, after in ((old, new), (new, third)):
        if after == third:
            hsm.put_key()
        lonely.env[KEYS] = f"{before} {after}"
        assert "or put it first if it is to take over" in lonely.quick("keys", "status").err
        lonely.env[KEYS] = f"{after} {before}"
        assert "2 data keys to be wrapped anew" in lonely.quick("keys", "status").err
        assert checks(lonely)["store key"]["verdict"] == "ok"
        assert secret_is_kept(lonely)
        assert lonely.quick(*REWRAP).json["rewrapped"] == 2
        assert "take it out of CONNECTOR_VAULT_KEYS" in lonely.quick("keys", "status").err
        lonely.env[KEYS] = after
        assert secret_is_kept(lonely)
        done = lonely.quick("keys", "status")
        assert (done.code, done.err) == (0, "")

    assert [holder.partition(":")[0] for holder, _ in lonely.sql(COUNT)] == ["pkcs11"]


def test_a_holder_that_was_taken_out_too_early_is_named(lonely, bao):
    lonely.quick("init")
    add(lonely)
    ((old, _),) = lonely.sql(COUNT)
    lonely.env[KEYS] = f"{with_role(bao, lonely.home)} local:{lonely.key}"
    lonely.sql("update dek set holder = 'local:gone' where connection <> ''")

    done = lonely.quick("keys", "status")
    again = lonely.quick(*REWRAP)

    assert "local:gone wraps data keys, and is not given" in done.err
    assert (again.code, again.error[0]) == (1, "Misconfigured")
    assert "add it to CONNECTOR_VAULT_KEYS" in again.error[1]
    assert lonely.sql("select holder from dek where connection = ''") == [(old,)]


def test_the_option_names_several_holders_too(lonely, bao):
    lonely.quick("init")
    new = with_role(bao, lonely.home)

    done = lonely.quick(*REWRAP, "--keys", f"{new} local:{lonely.key}")

    assert (done.code, done.json["rewrapped"]) == (0, 1)
    assert done.json["status"]["holder"].startswith("hcvault:")


def test_no_login_outlives_its_command(transit, bao):
    transit.quick("init")
    heard = []
    for command in (["doctor"], ["keys", "status"], ["keys", "rotate", "--rewrap-only"]):
        transit.quick(*command)
        heard.append(len(bao.done("LIST", "auth/token/accessors")["data"]["keys"]))

    assert len(set(heard)) == 1
