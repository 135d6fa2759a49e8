"""What the errors of a token mean. Their texts hold codes, and nothing of what was wrapped."""

from pkcs11.exceptions import (
    AttributeReadOnly,
    AttributeTypeInvalid,
    AttributeValueInvalid,
    FunctionNotSupported,
    FunctionRejected,
    MechanismInvalid,
    PinExpired,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    SessionReadOnly,
    TemplateIncomplete,
    TemplateInconsistent,
    TokenWriteProtected,
    UserPinNotInitialized,
)

from connector_vault.errors import ConnectorVaultError, KeysDenied, KeysUnavailable

__all__ = [
    "LOCKED",
    "UNMADE",
    "WRONG_PIN",
    "Absent",
    "Keyless",
    "Lost",
    "denied",
    "failure_of",
    "name_of",
]

WRONG_PIN = (PinIncorrect, PinInvalid, PinLenRange)
LOCKED = (PinLocked, PinExpired, UserPinNotInitialized)

UNMADE = (
    AttributeReadOnly,
    AttributeTypeInvalid,
    AttributeValueInvalid,
    FunctionNotSupported,
    MechanismInvalid,
    TemplateIncomplete,
    TemplateInconsistent,
)
"""What a token says that does not make keys in our way."""

_DENIED = (FunctionRejected, SessionReadOnly, TokenWriteProtected)
_DENIED_CODES = ("0x68", "0x1b")
"""CKR_KEY_FUNCTION_NOT_PERMITTED and CKR_ACTION_PROHIBITED: python-pkcs11 does not name them."""


class Lost(Exception):
    """Say that the token does not do what it did. Next: open it again."""


class Absent(Lost):
    """Say that there is no such token."""


class Keyless(Lost):
    """Say that the token has no such key."""


def denied(error: Exception) -> bool:
    """Tell whether a token says that we may not."""
    return isinstance(error, _DENIED) or str(error).endswith(_DENIED_CODES)


def failure_of(error: Exception) -> ConnectorVaultError:
    """Give our error for one of a token."""
    if denied(error):
        words = f"the token does not allow this ({name_of(error)})"
        return KeysDenied(f"{words}: see the rights of its user, and the key's attributes")
    words = f"the token cannot be used now ({name_of(error)})"
    return KeysUnavailable(f"{words}: see that it is there, and try again")


def name_of(error: Exception) -> str:
    """Name an error of a token in a few words."""
    return str(error) or type(error).__name__
