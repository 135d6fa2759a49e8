"""`providers`: what could be connected."""

from typing import TYPE_CHECKING

from connector_vault.cli.connectors import Installed, installed
from connector_vault.cli.paper import Answer, Table, hint
from connector_vault.cli.place import Place
from connector_vault.cli.words import listed
from connector_vault.documents import Document

if TYPE_CHECKING:
    from connector_vault.connector import OAuth, Tool
    from connector_vault.settings import Settings

__all__ = ["providers"]

_COLUMNS = ("NAME", "TITLE", "CONNECT BY", "CLIENT", "TOOLS", "EMULATOR")


def providers(place: Place) -> Answer:
    """List what can be connected, and what is missing for it."""
    settings = place.settings()
    found = list(installed(place.catalog()))
    for one in found:
        if one.error:
            hint(f"{one.name} cannot be used: {one.error}")
    table = Table(_COLUMNS, [_row(one, settings) for one in found])
    return Answer({"providers": [_document(one, settings) for one in found]}, (table,))


def _document(one: Installed, settings: "Settings") -> Document:
    connector = one.connector
    return {
        "name": one.name,
        "title": connector.title if connector else None,
        "service": one.service,
        "oauth": connector.oauth is not None if connector else None,
        "scopes": list(connector.oauth.scopes) if connector and connector.oauth else None,
        "clients": _clients(one, settings),
        "tools": [_tool(tool) for tool in connector.tools] if connector else None,
        "lifetimes": _lifetimes(connector.oauth) if connector and connector.oauth else None,
        "revocation": _revocation(connector.oauth) if connector and connector.oauth else None,
        "deauthorization": list(connector.notice.events)
        if connector and connector.notice
        else None,
        "verified": connector.verified or None if connector else None,
        "emulator": one.emulated if connector else None,
        "error": one.error or None,
    }


def _tool(tool: "Tool") -> Document:
    return {"name": tool.name, "effect": tool.effect, "scopes": sorted(tool.scopes)}


def _lifetimes(oauth: "OAuth") -> Document:
    return {
        "access": oauth.access or None,
        "refresh_idle": oauth.idle or None,
        "grant": oauth.absolute or None,
        "rotates": oauth.rotates,
        "by_person": oauth.outlives,
    }


def _revocation(oauth: "OAuth") -> Document | None:
    told = oauth.revocation
    if told is None:
        return None
    return {
        "token": told.alone,
        "grant": told.grant is not None,
        "probe": told.probe is not None,
    }


def _means(one: Installed, *, oauth: bool) -> str:
    if one.service:
        return "consent" if oauth else "a key"
    return "consent, or a token" if oauth else "a token"


def _row(one: Installed, settings: "Settings") -> tuple[str, ...]:
    if one.connector is None:
        return (one.name, "cannot be imported", "-", "-", "-", "-")
    oauth = one.connector.oauth is not None
    return (
        one.name,
        one.connector.title,
        _means(one, oauth=oauth),
        listed(_clients(one, settings), "not set" if oauth else "-"),
        str(len(one.connector.tools)),
        "yes" if one.emulated else "no",
    )


def _clients(one: Installed, settings: "Settings") -> list[str]:
    return [client.name for client in settings.clients if client.provider in (one.name, one.family)]
