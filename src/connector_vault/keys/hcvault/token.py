"""A token, how one is got, and how its life is made longer."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from connector_vault.keys.hcvault.address import Address
from connector_vault.keys.hcvault.answer import Answer, number
from connector_vault.keys.hcvault.credential import Found
from connector_vault.keys.hcvault.failures import incomprehensible, refused_login
from connector_vault.model import Secret

if TYPE_CHECKING:
    from connector_vault.keys.hcvault.line import Line

__all__ = ["Token", "log_in", "renew", "revoke"]


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and how long it lives."""

    secret: Secret
    found: Found
    """What it was got with. Where nobody logs in, it is that itself."""
    lease: int
    """Seconds. 0: it does not end, or nobody tells when."""
    renewable: bool
    granted: int
    """Seconds of its first lease. A much shorter one says that its life reaches its end."""
    since: float
    """When its lease began, on the monotonic clock."""

    @property
    def due(self) -> float:
        """When two thirds of its lease are over."""
        return self.since + self.lease * 2 / 3


def log_in(line: "Line", address: Address, found: Found) -> Token:
    """Get a token for what was found; or learn how long one lives that was found.

    Raises:
        KeysDenied: nobody is let in with that.
        KeysUnavailable: the server does not answer.
    """
    since = time.monotonic()
    mount = address.auth_mount
    secret = found.secret
    match address.method:
        case "approle":
            answer = line.ask(
                lambda hvac: hvac.auth.approle.login(
                    address.role, secret.reveal(), use_token=False, mount_point=mount
                ),
                None,
            )
            return _given(answer, address, found, since)
        case "kubernetes":
            answer = line.ask(
                lambda hvac: hvac.auth.kubernetes.login(
                    address.role, secret.reveal(), use_token=False, mount_point=mount
                ),
                None,
            )
            return _given(answer, address, found, since)
        case "token" | "token-file":
            answer = line.ask(lambda hvac: hvac.auth.token.lookup_self(), secret)
            return _looked_up(answer, address, found, since)


def renew(line: "Line", token: Token) -> Token | None:
    """Make a token live longer. None: it cannot.

    Raises:
        KeysUnavailable: the server does not answer.
    """
    since = time.monotonic()
    answer = line.ask(lambda hvac: hvac.auth.token.renew_self(), token.secret)
    lease = number(answer.auth, "lease_duration")
    # Near the end of its whole life, each lease is shorter than the one before.
    if answer.status != 200 or lease * 2 < token.granted:
        return None
    return replace(token, lease=lease, renewable=_is_renewable(answer.auth), since=since)


def revoke(line: "Line", token: Token) -> None:
    """End a token, so that it does not outlive whoever got it."""
    line.ask(lambda hvac: hvac.auth.token.revoke_self(), token.secret)


def _given(answer: Answer, address: Address, found: Found, since: float) -> Token:
    if answer.status != 200:
        raise refused_login(answer, address)
    secret = answer.auth.get("client_token")
    if not isinstance(secret, str) or not secret:
        raise incomprehensible(address)
    lease = number(answer.auth, "lease_duration")
    return Token(Secret(secret), found, lease, _is_renewable(answer.auth), lease, since)


def _looked_up(answer: Answer, address: Address, found: Found, since: float) -> Token:
    # 403: it is no token any more, or may not look itself up. What is asked next will tell.
    if answer.status not in (200, 403):
        raise refused_login(answer, address)
    lease = number(answer.data, "ttl")
    return Token(found.secret, found, lease, _is_renewable(answer.data), lease, since)


def _is_renewable(said: Mapping[str, object]) -> bool:
    return said.get("renewable") is True
