"""GitHub's tools: what each sends for what it is given, and what it returns."""

import binascii
from base64 import b64decode, b64encode
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector_vault import registry
from connector_vault.connector import Api, BadArguments, Refused, Reply, Request
from tests.replay import Replay, says

github = registry.load("github")
tools = {tool.name: tool.function for tool in github.tools}

HELLO = {"owner": "octocat", "repo": "hello"}
HASH = "9" * 40
ENTRY = {"type": "file", "name": "a", "path": "d/a", "sha": HASH, "size": 1}
ISSUE = {"id": 1, "number": 7, "title": "t", "state": "open", "html_url": "https://x"}
RUN = {"workflow_run_id": 5, "run_url": "https://a", "html_url": "https://b"}
PULL_MARK = {"html_url": "https://y", "merged_at": None, "url": "dropped"}

PATHS = {
    "get_file": "/repos/{owner}/{repo}/contents/{path}",
    "create_or_update_file": "/repos/{owner}/{repo}/contents/{path}",
    "list_issues": "/repos/{owner}/{repo}/issues",
    "create_issue": "/repos/{owner}/{repo}/issues",
    "get_issue": "/repos/{owner}/{repo}/issues/{issue_number}",
    "update_issue": "/repos/{owner}/{repo}/issues/{issue_number}",
    "close_issue": "/repos/{owner}/{repo}/issues/{issue_number}",
    "list_issue_comments": "/repos/{owner}/{repo}/issues/{issue_number}/comments",
    "comment_issue": "/repos/{owner}/{repo}/issues/{issue_number}/comments",
    "list_pull_requests": "/repos/{owner}/{repo}/pulls",
    "create_pull_request": "/repos/{owner}/{repo}/pulls",
    "merge_pull_request": "/repos/{owner}/{repo}/pulls/{pull_number}/merge",
    "list_workflow_runs": "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs",
    "dispatch_workflow": "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches",
    "get_authenticated_user": "/user",
    "search_repositories": "/search/repositories",
    "search_issues": "/search/issues",
    "search_code": "/search/code",
}
BODIES = {
    "create_or_update_file": {"message", "content"},
    "create_issue": {"title"},
    "update_issue": {"title"},
    "comment_issue": {"body"},
    "create_pull_request": {"title", "head", "base"},
    "dispatch_workflow": {"ref"},
    "search_repositories": {"q"},
    "search_issues": {"q"},
    "search_code": {"q"},
}
NASTY = st.sampled_from(
    ["..", ".", "", "a/..", "%2e%2e", "a%2fb", "x?y=1", "x#f", "..\\..", "//evil.example", "a\0b"]
)
ANY = st.one_of(NASTY, st.text(max_size=20))


class Stop(Exception):
    """Carries the one request a tool sent."""


class Catch(Api):
    """Answers nothing: the first request ends the tool."""

    async def send(self, request):
        raise Stop(request)


def answers(method, path, reply, query=None, json=None):
    return Replay(github, (Request(method, path, query=query or {}, json=json), reply))


def file(data, **fields):
    content = binascii.b2a_base64(data).decode()
    shown = {"type": "file", "path": "f", "sha": HASH, "size": len(data), "encoding": "base64"}
    return says({**shown, "content": content, **fields})


async def got(reply, path="f"):
    url = f"/repos/octocat/hello/contents/{quote(path, safe='')}"
    return await tools["get_file"](answers("GET", url, reply), **HELLO, path=path)


def needed(name):
    """Give what a tool cannot do without, apart from the places in its path."""
    return dict.fromkeys(BODIES.get(name, ()), "x")


