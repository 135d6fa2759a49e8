"""Logging in to a token. A wrong PIN is tried once: after a few tries a token locks itself."""

from pkcs11.constants import TokenFlag
from pkcs11.exceptions import UserAlreadyLoggedIn
from pkcs11.types import Session, Token

from connector_vault.errors import KeysDenied
from connector_vault.keys.pkcs11.failures import LOCKED, WRONG_PIN, name_of
from connector_vault.keys.pkcs11.pin import Pin, ask_for
from connector_vault.model import Secret

__all__ = ["log_in"]


def log_in(token: Token, pin: Pin, refused: dict[bytes, Secret]) -> Session:
    """Open a session, logged in if the token asks for that.

    `refused` holds the PIN that each token, by its serial number, has refused last.

    Raises:
        KeysDenied: the PIN is wrong or locked, or one more wrong one would lock it.
        PKCS11Error: the token does not work now.
    """
    if not token.flags & TokenFlag.LOGIN_REQUIRED:
        return token.open()
    _spare(token)
    secret = ask_for(pin)
    if refused.get(token.serial) == secret:
        words = "the token has refused this PIN, and it is not tried again"
        raise KeysDenied(f"{words}: put the right one where it comes from")
    try:
        session = token.open(user_pin=secret.reveal())
    except UserAlreadyLoggedIn:
        # Another holder of this process did: a login is the process's.
        return token.open()
    except WRONG_PIN as error:
        refused[token.serial] = secret
        why = f"refused the PIN ({name_of(error)})"
    except LOCKED as error:
        why = f"does not let its user in ({name_of(error)})"
    else:
        refused.pop(token.serial, None)
        return session
    raise KeysDenied(f"the token {why}: put the right one where it comes from, or have it reset")


def _spare(token: Token) -> None:
    if token.flags & TokenFlag.USER_PIN_LOCKED:
        raise KeysDenied("the PIN of the token is locked: have whoever keeps the token reset it")
    if token.flags & TokenFlag.USER_PIN_FINAL_TRY:
        words = "one more wrong PIN would lock the token, so none is tried"
        raise KeysDenied(f"{words}: log in once by its own tools, with the right one")
