"""A PKCS#11 module: the library through which this process speaks with tokens."""

import ctypes
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pkcs11
from pkcs11.constants import TokenFlag
from pkcs11.exceptions import PKCS11Error
from pkcs11.types import Token

from connector_vault.errors import Misconfigured
from connector_vault.keys.pkcs11.address import Address
from connector_vault.keys.pkcs11.thread import ModuleThread

if TYPE_CHECKING:
    from connector_vault.model import Secret

__all__ = ["Module", "module_at"]

_OS_LOCKING = 2
"""CKF_OS_LOCKING_OK: should the embedding program use the module too, it is not torn apart."""

_CANNOT_LOCK = 0x0A
_MAX_TEXT = 200
"""Characters of what the system says of a library that it cannot load."""

_function = ctypes.CFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)


class _Arguments(ctypes.Structure):
    """CK_C_INITIALIZE_ARGS."""

    _fields_ = (
        ("mutexes", ctypes.c_void_p * 4),
        ("flags", ctypes.c_ulong),
        ("reserved", ctypes.c_void_p),
    )


class _Functions(ctypes.Structure):
    """The beginning of CK_FUNCTION_LIST."""

    _fields_ = (
        ("version", ctypes.c_ubyte * 2),
        ("initialize", _function),
        ("finalize", _function),
    )


class Module:
    """One library. Everything but `thread` is for that thread alone."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.thread = ModuleThread(self._stop)
        self.starts = 0
        """How often it was started. A session of an earlier time is lost."""
        self.refused: dict[bytes, Secret] = {}
        """The PIN that each token, by its serial number, has refused last."""
        self._started = False

    def tokens(self, address: Address) -> Iterator[Token]:
        """Give the tokens that an address may mean.

        Raises:
            PKCS11Error: the module does not work now.
            Misconfigured: it is none, or somebody else uses it.
        """
        if not self._started:
            self.restart()
        for slot in pkcs11.lib(self.path).get_slots(token_present=True):
            try:
                token = slot.get_token()
            except PKCS11Error:
                # It may have been taken out just now, or be broken. Others may do.
                continue
            if token.flags & TokenFlag.TOKEN_INITIALIZED and _fits(address, token):
                yield token

    def restart(self) -> None:
        """Have the module forget everything, and look again which tokens there are."""
        self._load()
        functions = self._functions()
        # python-pkcs11 has started it already, without locks. It does not let go of the
        # interpreter while it ends a module, which may take as long as a network takes.
        functions.finalize(None)
        self._started, self.starts = False, self.starts + 1
        arguments = _Arguments(flags=_OS_LOCKING)
        code = functions.initialize(ctypes.addressof(arguments))
        if code == _CANNOT_LOCK:
            code = functions.initialize(None)
        if code:
            raise PKCS11Error(f"C_Initialize gave {code:#x}")
        self._started = True

    def _stop(self) -> None:
        if self._started:
            self._started = False
            self._functions().finalize(None)

    def _load(self) -> None:
        try:
            pkcs11.lib(self.path)
        except PKCS11Error as error:
            text = str(error) or type(error).__name__
        else:
            return
        if "already initialized" in text:
            words = "is in use by another part of this program: let that run in a process apart"
            raise Misconfigured(f"the PKCS#11 module {self.path} {words}")
        if not text.startswith(("OS exception", "Unknown exception")):
            raise PKCS11Error(text)
        why = text.removeprefix(f"OS exception while loading {self.path}: ")[:_MAX_TEXT]
        raise Misconfigured(f"the PKCS#11 module {self.path} cannot be loaded ({why})")

    def _functions(self) -> _Functions:
        table = ctypes.POINTER(_Functions)()
        ctypes.CDLL(self.path).C_GetFunctionList(ctypes.byref(table))
        return table.contents


_MODULES: dict[tuple[int, str], Module] = {}
"""State of the process, because a module is: it is started once in each, whoever starts it."""


def module_at(path: str) -> Module:
    """Give this process's one module at a path."""
    # Under its one true name: a library that is loaded under two is still started once.
    path = os.path.realpath(path)
    return _MODULES.setdefault((os.getpid(), path), Module(path))


def _fits(address: Address, token: Token) -> bool:
    slot = token.slot
    serial = token.serial.decode(errors="replace")
    return all(
        asked is None or asked == found
        for asked, found in (
            (address.token, token.label),
            (address.serial, serial),
            (address.manufacturer, token.manufacturer_id),
            (address.model, token.model),
            (address.slot, slot.slot_id),
            (address.slot_description, slot.slot_description),
            (address.slot_manufacturer, slot.manufacturer_id),
        )
    )
