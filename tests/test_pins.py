"""What a tool may ask: its own requests, and nothing beside them."""

import pytest

from connector_vault import registry
from connector_vault.connector import Connector, Request, reads, writes
from connector_vault.declared import changes, check_declared
from connector_vault.errors import NotAllowed


async def tool(api):
    """Do nothing."""


QUESTIONS = {
    "POST /v1/search",
    "POST /v1/data_sources/{}/query",
    "POST /v2/post/publish/creator_info/query/",
    "POST /v2/post/publish/status/fetch/",
    "POST /v2/video/list/",
    "POST /v2/video/query/",
}
"""What changes nothing although it is no GET."""

FREE = {"reads": reads(tool), "writes": writes(tool)}
PINNED = writes(tool, requests=["POST /repos/{}/{}/issues", "GET /repos/{}/contents/{/}"])


@pytest.mark.parametrize(
    "asked",
    [
        ("POST", "/repos/octocat/hello-world/issues"),
        ("POST", "/repos/%2E/a.b/issues"),
        ("GET", "/repos/octocat/contents/src%2Fmain.py"),
    ],
)
def test_a_declared_request_passes(asked):
    check_declared(PINNED, Request(*asked))


@pytest.mark.parametrize(
    "asked",
    [
        ("GET", "/repos/octocat/hello-world/issues"),
        ("POST", "/repos/octocat/hello-world/issues/1"),
        ("POST", "/repos/octocat/hello-world/extra/issues"),
        ("POST", "/repos//hello-world/issues"),
        ("POST", "/repos/octocat/hello-world/issues\n"),
        ("POST", "x/repos/octocat/hello-world/issues"),
        ("POST", "/user/keys"),
        ("DELETE", "/repos/octocat/contents/a"),
    ],
)
def test_any_other_request_is_refused(asked):
    with pytest.raises(NotAllowed, match="does not declare"):
        check_declared(PINNED, Request(*asked))


def test_a_tool_that_declares_nothing_and_reads_may_only_read():
    check_declared(FREE["reads"], Request("GET", "/anything"))

    with pytest.raises(NotAllowed):
        check_declared(FREE["reads"], Request("POST", "/anything"))


def test_a_tool_that_declares_nothing_and_writes_may_ask_anything():
    check_declared(FREE["writes"], Request("DELETE", "/anything"))


def test_a_refusal_does_not_repeat_the_address():
    with pytest.raises(NotAllowed) as caught:
        check_declared(PINNED, Request("POST", "/repos/hush/hush/comments"))

    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("place", registry.ours(), ids=lambda place: place.module)
def test_each_tool_of_ours_declares_its_requests(place):
    connector = registry.load(place.module.rpartition(".")[2])

    assert isinstance(connector, Connector)
    for one in connector.tools:
        assert one.requests, one.name
        if one.effect == "reads":
            asked = {request for request in one.requests if not request.startswith("GET ")}
            assert asked <= QUESTIONS, one.name


SENDING = writes(
    tool,
    requests=["POST /start", "POST /parts/{}", "POST /done"],
    silent=["POST /start", "POST /parts/{}", "https://up.example"],
)


@pytest.mark.parametrize(
    ("method", "url", "changed"),
    [
        ("GET", "/done", False),
        ("POST", "/start", False),
        ("POST", "/parts/7", False),
        ("POST", "/parts/7/8", True),
        ("PUT", "/start", True),
        ("POST", "/done", True),
        ("PUT", "https://up.example/x", False),
        ("PUT", "https://up.example.evil/x", True),
    ],
)
def test_what_nobody_sees_yet_is_no_change(method, url, changed):
    assert changes(SENDING, Request(method, url)) is changed


@pytest.mark.parametrize(("effect", "changed"), [("reads", False), ("writes", True)])
def test_what_a_tool_that_reads_asks_by_post_is_no_change(effect, changed):
    assert changes(FREE[effect], Request("POST", "/search")) is changed
