"""Calling tools in tests: one gateway for each vault, so that one zygote serves a test."""

from connector_vault import Gateway
from tests.deeds import ADA

_SHORT = 5.0
"""Seconds. A call with less must not spend them on starting what forks workers."""


def gateway_of(vault):
    """Give the gateway of a vault. It is closed with the vault."""
    if not hasattr(vault, "gateway"):
        vault.gateway = Gateway(vault)
    return vault.gateway


async def call(vault, tool, arguments, owner=ADA, **options):
    gateway = gateway_of(vault)
    if options.get("timeout", _SHORT) < _SHORT:
        await gateway.__aenter__()
    return await gateway.call(owner, tool, arguments, **options)
