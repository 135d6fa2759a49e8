"""The two ways in which a token wraps a data key, and the bytes that come of it.

One byte names the way, four the version of the key, big endian; the rest is the way's own. A third
way would be another first byte, never an option of these.
"""

import ctypes
import hashlib
import hmac
import os
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

from pkcs11.constants import Attribute, MechanismFlag, ObjectClass
from pkcs11.exceptions import ArgumentsBad, MechanismParamInvalid, PKCS11Error
from pkcs11.mechanisms import GCMParams, KeyType, Mechanism
from pkcs11.types import (
    DecryptMixin,
    EncryptMixin,
    Object,
    SecretKey,
    Session,
    Slot,
    UnwrapMixin,
    WrapMixin,
)

from connector_vault.envelope import DEK_SIZE, wipe
from connector_vault.errors import Corrupt, Misconfigured

__all__ = ["Blob", "Manner", "Way", "manner_of", "packed", "parsed", "usage_of", "ways_of"]

_header = struct.Struct(">BI")
_IV_SIZE = 12
_TAG_SIZE = 16
_SALT_SIZE = 16

_BUFFER_SIZE = 8192
"""Bytes. python-pkcs11 decrypts into a buffer of this size, and frees it with the key in it."""

_DATA_AT = bytes.__basicsize__ - 1
"""Where CPython keeps the bytes of a `bytes`."""


class Blob(NamedTuple):
    """A wrapped data key, taken apart."""

    mark: int
    version: int
    body: bytes


@dataclass(slots=True)
class Manner:
    """How a token does what its mechanisms promise."""

    offered: frozenset[int]
    """Marks of the ways that it has the mechanisms for."""
    gives_iv: bool = False
    """It insists on an IV of its own, as certified ones may. Found out when it refuses ours."""


class Way(Protocol):
    """Wraps under one key of a token. What the token says is raised as a PKCS11Error."""

    mark: ClassVar[int]
    size: ClassVar[int]
    """Bytes of what it makes."""
    mechanism: ClassVar[Mechanism]
    needs: ClassVar[MechanismFlag]

    def wrap(self, key: bytearray, context: bytes) -> bytes:
        """Wrap a data key."""
        ...

    def unwrap(self, body: bytes, context: bytes) -> bytearray | None:
        """Give a data key, or None if it is bound to another context."""
        ...


class _Gcm:
    """AES-256-GCM, the context as associated data: IV 12, data key 32, tag 16."""

    mark: ClassVar[int] = 1
    size: ClassVar[int] = _IV_SIZE + DEK_SIZE + _TAG_SIZE
    mechanism: ClassVar[Mechanism] = Mechanism.AES_GCM
    needs: ClassVar[MechanismFlag] = MechanismFlag.ENCRYPT | MechanismFlag.DECRYPT

    def __init__(self, encrypts: EncryptMixin, decrypts: DecryptMixin, manner: Manner) -> None:
        self._encrypts = encrypts
        self._decrypts = decrypts
        self._manner = manner

    def wrap(self, key: bytearray, context: bytes) -> bytes:
        if not self._manner.gives_iv:
            with suppress(MechanismParamInvalid, ArgumentsBad):
                return self._encrypt(key, context, os.urandom(_IV_SIZE))
            # Not a data key, and always the same: should it be encrypted under an IV of zeros,
            # that tells nothing, and no second text is ever encrypted so.
            self._encrypt(bytearray(DEK_SIZE), b"", bytes(_IV_SIZE))
            self._manner.gives_iv = True
        return self._encrypt(key, context, bytes(_IV_SIZE))

    def unwrap(self, body: bytes, context: bytes) -> bytearray | None:
        answer = self._decrypts.decrypt(
            body[_IV_SIZE:],
            mechanism=self.mechanism,
            mechanism_param=GCMParams(body[:_IV_SIZE], context),
        )
        return _taken(_whole(answer))

    def _encrypt(self, key: bytearray, context: bytes, iv: bytes) -> bytes:
        copy = bytes(key)
        try:
            answer = self._encrypts.encrypt(
                copy, mechanism=self.mechanism, mechanism_param=GCMParams(iv, context)
            )
        finally:
            _scrub(copy)
        # A token that chose the IV itself has written it over ours.
        body = iv + _whole(answer)
        if len(body) != self.size or not any(iv):
            raise Misconfigured("the token's AES-GCM is of no use here: it does not tell its IV")
        return body


