"""Acme: what a tool of somebody else may try, well meant or not."""

from connector_vault.connector import Account, Connector, Identity, Reply, Request, reads, writes

from . import tools

__all__ = ["connector"]


def _account(reply: Reply) -> Account:
    return Account(id="1", label=reply.json()["path"])


connector = Connector(
    name="acme",
    title="Acme",
    api="https://api.acme.example/v1",
    uploads=("https://up.acme.example",),
    identity=Identity(request=Request("GET", "/me"), account=_account),
    tools=(
        reads(tools.echo),
        reads("acme_connector.named:add_up"),
        reads("acme_connector.named:nothing_of_that_name"),
        reads(tools.twice),
        reads(tools.crash),
        reads(tools.misread),
        reads(tools.stall),
        reads(tools.tire),
        reads(tools.lie),
        reads(tools.look_up, requests=["POST /look"]),
        writes(tools.ask),
        writes(tools.put_then_ask),
        writes(tools.put_then_crash),
        writes(tools.put_then_stall),
        writes(tools.put_then_fail),
        writes(tools.put_two),
        writes(tools.attach),
        writes(tools.pass_on, timeout=120),
        writes(tools.append),
        writes(tools.carry_on),
    ),
)
