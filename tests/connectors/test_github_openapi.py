"""Every request GitHub's connector sends, held against the document GitHub publishes.

The document is not ours to ship: CONNECTOR_VAULT_SPECS names a folder that holds
github/subset.json, GitHub's OpenAPI document or the part of it with these paths.
"""

import inspect
import os
import typing
from pathlib import Path

import pytest
from openapi_core.exceptions import OpenAPIError

from connector_vault import registry
from connector_vault.connector import Api, Client, Request, Secret, Tokens
from tests.openapi import Document
from tests.replay import says

github = registry.load("github")
tools = {tool.name: tool.function for tool in github.tools}

HELLO = {"owner": "octocat", "repo": "hello-world"}
LATE = {"per_page": 100, "page": 2}
SINCE = "2026-03-10T12:00:00Z"
CALLS = [
    ("get_authenticated_user", {}),
    ("search_repositories", {"q": "http", "sort": "stars", "order": "asc", **LATE}),
    (
        "search_issues",
        {
            "q": "crash is:issue",
            "sort": "created",
            "order": "asc",
            "search_type": "hybrid",
            "advanced_search": True,
            **LATE,
        },
    ),
    ("search_code", {"q": "addClass repo:jquery/jquery", **LATE}),
    ("get_file", {**HELLO, "path": "src/a b.py", "ref": "main"}),
    ("get_file", HELLO),
    (
        "create_or_update_file",
        {
            **HELLO,
            "path": "src/a.py",
            "message": "m",
            "content": "eA==",
            "encoding": "base64",
            "sha": "9" * 40,
            "branch": "main",
        },
    ),
    (
        "list_issues",
        {
            **HELLO,
            "state": "all",
            "labels": ["bug", "ui"],
            "assignee": "*",
            "creator": "octocat",
            "mentioned": "octocat",
            "milestone": 3,
            "type": "Bug",
            "issue_field_values": ["priority:Urgent"],
            "sort": "updated",
            "direction": "asc",
            "since": SINCE,
            **LATE,
        },
    ),
    ("get_issue", {**HELLO, "issue_number": 7}),
    (
        "create_issue",
        {
            **HELLO,
            "title": "t",
            "body": "b",
            "labels": ["bug"],
            "assignees": ["octocat"],
            "milestone": 3,
            "type": "Bug",
        },
    ),
    (
        "update_issue",
        {
            **HELLO,
            "issue_number": 7,
            "title": "t",
            "body": "b",
            "state": "closed",
            "state_reason": "duplicate",
            "duplicate_issue_id": 4,
            "labels": ["bug"],
            "assignees": [],
            "milestone": 3,
            "type": "Bug",
        },
    ),
    (
        "close_issue",
        {**HELLO, "issue_number": 7, "state_reason": "duplicate", "duplicate_issue_id": 4},
    ),
    ("list_issue_comments", {**HELLO, "issue_number": 7, "since": SINCE, **LATE}),
    ("comment_issue", {**HELLO, "issue_number": 7, "body": "b"}),
    (
        "list_pull_requests",
        {
            **HELLO,
            "state": "all",
            "head": "octocat:topic",
            "base": "main",
            "sort": "long-running",
            "direction": "asc",
            **LATE,
        },
    ),
    (
        "create_pull_request",
        {
            **HELLO,
            "head": "octocat:topic",
            "base": "main",
            "title": "t",
            "body": "b",
            "draft": True,
            "maintainer_can_modify": False,
            "head_repo": "octocat/fork",
        },
    ),
    ("create_pull_request", {**HELLO, "head": "topic", "base": "main", "issue": 7}),
    (
        "merge_pull_request",
        {
            **HELLO,
            "pull_number": 7,
            "merge_method": "squash",
            "sha": "9" * 40,
            "commit_title": "t",
            "commit_message": "m",
        },
    ),
    ("merge_pull_request", {**HELLO, "pull_number": 7}),
    (
        "list_workflow_runs",
        {
            **HELLO,
            "workflow_id": "ci.yml",
            "actor": "octocat",
            "branch": "main",
            "event": "push",
            "status": "failure",
            "created": SINCE,
            "exclude_pull_requests": True,
            "check_suite_id": 3,
            "head_sha": "9" * 40,
            **LATE,
        },
    ),
    (
        "dispatch_workflow",
        {**HELLO, "workflow_id": 42, "ref": "main", "inputs": {"debug": True, "n": 1, "s": "x"}},
    ),
]
TYPOS = [
    Request("GET", "/repos/o/r/issues", query={"stat": "open"}),
    Request("GET", "/repos/o/r/issues", query={"state": "opened"}),
    Request("GET", "/repos/o/r/isues"),
    Request("POST", "/repos/o/r/issues", json={"title": "t", "lables": []}),
    Request("POST", "/repos/o/r/issues", json={"title": "t", "labels": [{"nam": "bug"}]}),
    Request("POST", "/repos/o/r/issues", json={"body": "b"}),
    Request("PUT", "/repos/o/r/pulls/7/merge", json={"method": "squash"}),
    Request("DELETE", "/applications/abc/grant", json={"token": "t"}),
    Request("DELETE", "/applications/abc/grant"),
]


