"""The hostile connector, its tools only named: the vault's own process never imports them."""

from connector_vault.connector import Connector, reads

__all__ = ["connector"]

_ATTACKS = (
    "answer_64_mb",
    "deadlock",
    "eat_memory",
    "flood",
    "fork_without_end",
    "greet",
    "ignore_the_end",
    "leak_descriptors",
    "leave",
    "spin",
    "spin_in_c",
    "touch_nothing",
)

connector = Connector(
    name="hostile_named",
    title="Hostile, named",
    api="https://api.named.example/v1",
    tools=(
        *(reads(f"hostile_connector.attacks:{name}") for name in _ATTACKS),
        reads("hostile_connector.probes:attempt"),
        reads("hostile_connector.ambush:wake"),
    ),
)
