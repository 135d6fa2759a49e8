"""Keep people's tokens sealed and alive, and let agents act without holding one.

Vault       connect, finish, add, token, connections, disconnect
Gateway     tools, call
Owner       whose a connection is
errors      what can go wrong, named for what to do next
"""

from pathlib import Path

from connector_vault import errors
from connector_vault.errors import ConnectorVaultError
from connector_vault.gateway import Gateway, Offer, Result
from connector_vault.model import (
    AccessToken,
    Client,
    Connection,
    Owner,
    Pending,
    Receipt,
    Secret,
    State,
)
from connector_vault.vault import Vault

__all__ = [
    "AccessToken",
    "Client",
    "Connection",
    "ConnectorVaultError",
    "Gateway",
    "Offer",
    "Owner",
    "Pending",
    "Receipt",
    "Result",
    "Secret",
    "State",
    "Vault",
    "errors",
]

# A wheel holds connectors/ in this package; a checkout keeps it beside src/.
if Path(__file__).parents[1].name == "src":
    __path__.append(str(Path(__file__).parents[2]))
