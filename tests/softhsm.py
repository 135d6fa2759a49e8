"""A SoftHSM for tests: an HSM whose tokens are folders, which may be taken out and put back."""

import ctypes
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

PIN = "canary-6253-pin"
SO_PIN = "canary-so-8819"
NEEDED = "apt-get install softhsm2, pip install 'connector-vault[hsm]'"
PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
"""Debian, Fedora, Arch, from source, Homebrew."""

KEY_WRAP_ONLY = "CKM_AES_KEY_GEN,CKM_AES_KEY_WRAP,CKM_GENERIC_SECRET_KEY_GEN"
"""The mechanisms of a token that knows no AES-GCM."""

ELSEWHERE = """
import asyncio, sys
from connector_vault.keys import Raw, open_keys

async def main():
    keys = open_keys(sys.argv[1], create=True)
{}

asyncio.run(main())
"""

TOLD = """
    ID SENSITIVE EXTRACTABLE NEVER_EXTRACTABLE ALWAYS_SENSITIVE LOCAL TOKEN MODIFIABLE VALUE_LEN
    ENCRYPT DECRYPT WRAP UNWRAP SIGN VERIFY DERIVE
"""

ORDER = """
    C_Initialize C_Finalize C_GetInfo C_GetFunctionList C_GetSlotList C_GetSlotInfo
    C_GetTokenInfo C_GetMechanismList C_GetMechanismInfo C_InitToken C_InitPIN C_SetPIN
    C_OpenSession C_CloseSession C_CloseAllSessions C_GetSessionInfo C_GetOperationState
    C_SetOperationState C_Login C_Logout C_CreateObject C_CopyObject C_DestroyObject
    C_GetObjectSize C_GetAttributeValue C_SetAttributeValue C_FindObjectsInit C_FindObjects
    C_FindObjectsFinal C_EncryptInit C_Encrypt C_EncryptUpdate C_EncryptFinal C_DecryptInit
    C_Decrypt C_DecryptUpdate C_DecryptFinal C_DigestInit C_Digest C_DigestUpdate C_DigestKey
    C_DigestFinal C_SignInit C_Sign C_SignUpdate C_SignFinal C_SignRecoverInit C_SignRecover
    C_VerifyInit C_Verify C_VerifyUpdate C_VerifyFinal C_VerifyRecoverInit C_VerifyRecover
    C_DigestEncryptUpdate C_DecryptDigestUpdate C_SignEncryptUpdate C_DecryptVerifyUpdate
    C_GenerateKey C_GenerateKeyPair C_WrapKey C_UnwrapKey
"""
"""The beginning of CK_FUNCTION_LIST."""


