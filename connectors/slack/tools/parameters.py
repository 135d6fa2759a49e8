"""What several tools ask for."""

from typing import Annotated, TypeAlias

from pydantic import Field

__all__ = [
    "Blocks",
    "ChannelId",
    "Cursor",
    "Markdown",
    "Target",
    "TeamId",
    "Text",
    "ThreadTs",
    "Timestamp",
    "UserId",
]

_ID = r"^[A-Z][A-Z0-9]{1,30}$"
_TS = r"^[0-9]{1,12}\.[0-9]{6}$"

ChannelId: TypeAlias = Annotated[
    str, Field(pattern=_ID, description="Id of a channel or conversation: C0123ABCD, not its name.")
]
Target: TypeAlias = Annotated[
    str,
    Field(pattern=_ID, description="Id of a channel; or of a person, for a direct message."),
]
UserId: TypeAlias = Annotated[str, Field(pattern=_ID, description="Id of a person: U0123ABCD.")]
Timestamp: TypeAlias = Annotated[
    str, Field(pattern=_TS, description="`ts` of a message, exactly as given: 1700000000.000100.")
]
ThreadTs: TypeAlias = Annotated[
    str, Field(pattern=_TS, description="`ts` of the message that began the thread, not a reply's.")
]
Cursor: TypeAlias = Annotated[
    str | None,
    Field(min_length=1, max_length=2000, description="`next_cursor` of the page before."),
]
TeamId: TypeAlias = Annotated[
    str | None,
    Field(pattern=_ID, description="A workspace; needed if an organisation granted this."),
]
Text: TypeAlias = Annotated[
    str | None,
    Field(
        min_length=1,
        max_length=40_000,
        description="Slack's mrkdwn: *bold*, <https://x|link>, <@U0123ABCD>. Best below 4000.",
    ),
]
Markdown: TypeAlias = Annotated[
    str | None,
    Field(min_length=1, max_length=12_000, description="Plain Markdown, instead of `text`."),
]
Blocks: TypeAlias = Annotated[
    list[dict[str, object]] | None,
    Field(min_length=1, max_length=50, description="Block Kit blocks; `text` is then for notices."),
]
