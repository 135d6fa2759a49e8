"""How things look under `--json`. These names are a promise to scripts."""

from typing import TYPE_CHECKING

from connector_vault.cli.words import stamp

if TYPE_CHECKING:
    from connector_vault.cli.paper import Document
    from connector_vault.model import Connection, Receipt

__all__ = ["connection_document", "error_document", "receipt_document"]


def connection_document(connection: "Connection") -> "Document":
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
        "created_at": stamp(connection.created_at),
        "changed_at": stamp(connection.changed_at),
    }


def receipt_document(receipt: "Receipt") -> "Document":
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


def error_document(kind: str, message: str) -> "Document":
    """Write what went wrong."""
    return {"error": {"type": kind, "message": message}}
