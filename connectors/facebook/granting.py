"""How a person is asked, and what the token endpoint and the identity request say.

Dialog    https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
Business  https://developers.facebook.com/docs/facebook-login/facebook-login-for-business
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connector_vault.connector import Account, Json, Reply, read

from .._meta.answers import answer, errors, fields_of

__all__ = ["account", "answers", "asking"]

_CONFIGURATION = "config_id="
"""How a configuration of Facebook Login for Business is written among our scopes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Me:
    id: str
    name: str = ""


def asking(scopes: tuple[str, ...]) -> Mapping[str, str]:
    """Give the parameters that ask for scopes: by name, or by a configuration that lists them.

    `config_id=123` among the scopes asks by that configuration, and for nothing else: Facebook
    Login for Business takes no scopes beside it.
    """
    for scope in scopes:
        if scope.startswith(_CONFIGURATION):
            return {"config_id": scope.removeprefix(_CONFIGURATION)}
    return {"scope": ",".join(scopes)} if scopes else {}


def answers(reply: Reply) -> Sequence[Json]:
    """Read an answer of the token endpoint.

    Raises:
        RateLimited: Meta wants a pause.
    """
    return (errors(reply) or fields_of(reply),)


def account(reply: Reply) -> Account:
    """Read whose token it is from GET /me: with a Page's token, the Page."""
    me = read(_Me, answer(reply))
    return Account(id=me.id, label=me.name)
