"""The scopes of OAuth Apps, and which include which.

https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
"""

from collections.abc import Iterable

__all__ = ["OFFLINE", "holds", "normal", "split", "unknown"]

OFFLINE = "offline_access"
"""Asks for a token that expires and can be refreshed. Never echoed, never stored as a scope."""

_INCLUDES: dict[str, set[str]] = {
    "repo": {"repo:status", "repo_deployment", "public_repo", "repo:invite", "security_events"},
    "user": {"read:user", "user:email", "user:follow"},
    "admin:repo_hook": {"write:repo_hook", "read:repo_hook"},
    "write:repo_hook": {"read:repo_hook"},
    "admin:org": {"write:org", "read:org"},
    "write:org": {"read:org"},
    "admin:public_key": {"write:public_key", "read:public_key"},
    "write:public_key": {"read:public_key"},
    "admin:gpg_key": {"write:gpg_key", "read:gpg_key"},
    "write:gpg_key": {"read:gpg_key"},
    "write:packages": {"read:packages"},
    "write:discussion": {"read:discussion"},
    "project": {"read:project"},
}

_ALONE = {
    "admin:org_hook",
    "gist",
    "notifications",
    "delete_repo",
    "delete:packages",
    "codespace",
    "workflow",
    "read:audit_log",
    OFFLINE,
}

_KNOWN = _ALONE.union(_INCLUDES, *_INCLUDES.values())


def split(text: str) -> frozenset[str]:
    """Read a `scope` parameter: by spaces, as documented, and by commas, as it grew."""
    return frozenset(text.replace(",", " ").split())


def unknown(scopes: Iterable[str]) -> tuple[str, ...]:
    """Give those that GitHub does not have."""
    return tuple(sorted(set(scopes) - _KNOWN))


def normal(scopes: Iterable[str]) -> tuple[str, ...]:
    """Drop what another scope includes, and sort."""
    given = set(scopes) - {OFFLINE}
    return tuple(sorted(given.difference(*(_INCLUDES.get(scope, ()) for scope in given))))


def holds(scopes: Iterable[str], wanted: str) -> bool:
    """Tell whether a scope is among these, by name or included."""
    return any(wanted == scope or wanted in _INCLUDES.get(scope, ()) for scope in scopes)
