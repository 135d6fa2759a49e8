"""Which schema a database has, and bringing it up to date."""

from typing import NamedTuple

from connector_vault.errors import Misconfigured

__all__ = ["Version", "check_made", "look", "upgrade"]

_POSTGRES = ("postgresql:", "postgres:")


class Version(NamedTuple):
    """The schema that was found, beside the newest one."""

    found: int
    """0: none yet."""
    newest: int
    """What this version of the package works with."""


async def look(url: str) -> Version:
    """See which schema a database has. A file is not made.

    Raises:
        Misconfigured: the URL names none, or the database does not let us in.
        StoreUnavailable, Corrupt: it cannot be read.
    """
    if url.startswith(_POSTGRES):
        from connector_vault.stores.postgres import address
        from connector_vault.stores.postgres import schema as tables

        return Version((await tables.survey(address.address_of(url))).version, tables.NEWEST)
    from connector_vault.stores.sqlite import file, schema

    return Version(0 if file.is_unmade(url) else file.survey(url), schema.NEWEST)


async def check_made(url: str) -> None:
    """Let only a database pass that has tables, or is a file: opening makes those.

    Raises:
        Misconfigured: it has none.
        StoreUnavailable, Corrupt: it cannot be read.
    """
    if url.startswith(_POSTGRES) and not (await look(url)).found:
        raise Misconfigured("the database has no schema: run connector-vault db upgrade")


async def upgrade(url: str) -> Version:
    """Bring a database up to date, and give what it had. One process at a time does it.

    Raises:
        Misconfigured: it is newer than this version, or we may not make tables in it.
        StoreUnavailable, Corrupt: it cannot be read.
    """
    if url.startswith(_POSTGRES):
        from connector_vault.stores.postgres import address
        from connector_vault.stores.postgres import schema as tables

        return Version((await tables.upgrade(address.address_of(url))).version, tables.NEWEST)
    from connector_vault.stores.sqlite import file, schema

    file.touch(file.path_of(url))
    return Version(file.upgrade(url), schema.NEWEST)
