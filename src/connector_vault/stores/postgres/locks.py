"""Names as the numbers that PostgreSQL's advisory locks have."""

from hashlib import sha256

__all__ = ["digest", "lock_of"]


def digest(text: str) -> bytes:
    """Give eight bytes that nobody else's locks and channels are likely to have."""
    return sha256(f"connector_vault\0{text}".encode()).digest()[:8]


def lock_of(schema: str, name: str) -> int:
    """Give the lock of a name. Each schema has its own."""
    return int.from_bytes(digest(f"{schema}\0{name}"), signed=True)
