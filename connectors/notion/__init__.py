"""Notion: pages, databases and comments of one workspace, as far as a person shares them.

OAuth         https://developers.notion.com/guides/get-started/authorization
Capabilities  https://developers.notion.com/reference/capabilities
Versions      https://developers.notion.com/reference/changes-by-version
"""

from connector_vault.connector import (
    Connector,
    Identity,
    OAuth,
    Request,
    Revocation,
    destroys,
    reads,
    writes,
)

from . import tools
from .answers import account, answer, token_sets
from .api import API, HEADERS
from .revocation import alive, probe, revoke, said

__all__ = ["connector"]

connector = Connector(
    name="notion",
    title="Notion",
    api=API,
    headers=HEADERS,
    answer=answer,
    patterns=(
        r"ntn_[A-Za-z0-9]{20,}",
        r"nrt_[A-Za-z0-9]{20,}",
        r"secret_[A-Za-z0-9]{32,}",
    ),
    verified="2026-11-21",
    oauth=OAuth(
        authorize=f"{API}/v1/oauth/authorize",
        token=f"{API}/v1/oauth/token",
        parameters={"owner": "user"},
        headers=HEADERS,
        basic=True,
        json=True,
        pkce=False,
        # What a connection may do is set where it is registered, and the person picks the pages.
        asking=lambda _: {},
        granted=lambda _, __: None,
        answers=token_sets,
        misconfigured=frozenset(
            {
                "invalid_client",
                "invalid_scope",
                "missing_version",
                "unauthorized",
                "unauthorized_client",
                "unsupported_grant_type",
            },
        ),
        trouble=frozenset(
            {
                "conflict_error",
                "gateway_timeout",
                "internal_server_error",
                "server_error",
                "service_overload",
                "service_unavailable",
                "temporarily_unavailable",
            },
        ),
        rotates=True,
        revocation=Revocation(token=revoke, said=said, probe=probe, alive=alive),
    ),
    identity=Identity(request=Request("GET", "/v1/users/me"), account=account),
    tools=(
        reads(tools.search, requests=["POST /v1/search"]),
        reads(tools.retrieve_page, requests=["GET /v1/pages/{}"]),
        reads(tools.get_page_markdown, requests=["GET /v1/pages/{}/markdown"], timeout=60),
        reads(tools.get_block_children, requests=["GET /v1/blocks/{}/children"]),
        writes(tools.create_page, requests=["POST /v1/pages"], timeout=60),
        writes(tools.update_page, requests=["PATCH /v1/pages/{}"], timeout=60),
        writes(tools.update_page_markdown, requests=["PATCH /v1/pages/{}/markdown"], timeout=60),
        writes(tools.append_blocks, requests=["PATCH /v1/blocks/{}/children"], timeout=60),
        reads(tools.retrieve_database, requests=["GET /v1/databases/{}"]),
        reads(tools.retrieve_data_source, requests=["GET /v1/data_sources/{}"]),
        reads(tools.query_data_source, requests=["POST /v1/data_sources/{}/query"], timeout=60),
        reads(tools.list_comments, requests=["GET /v1/comments"]),
        writes(tools.create_comment, requests=["POST /v1/comments"]),
        writes(tools.move_page, requests=["POST /v1/pages/{}/move"], timeout=60),
        destroys(tools.trash_page, requests=["PATCH /v1/pages/{}"]),
        reads(tools.list_users, requests=["GET /v1/users"]),
    ),
)
