"""A Meta that failed while it worked: what leaves is the vault's own error, and says what is open.

Anything else is a crash to whoever runs tools in a process of their own.
"""

from inspect import Parameter, signature

import pytest

from connector_vault import registry
from connector_vault.connector import Api, Reply
from connector_vault.errors import OutcomeUnknown, Unreachable

MISSING = Parameter.empty
SAID = {
    "comment_id": "178",
    "container_id": "178",
    "conversation_id": "t_1",
    "media_id": "178",
    "message": "x",
    "post_id": "1_2",
    "recipient_id": "1",
    "text": "x",
    "video_id": "1",
}
COMMENTS = {"comment_on_media", "delete_comment", "hide_comment", "reply_comment", "send_message"}


class Failing(Api):
    """Answers that it failed, by a status that says no."""

    account = "24/1784"

    def __init__(self, connector):
        self.connector = connector

    async def send(self, request):
        body = b'{"error":{"message":"Retry later.","code":2,"is_transient":true}}'
        return self.connector.answer(Reply(400, body))


async def failure(connector, tool):
    """Call a tool with what it needs, and give what came of it."""
    wanted = list(signature(tool.function).parameters.values())[1:]
    said = {one.name: SAID[one.name] for one in wanted if one.default is MISSING}
    with pytest.raises((OutcomeUnknown, Unreachable)) as told:
        await tool.function(Failing(connector), **said)
    return told.value


@pytest.mark.parametrize("name", ["facebook", "instagram", "instagram_facebook"])
async def test_a_failure_leaves_as_an_error_of_the_vault(name):
    connector = registry.load(name)
    for tool in connector.tools:
        if tool.effect == "reads":
            assert type(await failure(connector, tool)) is Unreachable, tool.name
        elif tool.name in COMMENTS:
            found = await failure(connector, tool)
            assert type(found) is OutcomeUnknown, tool.name
            assert "look with" in str(found), tool.name
