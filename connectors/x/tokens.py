"""What X's token endpoint says, in the words of RFC 6749.

https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code
"""

import json
from collections.abc import Sequence

from connector_vault.connector import Json, Reply

from .answers import fields_of

__all__ = ["answers", "is_dead"]

_DEAD_TOKEN = "token was invalid"
"""Of a code X says "authorization code was invalid", which ends nothing."""


def answers(reply: Reply) -> Sequence[Json]:
    """Read an answer. A dead refresh token is `invalid_request` here, and told by its wording."""
    said: Json = json.loads(reply.body)
    fields = fields_of(said)
    if is_dead(fields.get("error"), fields.get("error_description")):
        return ({**fields, "error": "invalid_grant"},)
    return (said,)


def is_dead(error: Json, description: Json) -> bool:
    """Tell whether an error means that the token that was sent does not live."""
    if error in ("invalid_grant", "invalid_token"):
        return True
    return error == "invalid_request" and _DEAD_TOKEN in str(description).lower()