class Checked(Api):
    """Minds every request, and answers with one of the answers that GitHub shows."""

    def __init__(self, document, number=0):
        self.document = document
        self.number = number

    async def send(self, request):
        shown = list(self.document.examples(self.document.mind(request)))
        return github.answer(says(shown[self.number]))


def parameters(name):
    return dict(list(inspect.signature(tools[name], eval_str=True).parameters.items())[1:])


def choices(annotation):
    """Give the values of the Literal in an annotation, however deep it lies."""
    if typing.get_origin(annotation) is typing.Literal:
        return typing.get_args(annotation)
    return [value for part in typing.get_args(annotation) for value in choices(part)]


CHOICES = [
    (name, {**arguments, parameter: value})
    for name, arguments in dict(CALLS).items()
    for parameter, said in parameters(name).items()
    for value in choices(said.annotation)
]


@pytest.fixture(scope="module")
def document():
    folder = os.environ.get("CONNECTOR_VAULT_SPECS")
    if folder:
        return Document(Path(folder, "github", "subset.json").read_text(encoding="utf-8"))
    wanted = "set CONNECTOR_VAULT_SPECS to a folder that holds github/subset.json"
    if os.environ.get("CONNECTOR_VAULT_REQUIRE_ALL") == "1":
        pytest.fail(wanted)
    pytest.skip(wanted)


@pytest.mark.parametrize("name", tools)
def test_every_parameter_of_a_tool_is_sent_below(name):
    sent = {parameter for called, arguments in CALLS if called == name for parameter in arguments}
    assert sent == parameters(name).keys()


@pytest.mark.parametrize(("name", "arguments"), CALLS)
async def test_github_foresees_what_a_tool_sends_and_the_tool_what_it_answers(
    document, name, arguments
):
    assert await tools[name](Checked(document), **arguments)


@pytest.mark.parametrize(("name", "arguments"), CHOICES)
async def test_github_takes_every_choice_a_tool_offers(document, name, arguments):
    await tools[name](Checked(document), **arguments)


@pytest.mark.parametrize("number", range(4))
async def test_whatever_lies_at_a_path_can_be_read(document, number):
    types = ("file", "dir", "symlink", "submodule")
    found = await tools["get_file"](Checked(document, number), **HELLO, path="x")
    assert found.type == types[number]


@pytest.mark.parametrize("build", ["token", "grant", "probe"])
def test_github_foresees_how_a_token_is_ended(document, build):
    client = Client(provider="github", id="Iv1.abc", secret=Secret("hush"))
    tokens = Tokens(access=Secret("gho_x"))
    built = getattr(github.oauth.revocation, build)(client, tokens)
    assert document.mind(built if build == "probe" else built[0])


def test_an_account_can_be_read_from_what_github_shows(document):
    for shown in document.examples(document.mind(github.identity.request)):
        assert github.identity.account(says(shown)).label == "octocat"


@pytest.mark.parametrize("request_", TYPOS)
def test_a_slip_does_not_pass(document, request_):
    with pytest.raises(OpenAPIError):
        document.mind(request_)
