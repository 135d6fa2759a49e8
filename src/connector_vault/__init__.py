"""Keep people's tokens sealed and alive, and let agents act without holding one.

Vault       connect, finish, add, adopt, token, connections, disconnect, maintain, events
Gateway     tools, call
Owner       whose a connection is
Tenant      everybody in one
errors      what can go wrong, named for what to do next
"""

from pathlib import Path
from typing import TYPE_CHECKING

from connector_vault import errors
from connector_vault.errors import ConnectorVaultError
from connector_vault.model import (
    AccessToken,
    Client,
    Connection,
    Owner,
    Pending,
    Receipt,
    Secret,
    State,
    Tenant,
    Tokens,
)
from connector_vault.news import Event, Webhook
from connector_vault.reports import Report

if TYPE_CHECKING:
    from connector_vault.gateway import Gateway, Offer, Result
    from connector_vault.vault import Vault

__all__ = [
    "AccessToken",
    "Client",
    "Connection",
    "ConnectorVaultError",
    "Event",
    "Gateway",
    "Offer",
    "Owner",
    "Pending",
    "Receipt",
    "Report",
    "Result",
    "Secret",
    "State",
    "Tenant",
    "Tokens",
    "Vault",
    "Webhook",
    "errors",
]

# A wheel holds connectors/ and mcp_servers/ in this package; a checkout keeps them beside src/.
if Path(__file__).parents[1].name == "src":
    __path__.append(str(Path(__file__).parents[2]))

_LATE = {"Gateway": "gateway", "Offer": "gateway", "Result": "gateway", "Vault": "vault"}
"""What brings in much is imported when it is asked for: a worker that runs a tool needs none of it,
and has no HTTP client and no cryptography in its memory."""


def __getattr__(name: str) -> object:
    if name not in _LATE:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
