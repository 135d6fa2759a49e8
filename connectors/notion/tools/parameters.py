"""What several tools ask for, and how it is sent."""

from typing import Annotated, TypeAlias, TypeVar

from pydantic import Field

from connector_vault.connector import (
    Api,
    BadArguments,
    Json,
    OutcomeUnknown,
    Request,
    fill,
    read,
)

from ..answers import Failing

__all__ = [
    "BlockId",
    "Cursor",
    "DataSourceId",
    "Id",
    "PageId",
    "PageSize",
    "Url",
    "change",
    "given",
    "one_of",
]

T = TypeVar("T")

_UUID = r"^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$"

Id: TypeAlias = Annotated[str, Field(pattern=_UUID)]
PageId: TypeAlias = Annotated[
    str, Field(pattern=_UUID, description="A page's id, as search gives it: not its address.")
]
BlockId: TypeAlias = Annotated[str, Field(pattern=_UUID, description="A block's or page's id.")]
DataSourceId: TypeAlias = Annotated[
    str,
    Field(
        pattern=_UUID,
        description="A data source's id, as search gives it; not that of its database.",
    ),
]
Cursor: TypeAlias = Annotated[
    str | None,
    Field(max_length=2000, description="`next_cursor` of the page before. Default: from the start"),
]
PageSize: TypeAlias = Annotated[int, Field(ge=1, le=100, description="Results on a page.")]
Url: TypeAlias = Annotated[str, Field(min_length=1, max_length=2000)]


def given(**fields: Json) -> dict[str, Json]:
    """Leave out what the caller did not say. An empty list or text is said, and clears."""
    return {name: value for name, value in fields.items() if value is not None}


def one_of(**choices: Json) -> str:
    """Give the name of the one choice that was made.

    Raises:
        BadArguments: it is none, or several.
    """
    made = list(given(**choices))
    if len(made) != 1:
        raise BadArguments(f"give exactly one of {', '.join(choices)}")
    return made[0]


async def change(api: Api, into: type[T], method: str, path: str, *values: str, json: Json) -> T:
    """Make a change, once.

    Raises:
        OutcomeUnknown: Notion failed, and may have made it.
    """
    try:
        said = await api.send(Request(method, fill(path, *values), json=json))
    except Failing as error:
        words = "Notion failed, and may have made the change all the same"
        raise OutcomeUnknown(f"{words}: look before repeating it") from error
    return read(into, said)
