"""GitHub: repositories, issues, pull requests, files and workflows.

OAuth   https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
Apps    https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
Scopes  https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
"""

from connector_vault.connector import (
    Connector,
    Identity,
    Notice,
    OAuth,
    Request,
    Revocation,
    destroys,
    reads,
    writes,
)

from . import tools
from .answers import account, answer, granted
from .api import API, HEADERS
from .notice import accounts, verify
from .revocation import probe, revoke_grant, revoke_token

__all__ = ["connector"]

_HOUR = 3600

_IMPLIES = {
    "repo": frozenset(
        {"public_repo", "repo:invite", "repo:status", "repo_deployment", "security_events"},
    ),
    "user": frozenset({"read:user", "user:email", "user:follow"}),
    "admin:org": frozenset({"read:org", "write:org"}),
    "write:org": frozenset({"read:org"}),
    "admin:repo_hook": frozenset({"read:repo_hook", "write:repo_hook"}),
    "write:repo_hook": frozenset({"read:repo_hook"}),
    "admin:public_key": frozenset({"read:public_key", "write:public_key"}),
    "write:public_key": frozenset({"read:public_key"}),
    "admin:gpg_key": frozenset({"read:gpg_key", "write:gpg_key"}),
    "write:gpg_key": frozenset({"read:gpg_key"}),
    "write:packages": frozenset({"read:packages"}),
    "project": frozenset({"read:project"}),
}

connector = Connector(
    name="github",
    title="GitHub",
    api=API,
    headers=HEADERS,
    answer=answer,
    implies=_IMPLIES,
    patterns=(r"gh[pousr]_[A-Za-z0-9._-]{36,}", r"github_pat_[A-Za-z0-9_]{22,}"),
    oauth=OAuth(
        authorize="https://github.com/login/oauth/authorize",
        token="https://github.com/login/oauth/access_token",
        issuer="https://github.com/login/oauth",
        # GitHub has no narrower scope that reaches private repositories; whose token it is can be
        # asked without one. offline_access makes the token expire and come with a refresh token.
        scopes=("repo", "offline_access"),
        revocation=Revocation(
            token=revoke_token, grant=revoke_grant, probe=probe, needs_live_token=True
        ),
        dead=frozenset({"bad_refresh_token"}),
        misconfigured=frozenset(
            {
                "application_suspended",
                "incorrect_client_credentials",
                "redirect_uri_mismatch",
                "unsupported_grant_type",
            },
        ),
        granted=granted,
        access=8 * _HOUR,
        idle=184 * 24 * _HOUR,
        rotates=True,
    ),
    notice=Notice(events=("github_app_authorization",), verify=verify, accounts=accounts),
    verified="2026-11-21",
    identity=Identity(request=Request("GET", "/user"), account=account),
    tools=(
        reads(tools.get_authenticated_user, requests=["GET /user"]),
        reads(tools.search_repositories, requests=["GET /search/repositories"]),
        reads(tools.search_issues, requests=["GET /search/issues"]),
        reads(tools.search_code, requests=["GET /search/code"]),
        reads(
            tools.get_file,
            requests=["GET /repos/{}/{}/contents/", "GET /repos/{}/{}/contents/{/}"],
        ),
        writes(
            tools.create_or_update_file,
            "public_repo",
            requests=["PUT /repos/{}/{}/contents/{/}"],
        ),
        reads(tools.list_issues, requests=["GET /repos/{}/{}/issues"]),
        reads(tools.get_issue, requests=["GET /repos/{}/{}/issues/{}"]),
        writes(tools.create_issue, "public_repo", requests=["POST /repos/{}/{}/issues"]),
        writes(tools.update_issue, "public_repo", requests=["PATCH /repos/{}/{}/issues/{}"]),
        writes(tools.close_issue, "public_repo", requests=["PATCH /repos/{}/{}/issues/{}"]),
        reads(tools.list_issue_comments, requests=["GET /repos/{}/{}/issues/{}/comments"]),
        writes(
            tools.comment_issue,
            "public_repo",
            requests=["POST /repos/{}/{}/issues/{}/comments"],
        ),
        reads(tools.list_pull_requests, requests=["GET /repos/{}/{}/pulls"]),
        writes(tools.create_pull_request, "public_repo", requests=["POST /repos/{}/{}/pulls"]),
        destroys(
            tools.merge_pull_request,
            "public_repo",
            requests=["PUT /repos/{}/{}/pulls/{}/merge"],
            timeout=60,
        ),
        reads(
            tools.list_workflow_runs,
            requests=["GET /repos/{}/{}/actions/workflows/{}/runs"],
        ),
        writes(
            tools.dispatch_workflow,
            "repo",
            requests=["POST /repos/{}/{}/actions/workflows/{}/dispatches"],
        ),
    ),
)
