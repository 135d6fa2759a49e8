# botocore makes a client's methods when it runs. These are of the one for KMS.
# ruff: noqa: N803  # the names are those of KMS
from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

class Encrypted(TypedDict):
    CiphertextBlob: bytes

class Decrypted(TypedDict):
    KeyId: str
    Plaintext: bytes

class ReEncrypted(TypedDict):
    CiphertextBlob: bytes
    SourceKeyId: str

class Metadata(TypedDict):
    KeySpec: str
    KeyState: str
    KeyUsage: str

class Described(TypedDict):
    KeyMetadata: Metadata

class Rotations(TypedDict):
    Rotations: Sequence[Mapping[str, object]]
    NextMarker: NotRequired[str]

class Meta:
    endpoint_url: str

class BaseClient:
    meta: Meta
    def close(self) -> None: ...
    def encrypt(
        self, *, KeyId: str, Plaintext: bytes | bytearray, EncryptionContext: Mapping[str, str]
    ) -> Encrypted: ...
    def decrypt(
        self, *, KeyId: str, CiphertextBlob: bytes, EncryptionContext: Mapping[str, str]
    ) -> Decrypted: ...
    def re_encrypt(
        self,
        *,
        CiphertextBlob: bytes,
        SourceKeyId: str,
        SourceEncryptionContext: Mapping[str, str],
        DestinationKeyId: str,
        DestinationEncryptionContext: Mapping[str, str],
    ) -> ReEncrypted: ...
    def describe_key(self, *, KeyId: str) -> Described: ...
    def list_key_rotations(self, *, KeyId: str, Limit: int, Marker: str = ...) -> Rotations: ...
    def rotate_key_on_demand(self, *, KeyId: str) -> object: ...
