"""Workflows of GitHub Actions.

https://docs.github.com/en/rest/actions
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from connector_vault.connector import Api, read

from .issues import User
from .parameters import OwnerLogin, Page, PerPage, RepoName, WorkflowId, given

__all__ = ["Dispatch", "Run", "Runs", "dispatch_workflow", "list_workflow_runs"]

RunStatus: TypeAlias = Literal[
    "completed",
    "action_required",
    "cancelled",
    "failure",
    "neutral",
    "skipped",
    "stale",
    "success",
    "timed_out",
    "in_progress",
    "queued",
    "requested",
    "waiting",
    "pending",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of a workflow. `conclusion` is null until `status` is completed."""

    id: int
    html_url: str
    status: str | None = None
    conclusion: str | None = None
    name: str | None = None
    display_title: str | None = None
    event: str | None = None
    head_branch: str | None = None
    head_sha: str | None = None
    run_number: int = 0
    run_attempt: int = 1
    actor: User | None = None
    created_at: str | None = None
    updated_at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """A page of runs, newest first."""

    total_count: int
    workflow_runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """The run that was started. Empty: GitHub took the request and did not name the run."""

    workflow_run_id: int | None = None
    run_url: str | None = None
    html_url: str | None = None


async def list_workflow_runs(
    api: Api,
    owner: OwnerLogin,
    repo: RepoName,
    workflow_id: WorkflowId,
    actor: Annotated[str | None, Field(description="Login of who started it.")] = None,
    branch: str | None = None,
    event: Annotated[str | None, Field(description="push, pull_request, schedule, …")] = None,
    status: Annotated[RunStatus | None, Field(description="A status or a conclusion.")] = None,
    created: Annotated[
        str | None,
        Field(description="A time, 2026-03-10T12:00:00Z, or a range: >=2026-03-10, A..B."),
    ] = None,
    exclude_pull_requests: bool | None = None,
    check_suite_id: int | None = None,
    head_sha: str | None = None,
    per_page: PerPage = 30,
    page: Page = 1,
) -> Runs:
    """List the runs of one workflow, newest first.

    Returns one page with each run's status and conclusion, and how many there are. Does not fetch
    jobs or logs.
    """
    return await api.get(
        Runs,
        "/repos/{}/{}/actions/workflows/{}/runs",
        owner,
        repo,
        workflow_id,
        actor=actor,
        branch=branch,
        event=event,
        status=status,
        created=created,
        exclude_pull_requests=exclude_pull_requests,
        check_suite_id=check_suite_id,
        head_sha=head_sha,
        per_page=per_page,
        page=page,
    )


async def dispatch_workflow(
    api: Api,
    owner: OwnerLogin,
    repo: RepoName,
    workflow_id: WorkflowId,
    ref: Annotated[str, Field(description="Branch or tag to run it on.")],
    inputs: Annotated[
        Mapping[str, str | int | float | bool] | None,
        Field(description="Inputs the workflow file declares under workflow_dispatch, at most 25."),
    ] = None,
) -> Dispatch:
    """Start a workflow that has a workflow_dispatch trigger.

    Returns the run's id and address for list_workflow_runs. Will not wait for it to finish, nor
    start a workflow without that trigger (validation_failed).
    """
    texts = None if inputs is None else {name: _text(value) for name, value in inputs.items()}
    said = await api.post(
        object,
        "/repos/{}/{}/actions/workflows/{}/dispatches",
        owner,
        repo,
        workflow_id,
        json=given(ref=ref, inputs=texts, return_run_details=True),
    )
    # Without the details GitHub answers 204 and no body; the run was started all the same.
    return Dispatch() if said is None else read(Dispatch, said)


def _text(value: str | float | bool) -> str:
    # Only text works for every type of input: a JSON true has been refused where "true" is taken.
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
