"""A connector for measuring: one tool does nothing, one asks for one thing."""

from connector_vault.connector import Api, Connector, Json, reads


async def nothing(api: Api, number: int) -> int:  # noqa: ARG001  # every tool has one
    """Give the number back."""
    return number


async def user(api: Api, number: int) -> int:
    """Read the account's profile, and give the number back."""
    await api.get(dict[str, Json], "/user")
    return number


connector = Connector(
    name="idle", title="Idle", api="https://api.github.com", tools=(reads(nothing), reads(user))
)
