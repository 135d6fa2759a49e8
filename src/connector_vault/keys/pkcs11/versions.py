"""The versions of a key: objects of one label in a token, each with its number as CKA_ID."""

import struct
from collections.abc import Sequence
from typing import NamedTuple

from pkcs11.constants import Attribute, ObjectClass
from pkcs11.exceptions import PKCS11Error
from pkcs11.mechanisms import KeyType
from pkcs11.types import Object, Session

from connector_vault.envelope import DEK_SIZE
from connector_vault.errors import Corrupt, KeysDenied, Misconfigured
from connector_vault.keys import Raw, Wrapped
from connector_vault.keys.pkcs11.failures import UNMADE, Keyless, Lost, denied, name_of
from connector_vault.keys.pkcs11.thread import wipe_all
from connector_vault.keys.pkcs11.wrapping import (
    Blob,
    Manner,
    Way,
    packed,
    parsed,
    usage_of,
    ways_of,
)

__all__ = ["Versions", "destroy_older", "make_version"]

_CONTEXT = b"connector-vault: a probe"
_KNOWN = bytearray(DEK_SIZE)
_ALTERED = "a wrapped data key was altered, or belongs to another place or holder"

_number = struct.Struct(">I")


class _Key(NamedTuple):
    handle: Object
    ways: dict[int, Way]


class Versions:
    """The versions of one key, as one session sees them. What the token says is a PKCS11Error.

    Two processes that rotate at once may make one version twice, and two that begin with an empty
    token may both make the first. Both keys stay, and both are tried: to take one away would take
    what it has wrapped meanwhile.
    """

    def __init__(
        self, session: Session, label: str, manner: Manner, probes: dict[int, bytes]
    ) -> None:
        self._session = session
        self._label = label
        self._manner = manner
        self._probes = probes
        """For each version, a known key that was wrapped when any session first saw it."""
        self._keys: dict[int, list[_Key]] = {}

    @property
    def newest(self) -> int:
        """Give the version that wraps. 0: there is none."""
        return max(self._keys, default=0)

    @property
    def oldest(self) -> int:
        """Give the oldest version. 0: there is none."""
        return min(self._keys, default=0)

    def look(self) -> None:
        """Look which versions there are now.

        Raises:
            Misconfigured: one of them is not fit to keep anything.
        """
        if self._keys:
            # A session that is lost says so here. What a search says, python-pkcs11 also prints.
            _ = self._keys[self.newest][0].handle[Attribute.CLASS]
        keys: dict[int, list[_Key]] = {}
        for handle in _found(self._session, self._label):
            key = _Key(handle, ways_of(self._session, handle, self._manner))
            version = _judged(self._label, key)
            keys.setdefault(version, []).append(key)
        self._keys = keys
        for version in keys.keys() - self._probes.keys():
            self._probes[version] = self._wrapped(version, _KNOWN, _CONTEXT)

    def look_again(self) -> None:
        """Look as `look` does, where there were some.

        Raises:
            Keyless: there is none any more.
        """
        self.look()
        if not self._keys:
            raise Keyless

    def prove(self, version: int) -> None:
        """Prove that the token opens what it wrapped when a version was seen first.

        Raises:
            Lost: it answers, but wrongly.
        """
        self._prove(version, self._probes[version])

    def try_out(self) -> None:
        """Wrap something under the newest version, and open it.

        Raises:
            Lost: what comes out is not what went in.
        """
        self._prove(self.newest, self._wrapped(self.newest, _KNOWN, _CONTEXT))

    def wrap(self, items: Sequence[Raw]) -> list[bytes]:
        """Wrap under the newest version."""
        newest = self.newest
        return [self._wrapped(newest, item.key, item.context) for item in items]

    def unwrap(self, items: Sequence[Wrapped]) -> list[bytearray | Corrupt]:
        """Unwrap. If something does not open, find out whether that is its own fault."""
        answers: list[bytearray | Corrupt | None] = []
        try:
            answers += (self._tried(item) for item in items)
            if None in answers:
                # Another process may have made the version since.
                self.look_again()
            for number, item in enumerate(items):
                if answers[number] is None:
                    answers[number] = self._explained(item)
        except BaseException:
            wipe_all(answers)
            raise
        return [answer for answer in answers if answer is not None]

    def rewrap(self, items: Sequence[Wrapped]) -> list[bytes | Corrupt]:
        """Unwrap and wrap. No token does both in one, bound to a context."""
        raws = self.unwrap(items)
        newest = self.newest
        try:
            return [
                raw if isinstance(raw, Corrupt) else self._wrapped(newest, raw, item.context)
                for item, raw in zip(items, raws, strict=True)
            ]
        finally:
            wipe_all(raws)

    def _tried(self, item: Wrapped) -> bytearray | Corrupt | None:
        blob = parsed(item.key)
        if isinstance(blob, Corrupt):
            return blob
        for key in self._keys.get(blob.version, ()):
            try:
                raw = _opened(key, blob, item.context)
            except PKCS11Error:
                # Some tokens give one code for an altered text and for their own sickness.
                continue
            if raw is not None:
                return raw
        return None

    def _explained(self, item: Wrapped) -> bytearray | Corrupt:
        answer = self._tried(item)
        if answer is not None:
            return answer
        blob = parsed(item.key)
        if isinstance(blob, Corrupt):
            return blob
        if blob.version in self._keys:
            self.prove(blob.version)
            return Corrupt(_ALTERED)
        words = f"version {blob.version} of the key {self._label!r}"
        return Corrupt(f"a data key is wrapped under {words}, which the token does not have")

    def _wrapped(self, version: int, key: bytearray, context: bytes) -> bytes:
        if not version:
            raise Keyless
        way = next(iter(self._keys[version][0].ways.values()))
        return packed(Blob(way.mark, version, way.wrap(key, context)))

    def _prove(self, version: int, wrapped: bytes) -> None:
        blob = parsed(wrapped)
        failure: Exception = Lost("it does not open what it has wrapped itself")
        for key in self._keys[version]:
            try:
                if isinstance(blob, Blob) and _opened(key, blob, _CONTEXT) == _KNOWN:
                    return
            except PKCS11Error as error:
                failure = error
        raise failure