@pytest.mark.parametrize("name", PATHS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
async def test_no_argument_changes_the_address(name, data):
    places = {part[1:-1] for part in PATHS[name].split("/") if part.startswith("{")}
    values = {place: data.draw(ANY, label=place) for place in sorted(places)}
    others = {other: data.draw(ANY, label=other) for other in sorted(needed(name))}
    try:
        await tools[name](Catch(), **values, **others)
    except BadArguments:
        return
    except Stop as stop:
        sent = stop.args[0].url
    values["path"] = values.get("path", "").strip("/")
    assert sent == PATHS[name].format(**{key: quote(v, safe="") for key, v in values.items()})
    assert not {"..", "."} & set(unquote(sent).split("/"))


async def test_a_text_file_is_read_as_text():
    found = await got(file("grüß\n".encode() * 40), "docs/a b.md")
    assert (found.encoding, found.content) == ("utf-8", "grüß\n" * 40)
    assert not found.truncated


@pytest.mark.parametrize("data", [b"\x89PNG\xff", b"text\0more"])
async def test_a_binary_file_is_read_as_base64(data):
    found = await got(file(data))
    assert (found.encoding, b64decode(found.content)) == ("base64", data)


async def test_an_empty_file_is_empty_text():
    found = await got(file(b""))
    assert (found.encoding, found.content, found.truncated) == ("utf-8", "", False)


async def test_a_file_github_does_not_show_says_so():
    found = await got(file(b"", size=5_000_000, encoding="none"))
    assert (found.content, found.truncated, found.size) == (None, True, 5_000_000)


async def test_a_broken_file_is_not_passed_off_as_whole():
    found = await got(file(b"", content="a"))
    assert (found.content, found.truncated) == (None, True)


async def test_a_folder_is_its_entries():
    found = await got(says([ENTRY]), "d")
    assert (found.type, found.path, found.truncated) == ("dir", "d", False)
    assert [entry.path for entry in found.entries] == ["d/a"]


async def test_a_folder_that_is_too_large_says_so():
    assert (await got(says([ENTRY] * 1000), "d")).truncated


@pytest.mark.parametrize("path", ["", "/"])
async def test_without_a_path_the_root_is_listed(path):
    api = answers("GET", "/repos/octocat/hello/contents/", says([ENTRY]), {"ref": "main"})
    assert (await tools["get_file"](api, **HELLO, path=path, ref="main")).path == ""


async def test_a_symlink_tells_its_target():
    link = {"type": "symlink", "path": "l", "sha": HASH, "size": 3, "target": "to/it"}
    found = await got(says(link), "l")
    assert (found.type, found.target, found.truncated) == ("symlink", "to/it", False)


async def test_what_is_neither_file_nor_folder_is_refused():
    with pytest.raises(Refused, match="unexpected_answer"):
        await got(says("hello"))


@pytest.mark.parametrize(
    ("content", "encoding", "sent"),
    [
        ("grüß", "utf-8", "Z3LDvMOf"),
        ("", "utf-8", ""),
        ("/w\n==", "base64", "/w=="),
    ],
)
async def test_a_file_is_sent_as_base64(content, encoding, sent):
    body = {"message": "m", "content": sent, "sha": HASH, "branch": "b"}
    reply = says({"commit": {"sha": HASH}, "content": {"path": "a/b", "sha": HASH}}, 201)
    api = answers("PUT", "/repos/octocat/hello/contents/a%2Fb", reply, json=body)
    said = {"message": "m", "content": content, "encoding": encoding, "sha": HASH, "branch": "b"}
    made = await tools["create_or_update_file"](api, **HELLO, path="a/b", **said)
    assert made.content.path == "a/b"


async def test_what_is_not_base64_is_not_sent():
    with pytest.raises(BadArguments, match="base64"):
        await tools["create_or_update_file"](
            Catch(), **HELLO, path="a", message="m", content="nö", encoding="base64"
        )


async def test_a_pull_request_among_issues_is_marked():
    query = {"state": "open", "labels": "a,b", "per_page": "2", "page": "3"}
    found = says([ISSUE, {**ISSUE, "number": 8, "pull_request": PULL_MARK}])
    api = answers("GET", "/repos/octocat/hello/issues", found, query)
    page = await tools["list_issues"](api, **HELLO, labels=["a", "b"], per_page=2, page=3)
    assert [one.pull_request is not None for one in page.issues] == [False, True]
    assert page.next_page == 4


async def test_a_page_that_is_not_full_is_the_last():
    query = {"state": "open", "per_page": "30", "page": "1"}
    api = answers("GET", "/repos/octocat/hello/issues", says([ISSUE]), query)
    assert (await tools["list_issues"](api, **HELLO)).next_page is None


async def test_labels_may_be_cleared():
    body = {"labels": [], "body": ""}
    api = answers("PATCH", "/repos/octocat/hello/issues/7", says(ISSUE), json=body)
    assert await tools["update_issue"](api, **HELLO, issue_number=7, labels=(), body="")


async def test_a_change_of_nothing_is_not_sent():
    with pytest.raises(BadArguments, match="nothing to change"):
        await tools["update_issue"](Catch(), **HELLO, issue_number=7)


async def test_a_code_search_shows_the_lines_that_match():
    asked = {"Accept": "application/vnd.github.text-match+json"}
    query = {"q": "addClass", "per_page": "5", "page": "1"}
    found = {"path": "a", "repository": {"full_name": "o/r"}, "html_url": "h", "sha": HASH}
    reply = says({"total_count": 1, "items": [{**found, "text_matches": [{"fragment": "x"}]}]})
    api = Replay(github, (Request("GET", "/search/code", query, asked), reply))
    (match,) = (await tools["search_code"](api, q="addClass", per_page=5)).items
    assert match.text_matches[0].fragment == "x"


async def test_closing_says_why():
    body = {"state": "closed", "state_reason": "duplicate", "duplicate_issue_id": 4}
    api = answers("PATCH", "/repos/octocat/hello/issues/7", says(ISSUE), json=body)
    why = {"state_reason": "duplicate", "duplicate_issue_id": 4}
    assert (await tools["close_issue"](api, **HELLO, issue_number=7, **why)).number == 7


@pytest.mark.parametrize("fields", [{}, {"title": "t", "issue": 7}])
async def test_a_pull_request_has_a_title_or_an_issue(fields):
    with pytest.raises(BadArguments, match="either title or issue"):
        await tools["create_pull_request"](Catch(), **HELLO, head="a", base="b", **fields)


async def test_a_merge_sends_only_what_was_said():
    merged = says({"sha": HASH, "merged": True, "message": "ok"})
    url = "/repos/octocat/hello/pulls/7/merge"
    api = answers("PUT", url, merged, json={"sha": HASH})
    assert (await tools["merge_pull_request"](api, **HELLO, pull_number=7, sha=HASH)).merged


@pytest.mark.parametrize(("reply", "run"), [(says(RUN), 5), (Reply(204), None)])
async def test_a_dispatch_asks_which_run_it_started(reply, run):
    url = "/repos/octocat/hello/actions/workflows/ci.yml/dispatches"
    api = answers("POST", url, reply, json={"ref": "main", "return_run_details": True})
    made = await tools["dispatch_workflow"](api, **HELLO, workflow_id="ci.yml", ref="main")
    assert made.workflow_run_id == run


async def test_inputs_of_a_workflow_are_sent_as_text():
    with pytest.raises(Stop) as stop:
        await tools["dispatch_workflow"](
            Catch(), **HELLO, workflow_id=3, ref="main", inputs={"a": True, "b": 2.5, "c": "x"}
        )
    assert stop.value.args[0].json["inputs"] == {"a": "true", "b": "2.5", "c": "x"}


@given(st.binary(max_size=200))
async def test_what_is_written_is_what_is_read(data):
    sent = b64encode(data).decode()
    found = await got(file(data))
    again = found.content.encode() if found.encoding == "utf-8" else b64decode(found.content)
    assert (again, sent) == (data, b64encode(again).decode())
