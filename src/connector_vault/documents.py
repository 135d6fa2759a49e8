"""How things look as JSON, under `--json` and over HTTP. These names are a promise to scripts."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime

from connector_vault.model import AccessKey, Connection, Receipt, Tenant
from connector_vault.news import Event
from connector_vault.reports import Difference, KeyStatus, Report, Restored

__all__ = [
    "Document",
    "connection_document",
    "difference_document",
    "event_document",
    "key_document",
    "keys_document",
    "receipt_document",
    "report_document",
    "restored_document",
]

Document = Mapping[str, object]
"""A JSON object. Times are text in ISO 8601, what is unknown is None."""


def connection_document(connection: Connection) -> Document:
    """Write a connection. None stands for what does not apply or is not known."""
    return {
        "id": connection.id,
        "tenant": connection.owner.tenant,
        "user": connection.owner.user,
        "provider": connection.provider,
        "kind": connection.kind,
        "client": connection.client or None,
        "account": connection.account or None,
        "label": connection.label or None,
        "state": connection.state.value,
        "reason": connection.reason or None,
        "scopes": None if connection.scopes is None else sorted(connection.scopes),
        "generation": connection.generation,
        "expires_at": stamp(connection.expires_at),
        "dies_on": stamp(connection.dies_on),
        "last_proven_alive": stamp(connection.last_proven_alive),
        "created_at": stamp(connection.created_at),
        "changed_at": stamp(connection.changed_at),
    }


def event_document(event: Event) -> Document:
    """Write an event."""
    return {
        "cursor": event.cursor,
        "name": event.name,
        "at": stamp(event.at),
        "connection": event.connection,
        "tenant": event.owner.tenant,
        "user": event.owner.user,
        "provider": event.provider,
        "generation": event.generation,
        "detail": dict(event.detail),
    }


def receipt_document(receipt: Receipt) -> Document:
    """Write a receipt."""
    return {
        "connection": receipt.connection,
        "provider": receipt.provider,
        "label": receipt.account or None,
        "confirmed": receipt.confirmed,
        "outcome": receipt.outcome,
        "reach": receipt.reach,
        "probe": receipt.probe,
        "shredded": receipt.shredded,
        "shred_horizon": receipt.shred_horizon,
        "note": receipt.note or None,
        "asked_at": stamp(receipt.asked_at),
        "finished_at": stamp(receipt.finished_at),
    }


def report_document(report: Report) -> Document:
    """Write what a round of maintenance did."""
    return asdict(report)


def keys_document(status: KeyStatus) -> Document:
    """Write who wraps the data keys, and what still needs older versions."""
    return {**asdict(status), "shred_horizon": status.shred_horizon}


def restored_document(restored: Restored) -> Document:
    """Write what was put right after a backup was put back."""
    return asdict(restored)


def difference_document(found: Difference) -> Document:
    """Write how a database falls short of its anchor."""
    return asdict(found)


def key_document(key: AccessKey) -> Document:
    """Write an access key, of which the text is never written here."""
    whose = key.whose
    return {
        "id": key.id,
        "name": key.name or None,
        "tenant": whose.name if isinstance(whose, Tenant) else whose.tenant,
        "user": None if isinstance(whose, Tenant) else whose.user,
        "everybody": isinstance(whose, Tenant),
        "created_at": stamp(key.created_at),
        "revoked_at": stamp(key.revoked_at),
    }


def stamp(moment: datetime | None) -> str | None:
    """Write a time for scripts: 2026-11-22T06:04:51Z."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
