"""What several tools ask for, and how it is sent."""

from collections.abc import Sequence, Sized
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from connector_vault.connector import Json

__all__ = [
    "Direction",
    "Number",
    "OwnerLogin",
    "Page",
    "PerPage",
    "RepoName",
    "Since",
    "WorkflowId",
    "comma",
    "following",
    "given",
]

OwnerLogin: TypeAlias = Annotated[
    str, Field(description="Login of the user or organisation the repository belongs to.")
]
RepoName: TypeAlias = Annotated[
    str, Field(description="Name of the repository, without its owner.")
]
Number: TypeAlias = Annotated[int, Field(ge=1, description="The number after # on GitHub.")]
Direction: TypeAlias = Literal["asc", "desc"]
PerPage: TypeAlias = Annotated[int, Field(ge=1, le=100, description="Results on a page.")]
Page: TypeAlias = Annotated[int, Field(ge=1, description="Which page, from 1.")]
Since: TypeAlias = Annotated[
    str | None, Field(description="Only what changed after this time: 2026-03-10T12:00:00Z.")
]
WorkflowId: TypeAlias = Annotated[
    int | str, Field(description="Id of the workflow, or the name of its file: ci.yml.")
]


def given(**fields: Json) -> dict[str, Json]:
    """Leave out what the caller did not say. An empty list or text is said, and clears."""
    return {name: value for name, value in fields.items() if value is not None}


def comma(values: Sequence[str] | None) -> str | None:
    """Join values as GitHub wants them in an address."""
    return ",".join(values) if values else None


def following(found: Sized, per_page: int, page: int) -> int | None:
    """Give the page to ask for next. None: this one was not full, so it was the last."""
    return page + 1 if len(found) >= per_page else None
