"""What the operator said: environment first, then a TOML file, then places by platform."""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from platformdirs import user_data_path, user_state_path
from pydantic import BaseModel, ConfigDict, ValidationError

from connector_vault.errors import BadArguments, Misconfigured
from connector_vault.lifecycle import EventName
from connector_vault.model import Client, Owner, Secret
from connector_vault.news import Webhook

__all__ = ["Settings", "holders_of", "journal_folder", "load_settings"]

_PREFIX = "CONNECTOR_VAULT_"
_CLIENT = re.compile(r"CONNECTOR_VAULT_([A-Z][A-Z0-9_]*)_CLIENT_ID")

_BETWEEN = re.compile(r"\s+(?=[a-z][a-z0-9-]*:)")
"""Between two key holders. A path may hold spaces, too."""

_MAX_FILE = 64 * 1024
"""Bytes of a secret's file, and of the TOML file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where things are, and whose they are."""

    database: str = field(repr=False)
    """Its URL may hold a password."""
    keys: str = field(repr=False)
    """The holder that wraps. Somebody may have put the key itself here."""
    owner: Owner
    clients: tuple[Client, ...] = ()
    emulator: str | None = None
    webhooks: tuple[Webhook, ...] = ()
    keys_database: str = field(default="", repr=False)
    """Where the data keys lie. Empty: in the database."""
    anchor: str = ""
    """A file on a disk that who can write the database cannot. Empty: none."""
    journal: str = ""
    """A folder on a disk that survives this process. Empty: beside the database, or by platform."""
    other_keys: tuple[str, ...] = field(default=(), repr=False)
    """Holders that open what they once wrapped."""
    services: str = ""
    """A folder with a TOML file for each service. Empty: none."""
    source: str = "defaults"
    """Where the TOML file was read from, for `doctor`."""


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings.

    Raises:
        Misconfigured: one of them is wrong; the message names it, and no secret.
    """
    path = environ.get(f"{_PREFIX}CONFIG", "")
    said = _file(Path(path)) if path else _File()
    try:
        owner = Owner(
            tenant=environ.get(f"{_PREFIX}TENANT") or said.tenant or "local",
            user=environ.get(f"{_PREFIX}USER") or said.user or "me",
        )
    except BadArguments as error:
        raise Misconfigured(f"CONNECTOR_VAULT_TENANT or _USER: {error}") from error
    keys, *others = holders_of(environ.get(f"{_PREFIX}KEYS") or said.keys)
    return Settings(
        database=environ.get(f"{_PREFIX}DATABASE") or said.database or _default("sqlite:///", "db"),
        keys=keys,
        other_keys=tuple(others),
        keys_database=environ.get(f"{_PREFIX}KEYS_DATABASE") or said.keys_database,
        owner=owner,
        clients=(*_clients_of(environ), *said.listed()),
        emulator=environ.get(f"{_PREFIX}EMULATOR") or None,
        webhooks=tuple(one.told() for one in said.webhooks),
        journal=environ.get(f"{_PREFIX}JOURNAL") or said.journal,
        anchor=environ.get(f"{_PREFIX}ANCHOR") or said.anchor,
        services=environ.get(f"{_PREFIX}SERVICES") or said.services or _services(),
        source=path or "defaults",
    )


def journal_folder(said: str, *, beside: Path | None, store_id: bytes) -> Path:
    """Give the folder for replies that are not stored yet: as said, beside the database, or ours.

    Below what is said each database has a folder of its own: they cannot open each other's.

    Raises:
        Misconfigured: nothing is said, and this user has no home.
    """
    if said:
        return Path(said).expanduser().absolute() / store_id.hex()
    if beside is not None:
        return beside
    try:
        state = user_state_path("connector-vault", appauthor=False)
    except RuntimeError as error:
        words = "this user has no home: name a folder that outlives this process"
        raise Misconfigured(f"{words} in CONNECTOR_VAULT_JOURNAL") from error
    return state / "journal" / store_id.hex()


def holders_of(said: str | Sequence[str]) -> Sequence[str]:
    """Give the key holders that are named, the one that wraps first. None is the default."""
    listed = _BETWEEN.split(said.strip()) if isinstance(said, str) else said
    return [one for one in listed if one] or [_default("local:", "key")]


def _default(scheme: str, ending: str) -> str:
    try:
        home = user_data_path("connector-vault", appauthor=False)
    except RuntimeError:
        # Under a supervisor there may be no home, and who names both places needs none.
        return ""
    return f"{scheme}{home}/vault.{ending}"


def _services() -> str:
    home = _default("", "services")
    return home and str(Path(home).with_name("services"))


class _FileClient(BaseModel):
    model_config = ConfigDict(extra="forbid")

    provider: str
    id: str
    secret_file: Path | None = None
    """A secret is not written into the file that says everything else."""
    name: str = "default"
    tenant: str | None = None


class _FileWebhook(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: str
    secret_file: Path
    name: str = ""
    events: frozenset[EventName] | None = None
    tenant: str | None = None

    def told(self) -> Webhook:
        return Webhook(
            url=self.url,
            secret=_secret(self.secret_file),
            name=self.name,
            events=self.events,
            tenant=self.tenant,
        )


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    database: str = ""
    keys: str | tuple[str, ...] = ""
    keys_database: str = ""
    journal: str = ""
    anchor: str = ""
    services: str = ""
    tenant: str = ""
    user: str = ""
    clients: tuple[_FileClient, ...] = ()
    webhooks: tuple[_FileWebhook, ...] = ()

    def listed(self) -> tuple[Client, ...]:
        return tuple(
            Client(
                provider=one.provider,
                id=one.id,
                secret=_secret(one.secret_file) if one.secret_file else Secret(""),
                name=one.name,
                tenant=one.tenant,
            )
            for one in self.clients
        )


def _file(path: Path) -> _File:
    try:
        return _File.model_validate(tomllib.loads(_read(path)))
    except tomllib.TOMLDecodeError as error:
        msg = f"{path} is not TOML: {error}"
        raise Misconfigured(msg) from None
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
        msg = f"{path}: wrong or unknown settings: {wrong}"
        raise Misconfigured(msg) from None


def _clients_of(environ: Mapping[str, str]) -> tuple[Client, ...]:
    found = (match for name in environ if (match := _CLIENT.fullmatch(name)) and environ[name])
    return tuple(
        Client(
            provider=match[1].lower(), id=environ[match[0]], secret=_env_secret(environ, match[1])
        )
        for match in found
    )


def _env_secret(environ: Mapping[str, str], provider: str) -> Secret:
    name = f"{_PREFIX}{provider}_CLIENT_SECRET"
    file = environ.get(f"{name}_FILE", "")
    if file and environ.get(name):
        msg = f"{name} and {name}_FILE are both set: set one"
        raise Misconfigured(msg)
    return _secret(Path(file)) if file else Secret(environ.get(name, ""))


def _secret(path: Path) -> Secret:
    text = _read(path).strip()
    if not text:
        msg = f"{path} is empty, and should hold a secret"
        raise Misconfigured(msg)
    return Secret(text)


def _read(path: Path) -> str:
    try:
        # A pipe would be waited for.
        if not path.is_file() or path.stat().st_size > _MAX_FILE:
            msg = f"{path} is not a file of at most {_MAX_FILE} bytes"
            raise Misconfigured(msg)
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path} cannot be read: {type(error).__name__}"
        raise Misconfigured(msg) from error