class SoftHsm:
    """One configuration in a folder. A process reads it when it starts the module."""

    def __init__(self, folder, mechanisms="ALL"):
        self.folder = folder
        self.tokens = folder / "tokens"
        self.tokens.mkdir(parents=True)
        self.away = folder / "away"
        self.settings = folder / "softhsm2.conf"
        self.settings.write_text(
            f"directories.tokendir = {self.tokens}\n"
            "objectstore.backend = file\n"
            "log.level = ERROR\n"
            f"slots.mechanisms = {mechanisms}\n"
        )
        self.pin_file = folder / "pin"
        self.pin_file.write_text(f"{PIN}\n")
        self.pin_file.chmod(0o600)
        os.environ["SOFTHSM2_CONF"] = str(self.settings)

    def add_token(self, label="vault"):
        """Make a token."""
        pins = ("--so-pin", SO_PIN, "--pin", PIN)
        self.run("--init-token", "--free", "--label", label, *pins)

    def delete_token(self, label="vault"):
        self.run("--delete-token", "--token", label)

    def run(self, *arguments):
        environment = {**os.environ, "SOFTHSM2_CONF": str(self.settings)}
        command = ("softhsm2-util", *arguments)
        subprocess.run(command, check=True, capture_output=True, env=environment, timeout=30)

    def address(self, label="key", **said):
        """Give the URI of a key."""
        query = {"module-path": library(), "pin-source": f"file:{self.pin_file}", **said}
        asked = "&".join(f"{name}={value}" for name, value in query.items() if value)
        return f"pkcs11:token=vault;object={label}?{asked}"

    @contextmanager
    def session(self):
        """Open a session that may write, while no holder of this process is open."""
        from connector_vault.keys.pkcs11.address import address_of
        from connector_vault.keys.pkcs11.module import Module

        module = Module(library())
        (token,) = module.tokens(address_of(self.address()))
        try:
            with token.open(rw=True, user_pin=PIN) as session:
                yield session
        finally:
            module._stop()

    def versions(self, label="key"):
        """Give what the token says of each version of a key, while no holder is open."""
        from pkcs11 import Attribute

        with self.session() as session:
            found = session.get_objects({Attribute.LABEL: label})
            return [one.get_attributes([Attribute[name] for name in TOLD.split()]) for one in found]

    def put_key(self, value=bytes(32), **said):
        """Put a known key into the token, while no holder is open."""
        from pkcs11 import Attribute, KeyType, ObjectClass

        told = {"CLASS": ObjectClass.SECRET_KEY, "KEY_TYPE": KeyType.AES, "VALUE": value}
        fit = {"TOKEN": True, "SENSITIVE": True, "EXTRACTABLE": False, "LABEL": "key"}
        usage = dict.fromkeys(("ENCRYPT", "DECRYPT", "WRAP", "UNWRAP"), True)
        whole = {**told, **fit, **usage, "ID": b"\0\0\0\1", **said}
        with self.session() as session:
            session.create_object({Attribute[name]: value for name, value in whole.items()})

    @contextmanager
    def taken_out(self):
        """Take every token out, and put it back."""
        self.tokens.rename(self.away)
        self.tokens.mkdir()
        try:
            yield
        finally:
            self.tokens.rmdir()
            self.away.rename(self.tokens)


def softhsm(folder, **options):
    """Make a SoftHSM with a token, or skip the test and say what to install."""
    missing = [] if library() and shutil.which("softhsm2-util") else ["softhsm2"]
    try:
        import pkcs11  # noqa: F401
    except ModuleNotFoundError:
        missing.append("python-pkcs11")
    if missing and os.environ.get("CONNECTOR_VAULT_REQUIRE_ALL") == "1":
        pytest.fail(f"{missing} not installed: {NEEDED}")
    if missing:
        pytest.skip(f"{missing} not installed: {NEEDED}")
    hsm = SoftHsm(folder / "softhsm", **options)
    hsm.add_token()
    return hsm


def library():
    """Find the module. Empty: it is not installed."""
    return next((place for place in PLACES if Path(place).exists()), "")


def elsewhere(hsm, *lines):
    """Have another process do something with `keys`, and give what it prints."""
    script = ELSEWHERE.format("\n".join(f"    {line}" for line in lines))
    command = (sys.executable, "-W", "ignore", "-c", script, hsm.address())
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    return done.stdout.strip()


@contextmanager
def counting(name, *types):
    """Count the calls of one of the module's functions."""
    calls = []

    def call(own, *arguments):
        calls.append(arguments)
        return own(*arguments)

    with instead(name, call, *types):
        yield calls


@contextmanager
def instead(name, function, *types):
    """Have one of the module's functions replaced, for everybody in this process.

    `function` gets the module's own and the arguments of a call, and gives a CK_RV.
    """
    kind = ctypes.CFUNCTYPE(ctypes.c_ulong, *types)
    table = ctypes.POINTER(ctypes.c_void_p)()
    ctypes.CDLL(library()).C_GetFunctionList(ctypes.byref(table))
    place = 1 + ORDER.split().index(name)
    own = table[place]
    called = kind(own)
    replacement = kind(lambda *arguments: function(called, *arguments))
    table[place] = ctypes.cast(replacement, ctypes.c_void_p).value
    try:
        yield
    finally:
        table[place] = own
