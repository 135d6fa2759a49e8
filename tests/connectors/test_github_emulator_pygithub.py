"""GitHub, played, for a client that nobody here wrote: PyGithub."""

import github
import pytest

from tests.emulated import playing

SLOW = {"seconds_between_requests": None, "seconds_between_writes": None, "retry": None}
"""What PyGithub does to spare the real GitHub."""


@pytest.fixture
async def play(anyio_backend):
    async with playing() as play:
        yield play


@pytest.fixture
async def hub(play):
    """PyGithub is synchronous: it blocks this loop, and the emulator runs in another."""
    tokens = await play.tokens(scope="repo user workflow")
    auth = github.Auth.Token(tokens["access_token"])
    with github.Github(auth=auth, base_url=f"{play.world.url}/api.github.com", **SLOW) as hub:
        yield hub


@pytest.fixture
def hello(hub):
    return hub.get_repo("octocat/hello-world")


@pytest.fixture
def topic(hello):
    """A branch with a commit that main does not have."""
    sha = hello.get_branch("main").commit.sha
    hello.create_git_ref("refs/heads/feature/topic", sha)
    hello.create_file("docs/a.md", "add a page", "one\ntwo\n", branch="feature/topic")
    return "feature/topic"


def test_the_user_and_their_mail_are_read(hub):
    me = hub.get_user()
    assert (me.id, me.login, me.get_emails()[0].primary) == (583231, "octocat", True)


def test_repositories_are_read_and_made(hub):
    made = hub.get_user().create_repo("made", private=True, auto_init=True)
    assert (made.private, made.get_contents("README.md").path) == (True, "README.md")
    names = {repository.full_name for repository in hub.get_user().get_repos()}
    assert names == {"octocat/hello-world", "octocat/secrets", "octocat/made"}


def test_an_issue_is_opened_discussed_and_closed(hello):
    issue = hello.create_issue("Broken", body="It is.", labels=["bug"], assignees=["hubot"])
    comment = issue.create_comment("Indeed.")
    comment.edit("Indeed!")
    issue.edit(state="closed", state_reason="not_planned")
    again = hello.get_issue(issue.number)
    assert [one.body for one in again.get_comments()] == ["Indeed!"]
    assert (again.state, again.state_reason, again.closed_by.login) == (
        "closed",
        "not_planned",
        "octocat",
    )
    assert [label.name for label in again.labels] == ["bug"]


def test_issues_are_listed_over_pages(hello):
    for number in range(40):
        hello.create_issue(f"issue {number}")
    assert hello.get_issues().totalCount == 41
    assert len({issue.number for issue in hello.get_issues()}) == 41


def test_a_missing_title_is_a_validation_error(hello):
    with pytest.raises(github.GithubException) as caught:
        hello.create_issue("")
    assert (caught.value.status, caught.value.data["errors"][0]["field"]) == (422, "title")


def test_a_file_is_made_changed_and_deleted(hello):
    made = hello.create_file("docs/a.md", "add", "one\n")["content"]
    changed = hello.update_file("docs/a.md", "change", "two\n", made.sha)["content"]
    assert hello.get_contents("docs/a.md").decoded_content == b"two\n"
    assert [entry.path for entry in hello.get_contents("docs")] == ["docs/a.md"]
    hello.delete_file("docs/a.md", "remove", changed.sha)
    with pytest.raises(github.UnknownObjectException):
        hello.get_contents("docs/a.md")


def test_a_pull_request_is_proposed_and_merged(hello, topic):
    pull = hello.create_pull(base="main", head=topic, title="Add a page", body="Please.")
    assert (pull.mergeable, pull.commits, pull.additions, pull.changed_files) == (True, 1, 2, 1)
    done = pull.merge(merge_method="squash", sha=pull.head.sha)
    again = hello.get_pull(pull.number)
    assert (done.merged, again.is_merged(), again.state) == (True, True, "closed")
    assert again.merge_commit_sha == hello.get_branch("main").commit.sha
    assert hello.get_contents("docs/a.md").decoded_content == b"one\ntwo\n"


def test_a_pull_request_that_contradicts_its_base_is_not_merged(hello, topic):
    pull = hello.create_pull(base="main", head=topic, title="Add a page")
    hello.create_file("docs/a.md", "add another", "three\n")
    again = hello.get_pull(pull.number)
    assert (again.mergeable, again.mergeable_state) == (False, "dirty")
    with pytest.raises(github.GithubException) as caught:
        again.merge()
    assert caught.value.status == 405


def test_a_head_that_moved_is_a_conflict(hello, topic):
    pull = hello.create_pull(base="main", head=topic, title="Add a page")
    hello.create_file("docs/b.md", "more", "more\n", branch=topic)
    with pytest.raises(github.GithubException) as caught:
        pull.merge(sha=pull.head.sha)
    assert caught.value.status == 409


def test_pull_requests_are_listed_and_are_issues_too(hello, topic):
    pull = hello.create_pull(base="main", head=topic, title="Add a page", draft=True)
    assert [one.number for one in hello.get_pulls(head=f"octocat:{topic}")] == [pull.number]
    assert hello.get_issue(pull.number).pull_request is not None
    with pytest.raises(github.GithubException) as caught:
        hello.create_pull(base="main", head=topic, title="Add it again")
    assert caught.value.status == 422


def test_search_finds_what_is_there(hub, topic):
    assert [one.name for one in hub.search_repositories("hello in:name")] == ["hello-world"]
    assert hub.search_issues("bug is:issue repo:octocat/hello-world").totalCount == 1
    assert [one.path for one in hub.search_code('"Hello World"')] == ["README.md"]


async def test_a_workflow_runs_as_the_clock_moves(play, hello):
    workflow = hello.get_workflow("ci.yml")
    assert workflow.create_dispatch("main", {"level": "debug"})
    (run,) = workflow.get_runs()
    assert (run.status, run.event, run.head_branch) == ("queued", "workflow_dispatch", "main")
    await play.world.advance(61)
    assert (workflow.get_runs()[0].status, workflow.get_runs()[0].conclusion) == (
        "completed",
        "success",
    )


async def test_a_revoked_grant_is_a_bad_credential(play, hub):
    await play.world.act("github", "revoke", login="octocat")
    with pytest.raises(github.BadCredentialsException):
        hub.get_user().login  # noqa: B018  # PyGithub asks when it is read


async def test_a_primary_limit_is_known_as_one(play, hub):
    await play.world.act("github", "limit", login="octocat", remaining=0)
    with pytest.raises(github.RateLimitExceededException):
        hub.get_user("hubot")
