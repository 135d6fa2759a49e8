"""The server's errors as ours. No text of the server's is repeated: it may hold anything."""

import socket
import ssl

from connector_vault.errors import ConnectorVaultError, KeysDenied, KeysUnavailable, Misconfigured
from connector_vault.keys.hcvault.address import Address
from connector_vault.keys.hcvault.answer import Answer

__all__ = ["broken", "disabled", "incomprehensible", "late", "refused", "refused_login"]

_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNSUPPORTED_PROTOCOL", "ALERT")
"""Parts of what OpenSSL calls a server that speaks no TLS, or not with us."""


def late(address: Address) -> KeysUnavailable:
    """Say that the deadline passed."""
    words = "did not answer in time: see whether it hangs or is overloaded"
    return KeysUnavailable(f"the key holder at {address.place} {words}")


def incomprehensible(address: Address) -> KeysUnavailable:
    """Say that what answers is no Vault, or not whole."""
    words = "answered what is no answer of Vault or OpenBao: see what else listens there"
    return KeysUnavailable(f"the key holder at {address.place} {words}")


def broken(error: OSError, address: Address) -> ConnectorVaultError:
    """Say why no answer came."""
    where = f"the key holder at {address.place}"
    match error:
        case TimeoutError():
            return late(address)
        case ssl.SSLCertVerificationError():
            mend = "mend it, or name its authority's certificate with ca="
            return Misconfigured(f"the certificate of {where} is not trusted: {mend}")
        case ssl.SSLError() if any(part in (error.reason or "") for part in _NO_TLS):
            mend = "see its listener's tls settings, and client-cert="
            return Misconfigured(f"{where} and we do not agree on TLS ({error.reason}): {mend}")
        case socket.gaierror():
            return KeysUnavailable(f"no address is known for {where}: see its name, and the DNS")
        case _:
            why = error.strerror or type(error).__name__
            return KeysUnavailable(f"{where} cannot be reached ({why}): see that it runs")


def refused(answer: Answer, address: Address, deed: str, remedy: str) -> ConnectorVaultError:
    """Say what the server meant by an answer that is no success.

    `remedy` is for whoever has no right to the deed.
    """
    where = f"the key holder at {address.place}"
    match answer.status:
        case 403:
            return KeysDenied(f"{where} does not let us {deed} {address.key}: {remedy}")
        case 404:
            mend = "see mount, name and namespace, or have it made with derived=true"
            return Misconfigured(f"{where} has no key {address.key}: {mend}")
        case 400 if "encryption key not found" in answer.errors:
            mend = "it was deleted: restore it, or name the right one"
            return Misconfigured(f"{where} has no key {address.key}: {mend}")
        case _ if "soft-deleted" in answer.errors:
            return disabled(address)
        case _:
            return _unfit(answer, where)


def refused_login(answer: Answer, address: Address) -> ConnectorVaultError:
    """Say why nobody is let in."""
    where = f"the key holder at {address.place}"
    if answer.status in (400, 403, 404) and answer.errors:
        place = f"auth/{address.auth_mount}"
        mend = (
            "mend the role, its secret or the namespace (a lockout after failures ends by itself)"
        )
        return KeysDenied(f"{where} refuses our login at {place}: {mend}")
    return _unfit(answer, where)


def disabled(address: Address) -> KeysDenied:
    """Say that the key was put out of use."""
    words = f"{address.key} at {address.place} was soft-deleted, and is refused to everybody"
    return KeysDenied(f"the key {words}: an administrator can restore it")


def _unfit(answer: Answer, where: str) -> ConnectorVaultError:
    match answer.status:
        case 503:
            return KeysUnavailable(f"{where} is sealed, or not ready yet: unseal it")
        case 429:
            return KeysUnavailable(
                f"{where} has too much to do (429): try again, or raise its limits"
            )
        case status if 300 <= status < 400:
            # A standby that cannot forward. Our token goes where we were told and nowhere else.
            mend = "name the active node, or what stands before all of them"
            return KeysUnavailable(f"{where} sends us elsewhere, where we do not go: {mend}")
        case status if 400 <= status < 500 and status != 412:
            mend = "see that it is Vault or OpenBao, and its audit log"
            return Misconfigured(f"{where} refuses what we ask ({status}): {mend}")
        case status:
            return KeysUnavailable(f"{where} failed ({status}): see its log, and try again")
