"""Where the PIN of a token comes from, a file, or the program that embeds the vault."""

import os
import shlex
import stat
from collections.abc import Callable
from typing import TypeAlias

from connector_vault.errors import ConnectorVaultError, KeysUnavailable, Misconfigured
from connector_vault.model import Secret

__all__ = ["Pin", "ask_for", "no_pin", "pin_of_file"]

Pin: TypeAlias = Callable[[], Secret]
"""Gives the PIN each time somebody has to log in. It may take its time, within the deadline."""

_MAX = 255
"""Bytes. More than any token takes."""


def no_pin() -> Secret:
    """Say that a PIN is needed.

    Raises:
        Misconfigured: always.
    """
    words = "the token asks for a PIN, and the pkcs11: address names none"
    raise Misconfigured(f"{words}: add pin-source=file:/PATH, a file of mode 600 that holds it")


def pin_of_file(path: str) -> Pin:
    """Give the PIN that a file holds in its one line. The file is read each time."""

    def read() -> Secret:
        pin = _pin_in(_read(path))
        if pin is None:
            words = f"does not hold one line of 1 to {_MAX} bytes of UTF-8"
            raise Misconfigured(f"the PIN file {path} {words}")
        return pin

    return read


def ask_for(pin: Pin) -> Secret:
    """Ask for the PIN.

    Raises:
        KeysUnavailable: whoever should give it cannot.
    """
    try:
        return pin()
    except ConnectorVaultError:
        raise
    except Exception as error:  # noqa: BLE001  # it is somebody else's code, and may quote the PIN
        kind = type(error).__name__
    raise KeysUnavailable(f"the PIN could not be had ({kind}): mend what was given as pin=")


def _read(path: str) -> bytes:
    # A symbolic link is followed: secrets are mounted as such. What it leads to is looked at. And
    # without O_NONBLOCK, opening a named pipe waits for ever.
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            _check(path, os.fstat(handle))
            return file.read(_MAX + 3)
    except FileNotFoundError:
        why = "there is no such file"
    except OSError as error:
        why = error.strerror or type(error).__name__
    raise Misconfigured(f"the PIN file {path} cannot be read: {why}")


def _check(path: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Misconfigured(f"the PIN file {path} cannot be read: it is not a regular file")
    if status.st_uid not in (0, os.geteuid()):
        raise Misconfigured(f"the PIN file {path} belongs to another user, number {status.st_uid}")
    if status.st_mode & 0o077:
        command = f"chmod 600 {shlex.quote(path)}"
        raise Misconfigured(f"others than its owner may use the PIN file {path}: run {command}")


def _pin_in(line: bytes) -> Secret | None:
    pin = line.removesuffix(b"\n").removesuffix(b"\r")
    if not 0 < len(pin) <= _MAX or b"\n" in pin or b"\0" in pin:
        return None
    try:
        return Secret(pin.decode())
    except UnicodeDecodeError:
        return None
