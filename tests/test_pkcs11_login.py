"""PINs: where they come from, and that a wrong one is not tried until the token locks itself."""

import asyncio
import ctypes
import os
import re
import shlex
import stat
import subprocess
from contextlib import asynccontextmanager, contextmanager

import pytest

from connector_vault.errors import KeysDenied, KeysUnavailable, Misconfigured
from connector_vault.keys import open_keys
from connector_vault.keys.pkcs11 import Pkcs11Keys, device
from connector_vault.keys.pkcs11.pin import _check
from connector_vault.model import Secret
from tests.softhsm import PIN, counting, instead, softhsm

WRONG = "canary-wrong-7712"
LOGIN = (ctypes.c_ulong, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong)
COUNT_LOW, FINAL_TRY, LOCKED = 0x10000, 0x20000, 0x40000
"""CKF_USER_PIN_COUNT_LOW and its neighbours."""


@pytest.fixture
def hsm(tmp_path):
    hsm = softhsm(tmp_path)
    hsm.put_key()
    return hsm


@pytest.fixture(autouse=True)
def _restless(monkeypatch):
    monkeypatch.setattr(device, "_REST", 0.0)


@asynccontextmanager
async def opened(address, **options):
    keys = Pkcs11Keys.open(address, **options)
    try:
        yield keys
    finally:
        await keys.close()


@contextmanager
def flagged(flags):
    """Have the token say something about its PIN, as real ones do."""

    def look(own, slot, place):
        code = own(slot, place)
        ctypes.c_ulong.from_address(place + 96).value |= flags
        return code

    with instead("C_GetTokenInfo", look, ctypes.c_ulong, ctypes.c_void_p):
        yield


# Where a PIN comes from.


def test_a_token_that_asks_for_a_pin_says_how_to_give_one(hsm):
    with pytest.raises(Misconfigured, match="add pin-source=file:/PATH, a file of mode 600"):
        open_keys(hsm.address(**{"pin-source": None}))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o666, 0o610, 0o777])
def test_a_pin_file_that_others_may_use_is_refused(hsm, mode):
    hsm.pin_file.chmod(mode)
    with pytest.raises(Misconfigured, match="run chmod 600 ") as caught:
        open_keys(hsm.address())

    command = shlex.split(str(caught.value).partition("run ")[2])
    subprocess.run(command, check=True, timeout=10)

    asyncio.run(open_keys(hsm.address()).close())


def test_a_pin_file_of_another_user_is_refused():
    status = os.stat_result((stat.S_IFREG | 0o600, 0, 0, 1, os.geteuid() + 1, 0, 1, 0, 0, 0))

    with pytest.raises(Misconfigured, match="belongs to another user"):
        _check("/etc/pin", status)


