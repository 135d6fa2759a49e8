"""`demo`: see it work, without an account."""

from connector_vault.cli.place import Place

__all__ = ["demo"]


def demo(place: Place) -> int:
    """See it work: a played provider, a vault for the moment, no account."""
    from connector_vault.demo import run

    return run(as_json=place.as_json)
