"""What a command ends with, for the script that called it."""

from collections.abc import Mapping

from connector_vault import errors
from connector_vault.errors import ConnectorVaultError

__all__ = ["CODES", "FAILED", "INTERRUPTED", "OK", "PROBLEMS", "USAGE", "code_of"]

OK = 0
FAILED = 1
USAGE = 2
PROBLEMS = 3
"""`doctor` found some."""
INTERRUPTED = 130
"""As a shell says it: 128 and the number of SIGINT."""

CODES: Mapping[type[ConnectorVaultError], int] = {
    errors.ConnectorVaultError: FAILED,
    errors.NotConnected: 4,
    errors.Ambiguous: FAILED,
    errors.Reconnect: 4,
    errors.NotAllowed: 5,
    errors.BadArguments: USAGE,
    errors.Refused: FAILED,
    errors.RateLimited: FAILED,
    errors.TimedOut: 7,
    errors.OutcomeUnknown: FAILED,
    errors.Crashed: FAILED,
    errors.Unreachable: FAILED,
    errors.KeysUnavailable: 6,
    errors.KeysDenied: 6,
    errors.StoreUnavailable: FAILED,
    errors.Corrupt: FAILED,
    errors.RolledBack: FAILED,
    errors.Shredded: FAILED,
    errors.Misconfigured: FAILED,
}
"""Every class of `errors`, so that a new one has to be thought about."""


def code_of(error: ConnectorVaultError) -> int:
    """Give the exit code of an error, or of what it is a kind of."""
    return next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)
