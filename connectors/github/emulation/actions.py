"""Workflows and their runs. A run goes from queued to completed as the clock moves.

https://docs.github.com/en/rest/actions/workflows
"""

import re
import zlib
from collections.abc import Mapping

from connector_vault.connector import Json, Reply

from .answers import node, not_found, problem, say, stamp, unsupplied
from .asked import Asked, Handler
from .commits import commit_in_git
from .given import Given
from .hub import Hub
from .pages import page_of
from .people import simple_user
from .records import Run
from .repositories import minimal_repository, named, writable
from .repository import Repository

__all__ = ["ROUTES"]

_FOLDER = ".github/workflows/"
_NAME = re.compile(rb"^name:\s*(.+?)\s*$", re.MULTILINE)

_QUEUED = 5.0
_RUNNING = 60.0
"""Seconds since its start in which a run waits, and in which it is not yet done."""

_MOST_INPUTS = 25


def _workflows(found: Repository) -> Mapping[str, bytes]:
    """Give the files that describe workflows, as they stand on the default branch."""
    return {path: text for path, text in found.files.items() if path.startswith(_FOLDER)}


def _id(found: Repository, path: str) -> int:
    return zlib.crc32(f"{found.full_name}/{path}".encode())


def _chosen(asked: Asked, found: Repository) -> tuple[str, bytes]:
    """Find a workflow by its id or by its file's name."""
    wanted = asked.names[2]
    for path, text in _workflows(found).items():
        if wanted in (path, path.removeprefix(_FOLDER), str(_id(found, path))):
            return path, text
    raise not_found()


def _name(path: str, text: bytes) -> str:
    named_so = _NAME.search(text)
    return named_so[1].decode(errors="replace") if named_so else path


def _workflow(asked: Asked, found: Repository, path: str) -> dict[str, Json]:
    number, file = _id(found, path), path.removeprefix(_FOLDER)
    return {
        "id": number,
        "node_id": node("Workflow", number),
        "name": _name(path, _workflows(found)[path]),
        "path": path,
        "state": "active",
        "created_at": stamp(found.created),
        "updated_at": stamp(found.created),
        "url": f"{asked.api}/repos/{found.full_name}/actions/workflows/{number}",
        "html_url": f"{asked.web}/{found.full_name}/blob/{found.branch}/{path}",
        "badge_url": f"{asked.web}/{found.full_name}/actions/workflows/{file}/badge.svg",
    }


def _status(asked: Asked, run: Run) -> tuple[str, str | None, float]:
    """Give how far a run is, how it ended, and since when that is so."""
    age = asked.now - run.started
    if age < _QUEUED:
        return "queued", None, run.started
    if age < _RUNNING:
        return "in_progress", None, run.started + _QUEUED
    return "completed", "success", run.started + _RUNNING


def _run(asked: Asked, found: Repository, run: Run) -> dict[str, Json]:
    status, conclusion, since = _status(asked, run)
    actor, place = simple_user(asked, run.actor), minimal_repository(asked, found)
    return {
        "id": run.id,
        "node_id": node("WorkflowRun", run.id),
        "name": _name(run.workflow, _workflows(found).get(run.workflow, b"")),
        "display_title": _name(run.workflow, _workflows(found).get(run.workflow, b"")),
        "path": run.workflow,
        "workflow_id": _id(found, run.workflow),
        "run_number": run.number,
        "run_attempt": 1,
        "event": "workflow_dispatch",
        "status": status,
        "conclusion": conclusion,
        "head_branch": run.branch,
        "head_sha": run.sha,
        "head_commit": _head_commit(asked, found, run),
        "pull_requests": [],
        "actor": actor,
        "triggering_actor": actor,
        "repository": place,
        "head_repository": place,
        "created_at": stamp(run.started),
        "run_started_at": stamp(run.started),
        "updated_at": stamp(since),
        **_run_links(asked, found, run),
    }


def _run_links(asked: Asked, found: Repository, run: Run) -> dict[str, Json]:
    api = f"{asked.api}/repos/{found.full_name}"
    url, parts = f"{api}/actions/runs/{run.id}", ("jobs", "logs", "artifacts", "cancel", "rerun")
    return {
        "url": url,
        "html_url": f"{asked.web}/{found.full_name}/actions/runs/{run.id}",
        **{f"{part}_url": f"{url}/{part}" for part in parts},
        "check_suite_id": run.id,
        "check_suite_node_id": node("CheckSuite", run.id),
        "check_suite_url": f"{api}/check-suites/{run.id}",
        "previous_attempt_url": None,
        "workflow_url": f"{api}/actions/workflows/{_id(found, run.workflow)}",
    }


