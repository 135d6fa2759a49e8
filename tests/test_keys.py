import pytest

from connector_vault.errors import Misconfigured
from connector_vault.keys import open_keys

SECRET = "c2VjcmV0"


@pytest.mark.parametrize("uri", ["local", "local:", "file:x", SECRET, f"{SECRET}:x"])
def test_an_address_that_is_none_is_refused_without_being_quoted(uri):
    with pytest.raises(Misconfigured, match="not written as one of local:PATH") as caught:
        open_keys(uri)

    assert SECRET not in str(caught.value)
