"""What can go wrong, named for what the caller can do next.

ConnectorVaultError
├── NotConnected        nobody connected this account: connect it
├── Ambiguous           several connections fit: name one
├── Reconnect           the grant is dead: send the person through consent again
├── NotAllowed          this caller may not do this
├── BadArguments        the call is malformed: mend the arguments
├── Refused             the provider said no
├── RateLimited         the provider said later, or has failed just now: wait
├── TimedOut            the deadline passed, and nothing was changed
├── OutcomeUnknown      a write may or may not have happened: look before repeating it
├── Crashed             the tool itself failed
├── Unreachable         the provider did not answer: try again
├── KeysUnavailable     the key holder did not answer: try again
├── StoreUnavailable    the database did not answer: try again
├── Corrupt             something sealed was altered: raise the alarm, never retry
│   └── RolledBack      an older, genuine state came back
├── Shredded            the data key was destroyed: nothing can open this again
└── Misconfigured       the operator has to mend a setting
    └── KeysDenied      the key holder says that this vault may not: mend its rights
"""

from typing import Self

__all__ = [
    "Ambiguous",
    "BadArguments",
    "ConnectorVaultError",
    "Corrupt",
    "Crashed",
    "KeysDenied",
    "KeysUnavailable",
    "Misconfigured",
    "NotAllowed",
    "NotConnected",
    "OutcomeUnknown",
    "RateLimited",
    "Reconnect",
    "Refused",
    "RolledBack",
    "Shredded",
    "StoreUnavailable",
    "TimedOut",
    "Unreachable",
]


class ConnectorVaultError(Exception):
    """Anything this package raises on purpose. Its text is one line and holds no secret."""


class NotConnected(ConnectorVaultError):
    """Say that this owner has no such connection. Next: `vault.connect`."""


class Ambiguous(ConnectorVaultError):
    """Say that several connections fit. Next: pass `connection=` with one of the ids named."""


class Reconnect(ConnectorVaultError):
    """Say that the grant is dead. Next: send its owner through `vault.connect` again."""

    def __init__(self, reason: str, connection: str | None = None) -> None:
        where = f" of {connection}" if connection else ""
        super().__init__(f"the grant{where} no longer works ({reason}): connect the account again")
        self.reason = reason
        self.connection = connection

    def __reduce__(self) -> tuple[type[Self], tuple[str, str | None]]:
        return type(self), (self.reason, self.connection)


class NotAllowed(ConnectorVaultError):
    """Say that this caller may not do this. Next: ask for the right, or do something else."""


class BadArguments(ConnectorVaultError):
    """Say which argument is wrong, never its value. Next: mend it and call again."""


class Refused(ConnectorVaultError):
    """Say that the provider answered no. Next: read `code` and `message`, which are its own."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"refused: {code}" + (f" ({message})" if message else ""))
        self.code = code
        self.message = message

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        return type(self), (self.code, self.message)


class RateLimited(ConnectorVaultError):
    """Say that the provider wants a pause, or gets one. Next: wait `retry_after` seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"rate limited: try again in {retry_after:.0f} s")
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[type[Self], tuple[float]]:
        return type(self), (self.retry_after,)


class TimedOut(ConnectorVaultError):
    """Say that the deadline passed with nothing changed. Next: try again, or allow more time."""


class OutcomeUnknown(ConnectorVaultError):
    """Say that a write was sent and no answer came. Next: look whether it happened."""


class Crashed(ConnectorVaultError):
    """Say that the tool's own code failed. Next: report it to the tool's author."""


class Unreachable(ConnectorVaultError):
    """Say that the provider could not be reached, or gave no usable answer. Next: try again."""


class KeysUnavailable(ConnectorVaultError):
    """Say that the key holder did not answer. Next: try again; nothing is lost."""


class StoreUnavailable(ConnectorVaultError):
    """Say that the database did not answer. Next: try again; nothing is lost."""


class Corrupt(ConnectorVaultError):
    """Say that a row, key or file was altered. Next: raise the alarm; a retry cannot help."""


class RolledBack(Corrupt):
    """Say that an older, genuine state came back. Next: find out who restored what."""


class Shredded(ConnectorVaultError):
    """Say that the data key was destroyed on purpose. Next: nothing; this is final."""


class Misconfigured(ConnectorVaultError):
    """Say which setting is wrong. Next: the operator mends it; no connection was changed."""


class KeysDenied(Misconfigured):
    """Say that the key holder refused, and no cache bridges that. Next: mend the vault's rights."""
