"""Whom we trust, and who we are."""

import ssl

from connector_vault.errors import Misconfigured
from connector_vault.keys.hcvault.address import Address

__all__ = ["context_of"]


def context_of(address: Address) -> ssl.SSLContext:
    """Make what a connection is secured with.

    Raises:
        Misconfigured: a file of certificates cannot be used.
    """
    # Not create_default_context, which writes session keys to where the environment says.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if address.ca is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(address.ca)
    except OSError as error:
        raise _unusable("ca", error) from None
    if address.client_cert is not None:
        try:
            # With no password given, OpenSSL would ask at the terminal.
            context.load_cert_chain(address.client_cert, address.client_key, password="")
        except OSError as error:
            raise _unusable("client-cert", error) from None
    return context


def _unusable(name: str, error: OSError) -> Misconfigured:
    why = getattr(error, "reason", None) or error.strerror or "it is no certificate in PEM"
    return Misconfigured(f"the file of the key holder's {name}= cannot be used ({why}): mend it")
