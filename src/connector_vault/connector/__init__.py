"""What a connector is made of. A connector imports this module and nothing else of ours."""

from connector_vault.connector.api import Api, File, read
from connector_vault.connector.parts import (
    Connector,
    Effect,
    Identity,
    OAuth,
    Revocation,
    Tool,
    destroys,
    reads,
    writes,
)
from connector_vault.connector.wire import (
    Json,
    Reply,
    Request,
    basic,
    fill,
    plain_answer,
    retry_after,
)
from connector_vault.errors import BadArguments, RateLimited, Reconnect, Refused
from connector_vault.model import Account, Client, Secret, Tokens

__all__ = [
    "Account",
    "Api",
    "BadArguments",
    "Client",
    "Connector",
    "Effect",
    "File",
    "Identity",
    "Json",
    "OAuth",
    "RateLimited",
    "Reconnect",
    "Refused",
    "Reply",
    "Request",
    "Revocation",
    "Secret",
    "Tokens",
    "Tool",
    "basic",
    "destroys",
    "fill",
    "plain_answer",
    "read",
    "reads",
    "retry_after",
    "writes",
]