def _head_commit(asked: Asked, found: Repository, run: Run) -> Json:
    commit = found.git.find(run.sha)
    if commit is None:
        return None
    told = commit_in_git(asked, found, commit)
    person = {"name": commit.author.name, "email": commit.author.email}
    return {
        "id": commit.sha,
        "tree_id": commit.tree,
        "message": told["message"],
        "timestamp": stamp(commit.at),
        "author": person,
        "committer": person,
    }


def _list_workflows(hub: Hub, asked: Asked) -> Reply:
    found = named(hub, asked)
    paths = sorted(_workflows(found))
    page, headers = page_of(asked, paths)
    shapes = [_workflow(asked, found, path) for path in page]
    return say({"total_count": len(paths), "workflows": shapes}, headers=headers)


def _get_workflow(hub: Hub, asked: Asked) -> Reply:
    found = named(hub, asked)
    path, _ = _chosen(asked, found)
    return say(_workflow(asked, found, path))


def _dispatch(hub: Hub, asked: Asked) -> Reply:
    found = writable(hub, asked)
    path, text = _chosen(asked, found)
    if not asked.holds("repo"):
        raise not_found()
    if b"workflow_dispatch" not in text:
        raise problem(422, "Workflow does not have 'workflow_dispatch' trigger")
    given = Given(asked, "Workflow")
    run = _started(hub, asked, found, path, given)
    found.runs[run.id] = run
    if not given.flag("return_run_details"):
        return Reply(204)
    links = _run_links(asked, found, run)
    told = {"workflow_run_id": run.id, "run_url": links["url"], "html_url": links["html_url"]}
    return say(told)


def _started(hub: Hub, asked: Asked, found: Repository, path: str, given: Given) -> Run:
    ref, inputs = given.text("ref"), given.object("inputs")
    if ref is None:
        raise unsupplied("ref")
    if len(inputs) > _MOST_INPUTS:
        raise problem(422, f"you may only define up to {_MOST_INPUTS} inputs")
    branch = ref.removeprefix("refs/heads/")
    if branch not in found.git.branches:
        raise problem(422, f"No ref found for: {ref}")
    return Run(
        id=hub.next_id(),
        number=1 + sum(run.workflow == path for run in found.runs.values()),
        workflow=path,
        branch=branch,
        sha=found.git.branches[branch],
        actor=asked.user or found.owner,
        started=asked.now,
        inputs={name: str(value) for name, value in inputs.items()},
    )


def _list_runs(hub: Hub, asked: Asked) -> Reply:
    found = named(hub, asked)
    path = _chosen(asked, found)[0] if len(asked.names) > 2 else None
    kept = [run for run in found.runs.values() if path in (None, run.workflow)]
    kept = [run for run in reversed(kept) if _wanted(asked, run)]
    page, headers = page_of(asked, kept)
    shapes = [_run(asked, found, run) for run in page]
    return say({"total_count": len(kept), "workflow_runs": shapes}, headers=headers)


def _wanted(asked: Asked, run: Run) -> bool:
    status, conclusion, _ = _status(asked, run)
    return (
        asked.query.get("branch") in (None, "", run.branch)
        and asked.query.get("event") in (None, "", "workflow_dispatch")
        and asked.query.get("actor") in (None, "", run.actor.login)
        and asked.query.get("status") in (None, "", status, conclusion)
    )


def _get_run(hub: Hub, asked: Asked) -> Reply:
    found = named(hub, asked)
    run = found.runs.get(asked.number(2))
    if run is None:
        raise not_found()
    return say(_run(asked, found, run))


ROUTES: dict[str, Handler] = {
    "GET /repos/{}/{}/actions/workflows": _list_workflows,
    "GET /repos/{}/{}/actions/workflows/{}": _get_workflow,
    "POST /repos/{}/{}/actions/workflows/{}/dispatches": _dispatch,
    "GET /repos/{}/{}/actions/workflows/{}/runs": _list_runs,
    "GET /repos/{}/{}/actions/runs": _list_runs,
    "GET /repos/{}/{}/actions/runs/{}": _get_run,
}
