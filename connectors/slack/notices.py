"""How Slack tells, unasked, that somebody took back what they granted.

https://docs.slack.dev/reference/events/tokens_revoked
https://docs.slack.dev/reference/events/app_uninstalled
https://docs.slack.dev/reference/events/url_verification
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from connector_vault.connector import Delivery, Notice, Refused, Reply, Secret, read

from .revocation import verify

__all__ = ["NOTICE"]

_MAX_ACCOUNTS = 10_000
"""Names in one delivery. More is none of Slack's."""

_MAX_CHALLENGE = 1024
"""Characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Revoked:
    oauth: tuple[str, ...] | None = None
    bot: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    type: str
    tokens: _Revoked | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Envelope:
    type: str = ""
    challenge: str | None = None
    team_id: str | None = None
    enterprise_id: str | None = None
    event: _Event | None = None


def _accounts(delivery: Delivery) -> Sequence[str]:
    """Give whose tokens ended: the lists hold ids of people and bots, never tokens.

    An organisation's installation goes by the organisation, another by its workspace. Which it was
    is not said in the same place always, so both are named.
    """
    told = _envelope(delivery)
    if told is None or told.event is None:
        return ()
    homes = [home for home in (told.team_id, told.enterprise_id) if home]
    match told.event.type, told.event.tokens:
        case "app_uninstalled", _:
            return [f"{home}/" for home in homes]
        case "tokens_revoked", _Revoked() as ended:
            people = [*(ended.oauth or ()), *(ended.bot or ())][:_MAX_ACCOUNTS]
            return [f"{home}/{person}" for home in homes for person in people if person]
        case _:
            return ()


def _challenge(delivery: Delivery, secret: Secret) -> Reply | None:
    """Say back what Slack sends to an address that it does not know yet. It is signed, too."""
    told = _envelope(delivery)
    if told is None or told.type != "url_verification" or told.challenge is None:
        return None
    verify(delivery, secret)
    said = told.challenge[:_MAX_CHALLENGE]
    return Reply(200, said.encode(), {"content-type": "text/plain; charset=utf-8"})


def _envelope(delivery: Delivery) -> _Envelope | None:
    try:
        return read(_Envelope, json.loads(delivery.body))
    except (RecursionError, Refused, ValueError):
        return None


NOTICE = Notice(
    events=("tokens_revoked", "app_uninstalled"),
    verify=verify,
    accounts=_accounts,
    challenge=_challenge,
)