def make_version(session: Session, label: str, manner: Manner, version: int) -> None:
    """Make a version of a key, unless there is one already. The session may write.

    Raises:
        KeysDenied: the token does not make keys for this user.
    """
    if any(_version_of(handle) == version for handle in _found(session, label)):
        return
    template = {
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: False,
        Attribute.MODIFIABLE: False,
    }
    try:
        session.generate_key(
            KeyType.AES,
            DEK_SIZE * 8,
            id=_number.pack(version),
            label=label,
            store=True,
            capabilities=usage_of(manner),
            template=template,
        )
    except PKCS11Error as error:
        if not (isinstance(error, UNMADE) or denied(error)):
            raise
        why = name_of(error)
    else:
        return
    mend = f"AES-256, sensitive, not extractable, with the id {_number.pack(version).hex()}"
    words = f"the token does not make version {version} of the key {label!r} for us ({why})"
    raise KeysDenied(f"{words}: have whoever keeps it make one that is {mend}")


def destroy_older(session: Session, label: str, before: int) -> None:
    """Destroy what is older than a version. The session may write."""
    for handle in _found(session, label):
        if 0 < _version_of(handle) < before:
            handle.destroy()


def _found(session: Session, label: str) -> list[Object]:
    sought = {
        Attribute.CLASS: ObjectClass.SECRET_KEY,
        Attribute.KEY_TYPE: KeyType.AES,
        Attribute.LABEL: label,
        Attribute.TOKEN: True,
    }
    return list(session.get_objects(sought))


def _judged(label: str, key: _Key) -> int:
    said = key.handle.get_attributes(
        [Attribute.SENSITIVE, Attribute.EXTRACTABLE, Attribute.VALUE_LEN]
    )
    version = _version_of(key.handle)
    if said.get(Attribute.EXTRACTABLE) is not False or said.get(Attribute.SENSITIVE) is not True:
        why = "it can be taken out of the token (see CKA_EXTRACTABLE and CKA_SENSITIVE)"
    elif said.get(Attribute.VALUE_LEN) != DEK_SIZE:
        why = "it is not an AES key of 256 bits"
    elif not version:
        why = "its id is not the number of its version, such as 00000001"
    elif not key.ways:
        why = "neither AES-GCM nor AES key wrap can be used with it"
    else:
        return version
    raise Misconfigured(f"the key {label!r} in the token is not fit for a vault: {why}")


def _version_of(handle: Object) -> int:
    """Read the version of a key. 0, which none has, stands for an id that is no number."""
    number = bytes(handle[Attribute.ID])
    return int.from_bytes(number) if len(number) <= _number.size else 0


def _opened(key: _Key, blob: Blob, context: bytes) -> bytearray | None:
    way = key.ways.get(blob.mark)
    raw = way.unwrap(blob.body, context) if way else None
    return raw if raw is not None and len(raw) == DEK_SIZE else None