class _KeyWrap:
    """AES key wrap (RFC 3394) of a salt, the data key and SHA-256 of the context: 16 + 32 + 32.

    It has no associated data, so what the data key is bound to is wrapped beside it, and compared.
    And it is deterministic: without the salt, equal keys in one place would be equal bytes.
    """

    mark: ClassVar[int] = 2
    size: ClassVar[int] = _SALT_SIZE + DEK_SIZE + hashlib.sha256().digest_size + 8
    mechanism: ClassVar[Mechanism] = Mechanism.AES_KEY_WRAP
    needs: ClassVar[MechanismFlag] = MechanismFlag.WRAP | MechanismFlag.UNWRAP

    def __init__(self, session: Session, wraps: WrapMixin, unwraps: UnwrapMixin) -> None:
        self._session = session
        self._wraps = wraps
        self._unwraps = unwraps

    def wrap(self, key: bytearray, context: bytes) -> bytes:
        copy = b"".join((os.urandom(_SALT_SIZE), key, hashlib.sha256(context).digest()))
        try:
            secret = self._session.create_object({**_PASSING, Attribute.VALUE: copy})
        finally:
            _scrub(copy)
        try:
            if not isinstance(secret, SecretKey):
                raise Misconfigured("the token does not take a data key in to wrap it")
            return self._wraps.wrap_key(secret, mechanism=self.mechanism)
        finally:
            _destroy(secret)

    def unwrap(self, body: bytes, context: bytes) -> bytearray | None:
        secret = self._unwraps.unwrap_key(
            ObjectClass.SECRET_KEY,
            KeyType.GENERIC_SECRET,
            body,
            mechanism=self.mechanism,
            template=_PASSING,
        )
        try:
            value: bytes = secret[Attribute.VALUE]
        finally:
            _destroy(secret)
        digest = hashlib.sha256(context).digest()
        bound = hmac.compare_digest(value[_SALT_SIZE + DEK_SIZE :], digest)
        key = _taken(value, _SALT_SIZE)
        if bound:
            return key
        wipe(key)
        return None


_PASSING = {
    Attribute.CLASS: ObjectClass.SECRET_KEY,
    Attribute.KEY_TYPE: KeyType.GENERIC_SECRET,
    Attribute.TOKEN: False,
    Attribute.SENSITIVE: False,
    Attribute.EXTRACTABLE: True,
}
"""A data key as it passes through the token's memory, for the time of one wrapping."""

_WAYS: tuple[type[Way], ...] = (_Gcm, _KeyWrap)
"""The better one first."""


def manner_of(slot: Slot) -> Manner:
    """Look which ways a token has the mechanisms for."""
    named = slot.get_mechanisms()
    ways = (way for way in _WAYS if way.mechanism in named)
    return Manner(frozenset(way.mark for way in ways if _may(slot, way)))


def ways_of(session: Session, key: Object, manner: Manner) -> dict[int, Way]:
    """Give the ways that a key can be used in, by their marks: the first one wraps."""
    ways: list[Way] = []
    if isinstance(key, EncryptMixin) and isinstance(key, DecryptMixin):
        ways.append(_Gcm(key, key, manner))
    if isinstance(key, WrapMixin) and isinstance(key, UnwrapMixin):
        ways.append(_KeyWrap(session, key, key))
    return {way.mark: way for way in ways if way.mark in manner.offered}


def usage_of(manner: Manner) -> MechanismFlag:
    """Tell what a new key has to be allowed: one way, and nothing more.

    Raises:
        Misconfigured: the token has no such way.
    """
    for way in _WAYS:
        if way.mark in manner.offered:
            return way.needs
    raise Misconfigured("the token knows neither AES-GCM nor AES key wrap, and is of no use here")


def packed(blob: Blob) -> bytes:
    """Write a wrapped data key."""
    return _header.pack(blob.mark, blob.version) + blob.body


def parsed(key: bytes) -> Blob | Corrupt:
    """Read what `packed` wrote."""
    sizes = {way.mark: _header.size + way.size for way in _WAYS}
    if not key or sizes.get(key[0]) != len(key):
        words = f"a data key of {len(key)} bytes was not wrapped by a token, or was altered"
        return Corrupt(words)
    mark, version = _header.unpack_from(key)
    return Blob(mark, version, key[_header.size :])


def _may(slot: Slot, way: type[Way]) -> bool:
    try:
        flags = slot.get_mechanism_info(way.mechanism).flags
    except PKCS11Error:
        # It does not say: then it shows.
        return True
    return way.needs & flags == way.needs


def _whole(answer: bytes | Iterator[bytes]) -> bytes:
    return answer if isinstance(answer, bytes) else b"".join(answer)


def _taken(value: bytes, start: int = 0) -> bytearray:
    key = bytearray(memoryview(value)[start : start + DEK_SIZE])
    _scrub(value)
    # What is allocated now, and filled with zeros, lies where python-pkcs11's buffer lay.
    bytearray(_BUFFER_SIZE)
    return key


def _scrub(copy: bytes) -> None:
    # python-pkcs11 takes and gives only `bytes`, which cannot be wiped by what Python has for it.
    # Nobody but the caller holds this one.
    ctypes.memset(id(copy) + _DATA_AT, 0, len(copy))


def _destroy(secret: Object) -> None:
    # It ends with the session in any case.
    with suppress(PKCS11Error):
        secret.destroy()
