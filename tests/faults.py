"""What befalls key holders: each real one, and each way in which it fails until it is well again.

To be away and to refuse are told apart, because a vault bridges the one and obeys the other.
"""

import base64
import ctypes
import threading
from collections.abc import Callable
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from connector_vault.keys.hcvault import policy
from tests import kms, openbao, openbao_relay
from tests.holders.hcvault import address, with_role
from tests.openbao_relay import answering, dripping
from tests.softhsm import PIN, SO_PIN, instead, softhsm

SHORT, LONG = 0.3, 5.0
"""Seconds that a holder is given: one that hangs, and one that fails by itself."""

ECHO = "canary-that-an-answer-quotes"
AWS_SECRET = "canary-of-a-signing-key"

NOT_PERMITTED = 0x68
DECRYPT = (ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_void_p)

QUOTED = b'{"errors":["' + ECHO.encode() + b'"]}'
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n"
PART = b'{"data":{"batch_results":[{"plaintext":"' + base64.b64encode(ECHO.encode()) + b'"}'


class Part:
    """A real holder. `holder` is what the vault has of it, once that is open."""

    holder = None

    def patience(self, seconds):
        """Set how long the vault waits for it, where its address does not."""


class Transit(Part):
    """A key in OpenBao. Mostly it is reached through a relay."""

    def __init__(self, bao, relay, uri, file):
        self.bao, self.relay, self.uri, self.file = bao, relay, uri, file

    def address(self, seconds):
        return f"{self.uri}&timeout={seconds}"

    def secrets(self):
        held = self.holder._desk._tokens.held
        tokens = [held.secret.reveal()] if held else []
        return [self.file.read_text().strip(), ECHO, PART[-26:-2].decode(), *tokens]


class Hsm(Part):
    """A key in SoftHSM."""

    def __init__(self, hsm):
        self.hsm = hsm

    def address(self, seconds):
        return self.hsm.address()

    def patience(self, seconds):
        self.holder._deadline = seconds

    def secrets(self):
        return [PIN, SO_PIN]


class Cloud(Part):
    """A key in AWS KMS, which is reached through a relay."""

    def __init__(self, relay, arn):
        self.relay, self.arn = relay, arn

    def address(self, seconds):
        return self.relay.address(self.arn, timeout=seconds)

    def secrets(self):
        return [AWS_SECRET, ECHO]


@cache
def lasting():
    """Give an OpenBao that may be killed: it keeps what it knows on disk."""
    return openbao.run("raft")


@asynccontextmanager
async def transit(folder):
    bao = openbao.server()
    async with openbao_relay.relaying(bao.port) as relay:
        uri = with_role(bao, folder, port=relay.port)
        yield Transit(bao, relay, uri, next(folder.glob("secret-id-*")))


@asynccontextmanager
async def lasting_transit(folder):
    bao = lasting()
    yield Transit(bao, None, with_role(bao, folder), next(folder.glob("secret-id-*")))


@asynccontextmanager
async def transit_by_file(folder):
    """Whoever has a token and no login cannot get another by itself."""
    bao, file = openbao.server(), folder / "token"
    async with openbao_relay.relaying(bao.port) as relay:
        uri = address(bao, bao.key(), port=relay.port)
        file.write_text(bao.token(policy(uri)))
        yield Transit(bao, relay, f"{uri}&auth=token-file&token-file={file}", file)


@asynccontextmanager
async def token(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("connector_vault.keys.pkcs11.device._REST", 0.0)
        yield Hsm(softhsm(folder))


@asynccontextmanager
async def cloud(folder):
    server = kms.server()
    with kms.told(AWS_SECRET_ACCESS_KEY=AWS_SECRET):
        async with kms.relaying(server) as relay:
            yield Cloud(relay, server.make())


@contextmanager
def killed(part):
    part.bao.kill()
    try:
        yield
    finally:
        part.bao.start()


@contextmanager
def revoked(part):
    part.bao.revoke(part.file.read_text())
    try:
        yield
    finally:
        part.file.write_text(part.bao.token(policy(part.uri)))


@contextmanager
def logged_out(part):
    """Whoever logs in gets another token."""
    part.bao.revoke(part.holder._desk._tokens.held.secret.reveal())
    yield


@contextmanager
def without_policy(part):
    name, text = part.bao.policy_naming(part.holder.id.rpartition("/")[2])
    path = f"sys/policies/acl/{name}"
    part.bao.done("PUT", path, {"policy": 'path "elsewhere" { capabilities = ["read"] }'})
    try:
        yield
    finally:
        part.bao.done("PUT", path, {"policy": text})


def answers(answer):
    """Have the relay before OpenBao answer everything so."""

    @contextmanager
    def begin(part):
        part.relay.fault = answer
        try:
            yield
        finally:
            part.relay.fault = None

    return begin


@contextmanager
def stuck(part):
    """A token that does not return from decrypting."""
    free = threading.Event()

    def decrypt(own, *arguments):
        assert free.wait(60)
        return own(*arguments)

    with instead("C_Decrypt", decrypt, *DECRYPT):
        try:
            yield
        finally:
            free.set()
            # It has left our function before that is taken away.
            part.holder._thread.ask_now(lambda: None, 60)


def forbidden(part):
    return instead("C_DecryptInit", lambda *_: NOT_PERMITTED, *[ctypes.c_void_p] * 3)


def decrypts(answer):
    """Have the relay before KMS answer so what is to be decrypted."""

    @contextmanager
    def begin(part):
        part.relay.say("Decrypt", answer)
        try:
            yield
        finally:
            part.relay.mend()

    return begin


def fails(status, code):
    return decrypts(kms.Relay.body({"__type": code, "message": ECHO}, status))


class Fault(NamedTuple):
    """A way to fail, of one holder."""

    opened: Callable[[Path], AbstractAsyncContextManager[Part]]
    begun: Callable[[Part], AbstractContextManager[None]]
    limit: float = LONG
    """Seconds that each call is given."""


AWAY = {
    "hcvault-sealed": Fault(transit, lambda part: part.bao.sealed()),
    "hcvault-killed": Fault(lasting_transit, killed),
    "hcvault-hung": Fault(transit, lambda part: part.bao.frozen(), SHORT),
    "hcvault-429": Fault(transit, answers(answering(429, QUOTED))),
    "hcvault-500": Fault(transit, answers(answering(500, QUOTED))),
    "hcvault-502": Fault(transit, answers(answering(502, ECHO.encode()))),
    "hcvault-drip": Fault(transit, answers(dripping(WHOLE + PART, b" ")), SHORT),
    "pkcs11-taken-out": Fault(token, lambda part: part.hsm.taken_out()),
    "pkcs11-stuck": Fault(token, stuck, SHORT),
    "aws_kms-throttled": Fault(cloud, fails(400, "ThrottlingException")),
    "aws_kms-500": Fault(cloud, fails(500, "KMSInternalException")),
    "aws_kms-hung-up": Fault(cloud, decrypts(b"")),
    "aws_kms-silent": Fault(cloud, decrypts(None), SHORT),
}
DENIED = {
    "hcvault-revoked": Fault(transit_by_file, revoked),
    "hcvault-policy": Fault(transit, without_policy),
    "pkcs11-forbidden": Fault(token, forbidden),
    "aws_kms-denied": Fault(cloud, fails(400, "AccessDeniedException")),
    "aws_kms-disabled": Fault(cloud, fails(400, "DisabledException")),
}
