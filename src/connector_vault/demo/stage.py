"""Where the demo plays: a temporary folder, an emulator, and a script of all that is printed."""

import json
import logging
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import fill

from connector_vault import emulator
from connector_vault.connector import Json
from connector_vault.emulator import World
from connector_vault.gateway import Gateway
from connector_vault.model import Client, Owner, Secret
from connector_vault.redaction import Redaction
from connector_vault.vault import Vault

__all__ = ["CLIENT", "OWNER", "Stage", "stage"]

OWNER = Owner(tenant="acme", user="ada")
CLIENT = Client(provider="github", id="Iv1.emulator", secret=Secret("emulator-secret"))


_WIDTH = 100
"""Characters of a line."""


@dataclass(slots=True)
class Stage:
    """What the demo plays with, and what it has shown so far."""

    folder: Path
    world: World
    vault: Vault
    gateway: Gateway
    as_json: bool
    begun: float = field(default_factory=time.monotonic)
    steps: dict[str, Json] = field(default_factory=dict[str, Json])
    good: bool = True

    def show(self, name: str, words: str, *, good: bool, **measured: Json) -> None:
        """Say what a step showed. One that did not show it makes the demo fail."""
        self.good = self.good and good
        self.steps[name] = {"ok": good, **measured}
        mark = "" if good else "FAILED: "
        line = f"{len(self.steps)} {name:<14}{mark}{words}"
        self.say(fill(line, width=_WIDTH, subsequent_indent=" " * 16, break_on_hyphens=False))

    def say(self, words: str) -> None:
        """Print a line, and keep it: what is printed is searched for tokens too."""
        with (self.folder / "stdout.txt").open("a", encoding="utf-8") as kept:
            kept.write(words + "\n")
        if not self.as_json:
            sys.stdout.write(words + "\n")
            sys.stdout.flush()

    def end(self) -> bool:
        """Print the whole of it as JSON, or a last line. Give whether every step succeeded."""
        seconds = round(time.monotonic() - self.begun, 2)
        if self.as_json:
            document = {"ok": self.good, "seconds": seconds, "steps": self.steps}
            sys.stdout.write(json.dumps(document, indent=2) + "\n")
        else:
            self.say(f"\ndemo: {'ok' if self.good else 'FAILED'}, {seconds} s")
        return self.good


@asynccontextmanager
async def stage(*, as_json: bool) -> AsyncGenerator[Stage]:
    """Set the stage, and clear it away afterwards."""
    with tempfile.TemporaryDirectory(prefix="connector-vault-demo-") as place:
        folder = Path(place)
        async with emulator.running("github") as world:
            with _logged(folder / "debug.log"):
                database, keys = f"sqlite:///{folder}/vault.db", f"local:{folder}/vault.key"
                async with (
                    Vault.open(database, keys=keys, clients=[CLIENT], emulator=world.url) as vault,
                    Gateway(vault) as gateway,
                ):
                    yield Stage(
                        folder=folder,
                        world=world,
                        vault=vault,
                        gateway=gateway,
                        as_json=as_json,
                    )


@contextmanager
def _logged(path: Path) -> Generator[None]:
    # Everything anybody logs, at its most talkative: it is searched for tokens afterwards.
    handler = logging.FileHandler(path)
    handler.addFilter(Redaction())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()
