"""GitHub, for the contract suite."""

import httpx2

from connector_vault import Client, Secret

CLIENT = Client(provider="github", id="Iv1.emulator", secret=Secret("emulator-secret"))
PEOPLE = ("octocat", "hubot")
SCOPES = None
FEW = (("read:user",), "create_issue", {"owner": "octocat", "repo": "hello-world", "title": "t"})
ACCESS = 28_800
TOKEN = "/login/oauth/access_token"
ENDED = ("revoked", "grant", "dead")
GONE = "already gone"
SHARED = "provider grant kept: shared"

REPO = {"owner": "octocat", "repo": "hello-world"}
LIMITED = ("list_issues", REPO)


async def limit(world):
    await world.act("github", "limit", login="octocat", remaining=0)


async def take_back(world, person):
    await world.act("github", "revoke", login=person)


async def prepare(world, token):
    """Make a branch, which no tool does."""
    api = f"{world.url}/api.github.com/repos/octocat/hello-world/git"
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(headers=headers) as github:
        main = (await github.get(f"{api}/ref/heads/main")).json()["object"]["sha"]
        branch = {"ref": "refs/heads/notes", "sha": main}
        assert (await github.post(f"{api}/refs", json=branch)).status_code == 201


def _file(message, **more):
    return {**REPO, "path": "notes.txt", "content": "hello", "message": message, **more}


CALLS = [
    ("get_authenticated_user", {}),
    ("search_repositories", {"q": "hello"}),
    ("search_issues", {"q": "is:issue repo:octocat/hello-world"}),
    ("search_code", {"q": "hello repo:octocat/hello-world"}),
    ("get_file", {**REPO, "path": "README.md"}),
    ("create_or_update_file", _file("add notes", branch="notes")),
    ("create_issue", {**REPO, "title": "It is broken"}),
    ("list_issues", REPO),
    ("get_issue", lambda said: {**REPO, "issue_number": said["create_issue"]["number"]}),
    (
        "update_issue",
        lambda said: {**REPO, "issue_number": said["create_issue"]["number"], "title": "Mended"},
    ),
    (
        "comment_issue",
        lambda said: {**REPO, "issue_number": said["create_issue"]["number"], "body": "Done."},
    ),
    ("list_issue_comments", lambda said: {**REPO, "issue_number": said["create_issue"]["number"]}),
    ("close_issue", lambda said: {**REPO, "issue_number": said["create_issue"]["number"]}),
    ("create_pull_request", {**REPO, "title": "Notes", "head": "notes", "base": "main"}),
    ("list_pull_requests", REPO),
    (
        "merge_pull_request",
        lambda said: {**REPO, "pull_number": said["create_pull_request"]["number"]},
    ),
    ("dispatch_workflow", {**REPO, "workflow_id": "ci.yml", "ref": "main"}),
    ("list_workflow_runs", {**REPO, "workflow_id": "ci.yml"}),
]
