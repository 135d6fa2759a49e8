"""The hostile connector, its tools given as functions: they are imported with it."""

from connector_vault.connector import Connector, reads, writes
from hostile_connector import attacks, crowd, listing, probes, way_out, wire

__all__ = ["connector"]

connector = Connector(
    name="hostile",
    title="Hostile",
    api="https://api.hostile.example/v1",
    uploads=("https://up.hostile.example",),
    tools=(
        *(reads(getattr(attacks, name)) for name in attacks.__all__),
        *(reads(getattr(crowd, name), timeout=60) for name in crowd.__all__),
        reads(listing.held),
        reads(listing.sealed),
        reads(listing.remember),
        reads(probes.attempt),
        *(reads(getattr(wire, name)) for name in wire.__all__),
        reads(way_out.ask, requests=("GET /echo", "GET /repos/{}", "GET /redirect", "GET /slow")),
        reads(way_out.half_ask, requests=("GET /echo",)),
        reads(way_out.ask_without_end, requests=("GET /echo",)),
        writes(way_out.change),
    ),
)
