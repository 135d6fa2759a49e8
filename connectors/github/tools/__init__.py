"""What an agent may do on GitHub. Names and parameters are those of its REST API.

https://docs.github.com/en/rest
"""

from .account import get_authenticated_user
from .actions import dispatch_workflow, list_workflow_runs
from .comments import comment_issue, list_issue_comments
from .files import create_or_update_file, get_file
from .issues import (
    close_issue,
    create_issue,
    get_issue,
    list_issues,
    update_issue,
)
from .pulls import create_pull_request, list_pull_requests, merge_pull_request
from .search import search_code, search_issues, search_repositories

__all__ = [
    "close_issue",
    "comment_issue",
    "create_issue",
    "create_or_update_file",
    "create_pull_request",
    "dispatch_workflow",
    "get_authenticated_user",
    "get_file",
    "get_issue",
    "list_issue_comments",
    "list_issues",
    "list_pull_requests",
    "list_workflow_runs",
    "merge_pull_request",
    "search_code",
    "search_issues",
    "search_repositories",
    "update_issue",
]