def test_a_pin_file_is_followed_to_where_a_secret_is_mounted(hsm, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(hsm.pin_file)
    asyncio.run(open_keys(hsm.address(**{"pin-source": f"file:{link}"})).close())

    hsm.pin_file.chmod(0o644)
    with pytest.raises(Misconfigured, match="chmod 600"):
        open_keys(hsm.address(**{"pin-source": f"file:{link}"}))


def test_what_is_no_file_is_not_waited_for(hsm, tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name, why in (
        ("pipe", "not a regular file"),
        ("none", "no such file"),
        (".", "Is a directory"),
    ):
        address = hsm.address(**{"pin-source": f"file:{tmp_path / name}"})
        with pytest.raises(Misconfigured, match=f"cannot be read: .*{re.escape(why)}"):
            open_keys(address)


@pytest.mark.parametrize("line", [f"{PIN}", f"{PIN}\n", f"{PIN}\r\n"])
def test_the_pin_is_the_one_line_of_its_file(hsm, line):
    hsm.pin_file.write_bytes(line.encode())

    asyncio.run(open_keys(hsm.address()).close())


@pytest.mark.parametrize(
    "text",
    [b"", b"\n", f"{PIN}\n\n".encode(), f"{PIN}\n#".encode(), b"p" * 256, b"\xff\n", b"a\0b\n"],
)
def test_a_pin_file_that_holds_something_else_is_refused_and_not_repeated(hsm, text):
    hsm.pin_file.write_bytes(text)

    with pytest.raises(Misconfigured, match="does not hold one line of 1 to 255 bytes") as caught:
        open_keys(hsm.address())

    assert PIN not in str(caught.value)


async def test_the_embedding_program_may_give_the_pin(hsm):
    async with opened(hsm.address(**{"pin-source": None}), pin=lambda: Secret(PIN)) as keys:
        assert await keys.health() is None


def test_a_program_that_cannot_give_the_pin_is_not_quoted(hsm):
    def fails():
        raise ValueError(PIN)

    with pytest.raises(KeysUnavailable, match=r"could not be had \(ValueError\)") as caught:
        Pkcs11Keys.open(hsm.address(), pin=fails)

    assert PIN not in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


def test_a_program_may_say_itself_what_is_wrong(hsm):
    def denied():
        raise KeysDenied("ask the operator")

    with pytest.raises(KeysDenied, match="ask the operator"):
        Pkcs11Keys.open(hsm.address(), pin=denied)


# A PIN that is refused.


def test_a_refused_pin_is_not_tried_again_before_its_source_changes(hsm):
    hsm.pin_file.write_text(WRONG)

    with counting("C_Login", *LOGIN) as tries:
        with pytest.raises(KeysDenied, match=r"refused the PIN \(PinIncorrect\)"):
            open_keys(hsm.address())
        for _ in range(5):
            with pytest.raises(KeysDenied, match="has refused this PIN, and it is not tried"):
                open_keys(hsm.address())
        assert len(tries) == 1

        hsm.pin_file.write_text(PIN)
        asyncio.run(open_keys(hsm.address()).close())

    assert len(tries) == 2


async def test_a_pin_that_was_changed_is_noticed_at_the_next_login(hsm):
    """The session that is open lives on. It ends with the token's, and then the PIN is wrong."""
    async with opened(hsm.address()) as keys:
        hsm.pin_file.write_text(WRONG)
        assert await keys.health() is None

        with hsm.taken_out(), pytest.raises(KeysUnavailable):
            await keys.health()

        with counting("C_Login", *LOGIN) as tries:
            for _ in range(5):
                with pytest.raises(KeysDenied):
                    await keys.health()
        assert len(tries) == 1

        hsm.pin_file.write_text(PIN)
        assert await keys.health() is None


def test_a_pin_that_was_refused_once_may_become_the_right_one(hsm):
    hsm.pin_file.write_text(WRONG)
    with pytest.raises(KeysDenied):
        open_keys(hsm.address())
    hsm.pin_file.write_text(PIN)
    asyncio.run(open_keys(hsm.address()).close())

    with hsm.session() as session:
        session.set_pin(PIN, WRONG)
    hsm.pin_file.write_text(WRONG)

    asyncio.run(open_keys(hsm.address()).close())


@pytest.mark.parametrize(
    ("flags", "words"),
    [(FINAL_TRY | COUNT_LOW, "one more wrong PIN would lock"), (LOCKED, "is locked")],
)
def test_the_last_try_is_left_to_whoever_keeps_the_token(hsm, flags, words):
    with counting("C_Login", *LOGIN) as tries:
        with flagged(flags), pytest.raises(KeysDenied, match=words):
            open_keys(hsm.address())
        assert tries == []

        asyncio.run(open_keys(hsm.address()).close())


def test_a_pin_that_failed_before_may_be_right_now(hsm):
    with flagged(COUNT_LOW):
        asyncio.run(open_keys(hsm.address()).close())


@pytest.mark.parametrize(("code", "name"), [(0xA4, "PinLocked"), (0xA3, "PinExpired")])
def test_a_token_that_lets_nobody_in_is_a_denial(hsm, code, name):
    denies = instead("C_Login", lambda *_: code, *LOGIN)

    with denies, pytest.raises(KeysDenied, match=name):
        open_keys(hsm.address())


async def test_a_token_that_asks_for_no_pin_is_given_none(hsm):
    def look(own, slot, place):
        code = own(slot, place)
        ctypes.c_ulong.from_address(place + 96).value &= ~4
        return code

    open_token = instead("C_GetTokenInfo", look, ctypes.c_ulong, ctypes.c_void_p)
    with (
        open_token,
        counting("C_Login", *LOGIN) as tries,
        pytest.raises(Misconfigured, match="no key"),
    ):
        open_keys(hsm.address(**{"pin-source": None}))
    assert tries == []
