"""One running emulator: the providers, their clock, the log and the faults."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import ModuleType
from typing import Self

from connector_vault import registry
from connector_vault.connector import Reply
from connector_vault.emulator.faults import Faults
from connector_vault.emulator.log import Log
from connector_vault.emulator.site import Call, Clock, Consent, Site, json_reply
from connector_vault.errors import BadArguments, Misconfigured

__all__ = ["Stage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What all requests to one emulator share."""

    clock: Clock
    sites: Mapping[str, Site]
    """By the connector's name."""
    consent: Consent = "auto"
    log: Log = field(default_factory=Log)
    faults: Faults = field(default_factory=Faults)

    @classmethod
    def of(cls, *names: str, consent: Consent = "auto") -> Self:
        """Set up these connectors' providers; without a name, of all that have an emulator.

        Raises:
            BadArguments: no connector has this name.
            Misconfigured: it has no emulator.
        """
        clock = Clock()
        if not names:
            return cls(clock=clock, sites=_all_sites(clock), consent=consent)
        found = _sites(names, clock)
        sites = {name: site for name, site in found.items() if site is not None}
        missing = found.keys() - sites.keys()
        if missing:
            msg = f"these connectors have no emulator: {', '.join(sorted(missing))}"
            raise Misconfigured(msg)
        return cls(clock=clock, sites=sites, consent=consent)

    def answer(self, call: Call) -> Reply:
        """Let the provider whose host was called answer."""
        for site in self.sites.values():
            if call.host in site.hosts:
                return _ask(site, call)
        return json_reply(404, {"message": f"this emulator plays no host {call.host!r}"})


def _all_sites(clock: Clock) -> dict[str, Site]:
    sound: list[str] = []
    for name in registry.names():
        # A connector that is broken is told of by `doctor`; it must not stop the others here.
        with suppress(Misconfigured):
            registry.played_by(name)
            sound.append(name)
    found = _sites(sound, clock)
    return {name: site for name, site in found.items() if site is not None}


def _sites(names: Iterable[str], clock: Clock) -> dict[str, Site | None]:
    # Connectors of one family have one provider, and it is played once.
    played = {name: registry.played_by(name) for name in names}
    parts = {module.__name__: module for module in played.values() if module is not None}
    sites = {place: _site(module, clock) for place, module in parts.items()}
    return {name: sites[one.__name__] if one else None for name, one in played.items()}


def _site(module: ModuleType, clock: Clock) -> Site | None:
    emulate: Callable[[Clock], Site] | None = getattr(module, "emulate", None)
    return emulate(clock) if emulate else None


def _ask(site: Site, call: Call) -> Reply:
    try:
        return site.answer(call)
    except BadArguments as error:
        return json_reply(400, {"message": str(error)})
