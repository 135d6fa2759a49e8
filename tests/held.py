"""A machine whose keys are held elsewhere, and what may be asked of it."""

import pytest

from tests import kms, openbao
from tests.cli import SECRET_KEY
from tests.holders.hcvault import with_role
from tests.softhsm import softhsm

KEYS = "CONNECTOR_VAULT_KEYS"


@pytest.fixture
def bao():
    """A Vault, and how its administrator rotates a key."""
    return openbao.server()


@pytest.fixture
def transit(lonely, bao):
    """A machine whose vault may use a key in Vault, and neither rotate nor retire it."""
    lonely.env[KEYS] = with_role(bao, lonely.home, versions=False)
    return lonely


@pytest.fixture
def token(lonely, tmp_path, monkeypatch):
    """A machine with a token of SoftHSM, which has no key yet."""
    hsm = softhsm(tmp_path)
    lonely.env["SOFTHSM2_CONF"] = str(hsm.settings)
    lonely.env[KEYS] = hsm.address()
    return lonely


@pytest.fixture
def cloud(lonely):
    """A machine whose vault uses a key in AWS KMS."""
    server = kms.server()
    lonely.env |= kms.ENVIRON
    lonely.env[KEYS] = server.address(server.make(), timeout=60)
    return lonely


HOLDERS = ["transit", "token", "cloud"]


@pytest.fixture
def held(request):
    """A machine with keys in one of them."""
    return request.getfixturevalue(request.param)


def key_of(shell):
    return shell.env[KEYS].partition("?")[0].rpartition("/")[2]


def add(shell):
    assert shell.quick("add", "one", stdin=SECRET_KEY).code == 0


def secret_is_kept(shell):
    (found,) = shell.quick("list", "--json").json["connections"]
    return f"••••{SECRET_KEY[-4:]}" in shell.quick("show", found["id"]).out


def status_of(shell):
    return shell.quick("keys", "status", "--json").json["status"]


def checks(shell):
    return {one["name"]: one for one in shell.quick("doctor", "--json").json["checks"]}


FIXTURES = (bao, transit, token, cloud, held)
"""A test module takes them under these names."""
