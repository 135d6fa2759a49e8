"""Which of the accounts that a person shared are on Instagram, and whose a Page's token is.

https://developers.facebook.com/docs/instagram-platform/instagram-api-with-facebook-login/get-started
"""

from collections.abc import Sequence
from dataclasses import dataclass

from connector_vault.connector import Account, Client, Grant, Json, Refused, Reply, Steps, read

from .._meta.answers import answer
from ..facebook import steps

__all__ = ["NAME", "account", "complete"]

NAME = "instagram_facebook"

_NO_ACCOUNT = (
    "none of the Pages this person shared has a professional Instagram account: link it to one "
    "in Instagram's settings, then connect again and choose both there"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Linked:
    id: str
    username: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    instagram_business_account: _Linked | None = None


def complete(client: Client, answer: Json) -> Steps[Sequence[Grant]]:
    """Take the steps that give a token set for each Page, and keep those of Instagram accounts."""
    granted = yield from steps.complete(client, answer)
    if any("error" in one.answer for one in granted):
        return granted
    linked = [one for one in granted if one.account is not None and one.account.provider == NAME]
    if not linked:
        return [Grant({"error": "no_instagram_account", "error_description": _NO_ACCOUNT})]
    return linked


def account(reply: Reply) -> Account:
    """Read whose token it is from GET /me with a Page's token: the account linked to the Page.

    Raises:
        Refused: none is.
    """
    linked = read(_Page, answer(reply)).instagram_business_account
    if linked is None:
        raise Refused("no_instagram_account", _NO_ACCOUNT)
    return Account(id=linked.id, label=linked.username)
