"""What an `aws-kms://` address says: which key, and how KMS is reached."""

import json
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from connector_vault.errors import Misconfigured, NotAllowed
from connector_vault.http import origin_of

__all__ = ["Address", "address_of", "policy"]

_FORM = "aws-kms://arn:aws:kms:REGION:ACCOUNT:key/ID"
_ARN = re.compile(
    r"arn:aws[a-z-]{0,16}:kms:(?P<region>[a-z0-9-]{1,32}):(?P<account>[0-9]{12})"
    r":key/(?P<key>[A-Za-z0-9-]{1,64})"
)
_ALIAS = re.compile(r"arn:[^/]*:alias/.*|alias/.*")

_TIMEOUT = 5.0
_SHORTEST, _LONGEST = 0.1, 60.0
"""Seconds."""

_USES = ("Encrypt", "Decrypt", "ReEncrypt*", "DescribeKey", "ListKeyRotations")
_ROTATES = ("RotateKeyOnDemand",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One key, and how KMS is reached. Credentials are never part of it."""

    arn: str
    region: str
    endpoint: str | None
    """None: where botocore finds KMS of this region."""
    profile: str | None
    """None: the one that the environment names, or none."""
    timeout: float
    """Seconds that a method of the holder may take, or so many items of one: see `holder`."""

    @property
    def id(self) -> str:
        """Name the key. One of many regions is the same key in each, and has the same name."""
        if ":key/mrk-" in self.arn:
            return f"aws-kms:{self.arn.replace(self.region, '', 1)}"
        return f"aws-kms:{self.arn}"


def address_of(uri: str) -> Address:
    """Read an address.

    Raises:
        Misconfigured: it is malformed. The message repeats none of it, since it may hold a secret.
    """
    name, _, query = uri.removeprefix("aws-kms://").partition("?")
    if _ALIAS.fullmatch(name):
        why = "an alias can be pointed at another key, under which nothing opens"
        raise Misconfigured(f"{why}: name the key itself, as {_FORM}")
    arn = _ARN.fullmatch(name)
    if arn is None or not uri.startswith("aws-kms://"):
        raise Misconfigured(f"a key of AWS KMS is named {_FORM}")
    said = _options(query)
    return Address(
        arn=name,
        region=arn["region"],
        endpoint=_endpoint(said.get("endpoint")),
        profile=said.get("profile"),
        timeout=_timeout(said.get("timeout")),
    )


def policy(uri: str) -> str:
    """Give the IAM policy, as JSON, that a vault with this key needs and no more.

    The second statement is for whoever rotates. A key of another account has to name the vault's
    role in its own key policy, too.

    Raises:
        Misconfigured: the address is malformed.
    """
    arn = address_of(uri).arn
    statements = [
        {
            "Sid": sid,
            "Effect": "Allow",
            "Action": [f"kms:{action}" for action in actions],
            "Resource": arn,
        }
        for sid, actions in (("ConnectorVault", _USES), ("ConnectorVaultRotates", _ROTATES))
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)


def _options(query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query, strict_parsing=bool(query), keep_blank_values=True)
    except ValueError:
        pairs = [("", "")]
    said = dict(pairs)
    known = said.keys() <= {"endpoint", "profile", "timeout"}
    if not known or len(said) < len(pairs) or "" in said.values():
        words = "endpoint=, profile= and timeout=, each once; credentials are found by AWS's rules"
        raise Misconfigured(f"what may follow {_FORM}? is {words}")
    return said


def _endpoint(said: str | None) -> str | None:
    if said is None:
        return None
    try:
        origin = origin_of(said)
    except NotAllowed:
        origin = ""
    # A data key crosses it in clear, but for TLS.
    if origin != said.rstrip("/").lower():
        words = "https://HOST, or http://HOST:PORT on this machine, and no path"
        raise Misconfigured(f"the endpoint= of a key of AWS KMS is {words}")
    return origin


def _timeout(said: str | None) -> float:
    try:
        seconds = float(said or _TIMEOUT)
    except ValueError:
        seconds = 0.0
    if not _SHORTEST <= seconds <= _LONGEST:
        bounds = f"{_SHORTEST} to {_LONGEST:.0f}"
        raise Misconfigured(f"the timeout= of a key of AWS KMS is {bounds} seconds")
    return seconds
