"""What the deeds of every provider need: their details, and whom they are about."""

from collections.abc import Mapping
from typing import TypeVar

from connector_vault.connector import BadArguments, Json, Refused, read

__all__ = ["details_of", "person_of"]

T = TypeVar("T")


def details_of(into: type[T], details: Mapping[str, Json]) -> T:
    """Read a deed's details into a dataclass, whose fields are all that it takes.

    Raises:
        BadArguments: one is wrong, missing or unknown.
    """
    unknown = set(details) - set(into.__annotations__)
    if unknown:
        raise BadArguments(f"this deed takes no {', '.join(sorted(unknown))}")
    try:
        return read(into, dict(details))
    except Refused as error:
        raise BadArguments(error.message) from None


def person_of(people: Mapping[str, T], login: str) -> T:
    """Find somebody by the name they sign in with.

    Raises:
        BadArguments: there is nobody of this name; the message lists who is there.
    """
    if login not in people:
        raise BadArguments(f"nobody here is called {login!r}: there are {', '.join(people)}")
    return people[login]
