"""What it means when KMS, or the way to it, fails: which error of ours, and what to do next.

No text of theirs is repeated: it may quote what was sent or answered, which holds data keys.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from botocore import exceptions as theirs

from connector_vault.errors import (
    ConnectorVaultError,
    Corrupt,
    KeysDenied,
    KeysUnavailable,
    Misconfigured,
)

__all__ = ["Failure", "explained"]


class Failure(NamedTuple):
    """Why a call failed."""

    error: ConnectorVaultError
    code: str = ""
    """What KMS calls it. Empty: it did not answer."""
    passing: bool = False
    """Asking again at once may help."""
    signer: bool = False
    """The credentials are no good: the next call may find others."""


_LATER = "it is busy, or fails: try again"
_SIGNER = "AWS does not accept the credentials, or this machine's clock is wrong"
_EXPIRED = "the credentials have expired: renew them"
_KIND = "the key is not symmetric and for encryption: name one of SYMMETRIC_DEFAULT"
_ALTERED = "a wrapped data key was altered, or belongs to another place or key"

_CODES: Mapping[str, tuple[type[ConnectorVaultError], str]] = {
    "AccessDenied": (KeysDenied, "connector-vault doctor prints the policy that allows it"),
    "Disabled": (KeysDenied, "the key is disabled: enable it"),
    "KMSInvalidState": (KeysDenied, "the key is to be deleted, or not ready: see describe-key"),
    "ExpiredToken": (KeysDenied, _EXPIRED),
    "RequestExpired": (KeysDenied, _SIGNER),
    "UnrecognizedClient": (KeysDenied, _SIGNER),
    "InvalidClientTokenId": (KeysDenied, _SIGNER),
    "InvalidSignature": (KeysDenied, _SIGNER),
    "SignatureDoesNotMatch": (KeysDenied, _SIGNER),
    "IncompleteSignature": (KeysDenied, _SIGNER),
    "MissingAuthenticationToken": (KeysDenied, _SIGNER),
    "NotFound": (Misconfigured, "there is no such key in this region and account"),
    "InvalidArn": (Misconfigured, "this is not the ARN of a key"),
    "InvalidKeyUsage": (Misconfigured, _KIND),
    "UnsupportedOperation": (Misconfigured, "keys of this kind, or replicas, do not allow it"),
    "LimitExceeded": (Misconfigured, "AWS allows no more of it: move to a new key"),
    "Throttling": (KeysUnavailable, _LATER),
    "Throttled": (KeysUnavailable, _LATER),
    "TooManyRequests": (KeysUnavailable, _LATER),
    "RequestLimitExceeded": (KeysUnavailable, _LATER),
    "KMSInternal": (KeysUnavailable, _LATER),
    "DependencyTimeout": (KeysUnavailable, _LATER),
    "KeyUnavailable": (KeysUnavailable, _LATER),
    "InvalidCiphertext": (Corrupt, _ALTERED),
    "IncorrectKey": (Corrupt, _ALTERED),
}
"""By code, without the word Exception at its end, which some services append and some do not.

https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html
"""

_NO_CREDENTIALS = (
    theirs.NoCredentialsError,
    theirs.PartialCredentialsError,
    theirs.LoginError,
    theirs.SSOError,
    theirs.TokenRetrievalError,
)
_MISCONFIGURED = (
    theirs.ConfigParseError,
    theirs.InvalidConfigError,
    theirs.InvalidRegionError,
    theirs.ProfileNotFound,
    theirs.UnknownCredentialError,
)
_OURS = {
    "Encrypt",
    "Decrypt",
    "ReEncrypt",
    "DescribeKey",
    "ListKeyRotations",
    "RotateKeyOnDemand",
}
_CODE = re.compile(r"[A-Za-z.]{1,64}")
_SLOW = (theirs.ConnectTimeoutError, theirs.ReadTimeoutError)


def explained(error: Exception, arn: str) -> Failure:
    """Tell what `error` means, which was raised while something was asked of the key `arn`."""
    if isinstance(error, ConnectorVaultError):
        return Failure(error)
    if isinstance(error, theirs.ClientError):
        return _answered(error, arn)
    return _unanswered(error, arn)


def _answered(error: theirs.ClientError, arn: str) -> Failure:
    action = error.operation_name
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    # Somebody else than KMS may answer, with anything.
    code = _CODE.fullmatch(str(error.response.get("Error", {}).get("Code")))
    name = code[0] if code else "no code"
    kind, words = _CODES.get(name.removesuffix("Exception"), _by_status(status))
    if action not in _OURS and not issubclass(kind, KeysUnavailable):
        # What was asked is not KMS, but who gives credentials.
        kind, words = KeysDenied, _SIGNER
    message = f"AWS refuses {action} for {arn} ({name}): {words}"
    passing = issubclass(kind, KeysUnavailable)
    return Failure(kind(message), name, passing=passing, signer=words in {_SIGNER, _EXPIRED})


def _by_status(status: int) -> tuple[type[ConnectorVaultError], str]:
    if status >= 500 or status == 429:
        return KeysUnavailable, _LATER
    if status in {401, 403}:
        return KeysDenied, _SIGNER
    return Misconfigured, f"it answered {status}: is the endpoint that of KMS?"


def _unanswered(error: Exception, arn: str) -> Failure:
    what = type(error).__name__
    if isinstance(error, _NO_CREDENTIALS):
        words = f"there are no AWS credentials for {arn}, or they have expired ({what})"
        return Failure(KeysDenied(f"{words}: set them, or log in"), signer=True)
    if isinstance(error, _MISCONFIGURED):
        return Failure(Misconfigured(f"the AWS profile or configuration is wrong ({what})"))
    if isinstance(error, theirs.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return Failure(Misconfigured("the certificate of AWS KMS is not trusted on this machine"))
    # Also whatever else can go wrong in botocore: credentials that cannot be fetched just now, a
    # connection that broke, an answer that is none.
    words = f"AWS KMS does not answer for {arn} ({what}): try again"
    return Failure(KeysUnavailable(words), passing=not isinstance(error, _SLOW))
