"""Tools that only a worker imports."""

from connector_vault.connector import Api

__all__ = ["add_up"]


async def add_up(api: Api, numbers: list[int]) -> int:
    """Add up some numbers."""
    return sum(numbers)
