"""A connector whose tools cannot be imported in anybody's lifetime."""

from connector_vault.connector import Connector, reads

__all__ = ["connector"]

connector = Connector(
    name="hostile_stalled",
    title="Hostile, stalled",
    api="https://api.stalled.example/v1",
    tools=(reads("hostile_connector.never:end"),),
)
