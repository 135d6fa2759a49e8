"""What tries something as soon as it is imported, before any tool is called."""

from connector_vault.connector import Api
from hostile_connector.probes import PROBES, attempted

__all__ = ["wake"]

_CAUGHT = {name: attempted(name, {}) for name in ("fork", "run a program", "make a socket")}
_CAUGHT |= {name: attempted(name, {}) for name in PROBES if name == "read /etc/shadow"}


async def wake(api: Api) -> dict[str, str]:
    """Say what could be done while this was imported."""
    return _CAUGHT
