"""`demo`: see it work, without an account."""

from connector_vault.cli.place import Place

__all__ = ["demo"]


def demo(place: Place) -> int:
    """See it work, without an account.

    Plays GitHub in a temporary folder, does the main things there, and checks each of them.
    """
    from connector_vault.demo import run

    return run(as_json=place.as_json)
