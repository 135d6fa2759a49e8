"""What is asked of one key, in the words of KMS. Each of these waits: they run in threads."""

import base64
import hashlib
from typing import TYPE_CHECKING

from connector_vault.envelope import DEK_SIZE, wipe
from connector_vault.errors import Corrupt, KeysDenied, Misconfigured
from connector_vault.keys import Raw, Wrapped

if TYPE_CHECKING:
    from botocore.client import BaseClient

__all__ = ["Key"]

_MAX_WRAPPED = 6144
"""Bytes. KMS takes no longer ciphertext."""

_PAGE = 1000
"""Rotations in one answer: the most that KMS gives."""

_KIND = ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")


class Key:
    """A key, by its ARN. It is named in each request: KMS would take any that a ciphertext names.

    botocore makes copies of a data key that nobody can wipe: base64 in a text, and JSON, of what is
    sent; the body, its JSON and `bytes` of what is answered. They are dropped at once, but lie in
    free memory until that is used for something else.
    """

    def __init__(self, arn: str) -> None:
        self.arn = arn

    def encrypt(self, client: "BaseClient", item: Raw) -> bytes:
        answer = client.encrypt(
            KeyId=self.arn, Plaintext=item.key, EncryptionContext=_bound(item.context)
        )
        return answer["CiphertextBlob"]

    def decrypt(self, client: "BaseClient", item: Wrapped) -> bytearray | Corrupt:
        if not 1 <= len(item.key) <= _MAX_WRAPPED:
            return _misshapen(item)
        answer = client.decrypt(
            KeyId=self.arn, CiphertextBlob=item.key, EncryptionContext=_bound(item.context)
        )
        raw = bytearray(answer["Plaintext"])
        if answer["KeyId"] == self.arn and len(raw) == DEK_SIZE:
            return raw
        wipe(raw)
        return self._foreign()

    def reencrypt(self, client: "BaseClient", item: Wrapped) -> bytes | Corrupt:
        if not 1 <= len(item.key) <= _MAX_WRAPPED:
            return _misshapen(item)
        answer = client.re_encrypt(
            CiphertextBlob=item.key,
            SourceKeyId=self.arn,
            SourceEncryptionContext=_bound(item.context),
            DestinationKeyId=self.arn,
            DestinationEncryptionContext=_bound(item.context),
        )
        return answer["CiphertextBlob"] if answer["SourceKeyId"] == self.arn else self._foreign()

    def count(self, client: "BaseClient") -> int:
        """Count the versions: one more than the rotations that are complete."""
        answer = client.list_key_rotations(KeyId=self.arn, Limit=_PAGE)
        count = len(answer["Rotations"])
        while answer.get("Truncated") and "NextMarker" in answer:
            marker = answer["NextMarker"]
            answer = client.list_key_rotations(KeyId=self.arn, Limit=_PAGE, Marker=marker)
            count += len(answer["Rotations"])
        return 1 + count

    def rotate(self, client: "BaseClient") -> None:
        """Begin a rotation. KMS completes it later."""
        client.rotate_key_on_demand(KeyId=self.arn)

    def look(self, client: "BaseClient") -> None:
        """Return if the key is of the right kind and in use.

        Raises:
            Misconfigured: it is for something else.
            KeysDenied: it is disabled, or is to be deleted, or is not ready.
        """
        key = client.describe_key(KeyId=self.arn)["KeyMetadata"]
        # Of these, KMS promises none: what it does not say is shown by what is done with the key.
        if (key.get("KeySpec", _KIND[0]), key.get("KeyUsage", _KIND[1])) != _KIND:
            raise Misconfigured(
                f"{self.arn} is a key of another kind: name one of {' '.join(_KIND)}"
            )
        state = key.get("KeyState", "Enabled")
        if state != "Enabled":
            mend = "enable it, or cancel its deletion before AWS carries it out"
            raise KeysDenied(f"{self.arn} is in the state {state[:32]}: {mend}")

    def _foreign(self) -> Corrupt:
        return Corrupt(f"a wrapped data key was not wrapped by {self.arn}")


def _misshapen(item: Wrapped) -> Corrupt:
    return Corrupt(f"a wrapped data key is 1 to {_MAX_WRAPPED} bytes long, not {len(item.key)}")


def _bound(context: bytes) -> dict[str, str]:
    # AWS writes it into CloudTrail, which many read, and a tenant's name may be a person's. The
    # digest tells nobody: a data key's id, drawn at random, is part of what it is made of.
    return {"cv1": base64.b64encode(hashlib.sha256(context).digest()).decode()}
