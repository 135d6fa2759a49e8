"""The OAuth clients an operator registered, and which of them serves whom."""

from collections.abc import Callable, Iterable

from connector_vault.errors import Misconfigured
from connector_vault.model import Client

__all__ = ["Clients"]


class Clients:
    """Chooses clients. A tenant's own comes before one that serves every tenant."""

    def __init__(
        self, clients: Iterable[Client] = (), family: Callable[[str], str] = lambda name: name
    ) -> None:
        self._clients = tuple(clients)
        self._family = family
        """Under which name those of a connector are registered."""

    def named(self, provider: str, name: str, tenant: str) -> Client:
        """Give the client a new consent is asked under.

        Raises:
            Misconfigured: nobody registered one; the message names the settings to make.
        """
        fitting = [client for client in self._serving(provider, tenant) if client.name == name]
        if fitting:
            return fitting[0]
        setting = f"CONNECTOR_VAULT_{self._family(provider).upper()}_CLIENT_ID"
        msg = f"no OAuth client {name!r} for {provider}: set {setting} and ..._CLIENT_SECRET"
        raise Misconfigured(msg)

    def holding(self, provider: str, client_id: str, tenant: str) -> Client:
        """Give the client a grant was made to: another could neither refresh nor revoke it.

        Raises:
            Misconfigured: it is no longer registered.
        """
        for client in self._serving(provider, tenant):
            if client.id == client_id:
                return client
        msg = f"the {provider} client {client_id} that this was connected with is not configured"
        raise Misconfigured(msg)

    def _serving(self, provider: str, tenant: str) -> list[Client]:
        names = {provider, self._family(provider)}
        serving = (
            client
            for client in self._clients
            if client.provider in names and client.tenant in (None, tenant)
        )
        return sorted(serving, key=lambda one: (one.tenant is None, one.provider != provider))
