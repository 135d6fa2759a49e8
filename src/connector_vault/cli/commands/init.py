"""`init`: make a vault."""

from typing import TYPE_CHECKING

from connector_vault.cli.paper import Answer
from connector_vault.cli.place import Place, databases_of, is_missing, key_file_of
from connector_vault.errors import Misconfigured

if TYPE_CHECKING:
    from connector_vault.model import Owner
    from connector_vault.settings import Settings
    from connector_vault.vault import Vault

__all__ = ["init"]


def init(place: Place) -> Answer:
    """Make a vault: a data folder, a key file and a database.

    Where the vault is there already, nothing is changed. A key in Vault or in AWS KMS is made by
    whoever keeps it; one in a PKCS#11 token is made here if it is missing.
    """
    settings = place.settings()
    made = _is_missing(settings)
    place.run(_nothing, make=True)
    document = {
        "made": made,
        **_urls(settings),
        "keys": settings.keys,
        "world": "emulated" if settings.emulator else "real",
        "next": _next(settings),
    }
    return Answer(document, tuple(_words(settings, made=made)))


async def _nothing(vault: "Vault", owner: "Owner") -> None:
    """Open the vault: that makes it, or proves that its parts belong together."""


def _is_missing(settings: "Settings") -> bool:
    """Tell whether the vault is still to be made.

    Raises:
        Misconfigured: only half of it is there.
    """
    new, keys = is_missing(settings), key_file_of(settings.keys)
    if keys is None or keys.exists() != new:
        return new
    still, database = "Nothing was changed", _urls(settings)["database"]
    if new:
        words = f"there is a key file {keys}, but no database {database}"
        advice = "name the database if it was moved, or move the key file away to begin anew"
        raise Misconfigured(f"{words}: {advice}. {still}")
    words = f"there is a database {database}, but no key file {keys}"
    advice = (
        "only that file opens it, and a new one would not: name it if it was moved, or restore it"
    )
    raise Misconfigured(f"{words}: {advice}. {still}")


def _urls(settings: "Settings") -> dict[str, str]:
    from connector_vault.stores import shown

    return {name: shown(url) for name, url in databases_of(settings).items()}


def _words(settings: "Settings", *, made: bool) -> list[str]:
    places = {**_urls(settings), "keys": settings.keys}
    words = [f"{name.capitalize().replace('_', ' ')}: {place}" for name, place in places.items()]
    if made:
        words = ["Made a vault.", *words]
        words.append(_care(settings))
    else:
        words = ["The vault is there already, and nothing was changed.", *words]
    if settings.emulator:
        words.append(f"It belongs to the emulator at {settings.emulator}, not to real accounts.")
    return [*words, *(f"Next: {step}" for step in _next(settings))]


def _care(settings: "Settings") -> str:
    if key_file_of(settings.keys) is None:
        return "Only this key opens the database: see that whoever keeps it can bring it back."
    return "Back them up apart: the keys open the database, and nothing else does."


def _next(settings: "Settings") -> list[str]:
    if settings.clients:
        return [f"connector-vault connect {one.provider}" for one in settings.clients]
    return ["connector-vault providers", "connector-vault demo"]
