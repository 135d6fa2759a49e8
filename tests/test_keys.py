import pytest

from connector_vault.errors import Misconfigured
from connector_vault.keys import open_keys

SECRET = "c2VjcmV0"


@pytest.mark.parametrize("uri", ["hcvault://h/m/keys/k", "pkcs11:token=t", "aws-kms://arn"])
def test_a_holder_of_a_later_version_is_named_as_such(uri):
    with pytest.raises(Misconfigured, match="not in this version"):
        open_keys(uri)


@pytest.mark.parametrize("uri", ["local", "local:", "file:x", SECRET, f"{SECRET}:x"])
def test_an_address_that_is_none_is_refused_without_being_quoted(uri):
    with pytest.raises(Misconfigured, match="not written as local:PATH") as caught:
        open_keys(uri)

    assert SECRET not in str(caught.value)
