"""What an `hcvault://` URI says: which server, which key, and how to log in. Never a secret."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import SplitResult, parse_qsl, urlsplit

from connector_vault.errors import Misconfigured

__all__ = ["Address", "Method", "address_of"]

Method: TypeAlias = Literal["token", "token-file", "approle", "kubernetes"]

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PORT = 8200
_TIMEOUT = 5.0
_MAX_TIMEOUT = 60.0

_SHAPE = "hcvault://HOST:PORT/MOUNT/keys/NAME?OPTION=VALUE"

_METHODS: Mapping[str, Method] = {
    "token": "token",
    "token-file": "token-file",
    "approle": "approle",
    "kubernetes": "kubernetes",
}
_NEEDED: Mapping[Method, frozenset[str]] = {
    "token": frozenset(),
    "token-file": frozenset({"token-file"}),
    "approle": frozenset({"role-id", "secret-id-file"}),
    "kubernetes": frozenset({"role"}),
}
_ALLOWED: Mapping[Method, frozenset[str]] = {
    "token": frozenset(),
    "token-file": frozenset(),
    "approle": frozenset({"auth-mount"}),
    "kubernetes": frozenset({"auth-mount", "jwt-file"}),
}
_ALWAYS = frozenset({"auth", "namespace", "ca", "client-cert", "client-key", "tls", "timeout"})
_SECRETS = frozenset({"token", "secret-id", "secret_id", "jwt", "password"})

_JWT = "/var/run/secrets/kubernetes.io/serviceaccount/token"
"""Where Kubernetes puts a service account's token, unless a pod says otherwise."""

_HOST = re.compile(r"[A-Za-z0-9_.:-]+")
_NAME = re.compile(r"\w(?:[\w.-]*\w)?", re.ASCII)
"""What Transit accepts as the name of a key."""

_PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)*", re.ASCII)
_ROLE = re.compile(r"[!-~]{1,256}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """One Transit key, and the way to it."""

    host: str
    port: int
    mount: str
    name: str
    namespace: str | None
    timeout: float
    """Seconds of each method, whatever it has to ask."""
    tls: bool
    ca: Path | None
    """A file of certificates to trust instead of the system's."""
    client_cert: Path | None
    client_key: Path | None
    """None: it lies in `client_cert`."""
    method: Method
    auth_mount: str
    role: str
    """AppRole's role id, or the name of a role of Kubernetes."""
    secret: Path | None
    """The file with the token, the secret id or the service account's token. None: VAULT_TOKEN."""

    @property
    def key(self) -> str:
        """Where the key lies: `transit/keys/NAME`."""
        return f"{self.mount}/keys/{self.name}"

    @property
    def id(self) -> str:
        """Names the key for good. A namespace is a path before the path, also for the server."""
        return f"hcvault:{self.namespace}/{self.key}" if self.namespace else f"hcvault:{self.key}"

    @property
    def place(self) -> str:
        """The server, as a message names it and as a request's Host header does."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address_of(uri: str) -> Address:
    """Read a URI: `VaultKeys.open` tells what it may say.

    Raises:
        Misconfigured: it is malformed. The message repeats no value, since it may be a secret.
    """
    parts, said = _split(uri)
    method = _method(said)
    host, port = _server(parts)
    mount, name = _key(parts.path)
    return Address(
        host=host,
        port=port,
        mount=mount,
        name=name,
        namespace=_path(said, "namespace"),
        timeout=_timeout(said),
        tls=_tls(said, host),
        ca=_file(said, "ca"),
        client_cert=_file(said, "client-cert"),
        client_key=_file(said, "client-key"),
        method=method,
        auth_mount=_path(said, "auth-mount") or method,
        role=_role(said),
        secret=_secret(said, method),
    )


def _split(uri: str) -> tuple[SplitResult, dict[str, str]]:
    try:
        parts = urlsplit(uri)
        _ = parts.port
        pairs = parse_qsl(
            parts.query, keep_blank_values=True, strict_parsing=bool(parts.query), max_num_fields=20
        )
    except ValueError:
        raise _malformed("it is malformed") from None
    said = dict(pairs)
    if "@" in parts.netloc or _SECRETS & said.keys():
        words = "it holds a secret, which belongs into a file or into VAULT_TOKEN"
        raise _malformed(words)
    if parts.scheme != "hcvault" or parts.fragment or len(said) != len(pairs):
        raise _malformed("it is malformed, or says something twice")
    return parts, said


def _method(said: Mapping[str, str]) -> Method:
    wanted = said.get("auth", "token")
    method = _METHODS.get(wanted)
    if method is None:
        raise _malformed(f"auth= is one of {', '.join(_METHODS)}")
    known = _ALWAYS | _NEEDED[method] | _ALLOWED[method]
    if not said.keys() <= known:
        raise _malformed(f"with auth={method} its options are {', '.join(sorted(known))}")
    for name in sorted(_NEEDED[method]):
        if not said.get(name):
            raise _malformed(f"with auth={method} it says {name}=")
    if "client-key" in said and "client-cert" not in said:
        raise _malformed("client-key= goes with client-cert=")
    return method


def _server(parts: SplitResult) -> tuple[str, int]:
    if not parts.hostname or not _HOST.fullmatch(parts.hostname):
        raise _malformed("it names no host")
    return parts.hostname, parts.port or _PORT


def _key(path: str) -> tuple[str, str]:
    mount, keys, name = path.removeprefix("/").rpartition("/keys/")
    if not keys or not _is_path(mount) or not _NAME.fullmatch(name):
        raise _malformed("it names no key, as /transit/keys/NAME does")
    return mount, name


def _timeout(said: Mapping[str, str]) -> float:
    text = said.get("timeout", str(_TIMEOUT))
    if (
        not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", text)
        or not 0.1 <= float(text) <= _MAX_TIMEOUT
    ):
        raise _malformed(f"timeout= is a number of seconds from 0.1 to {_MAX_TIMEOUT:.0f}")
    return float(text)


def _tls(said: Mapping[str, str], host: str) -> bool:
    match said.get("tls", "on"):
        case "on":
            return True
        case "off" if host in _LOOPBACK:
            return False
        case "off":
            raise _malformed(
                "tls=off is for a server on this machine: any other could be overheard"
            )
        case _:
            raise _malformed("tls= is on or off")


def _path(said: Mapping[str, str], name: str) -> str | None:
    if name not in said:
        return None
    path = said[name].strip("/")
    if not _is_path(path):
        raise _malformed(f"{name}= is not a path of letters, digits and ._-")
    return path


def _is_path(path: str) -> bool:
    return bool(_PATH.fullmatch(path)) and not {".", ".."} & set(path.split("/"))


def _role(said: Mapping[str, str]) -> str:
    role = said.get("role-id") or said.get("role") or "-"
    if not _ROLE.fullmatch(role):
        raise _malformed("its role is not of 1 to 256 visible characters")
    return role


def _secret(said: Mapping[str, str], method: Method) -> Path | None:
    match method:
        case "token":
            return None
        case "token-file":
            return _file(said, "token-file")
        case "approle":
            return _file(said, "secret-id-file")
        case "kubernetes":
            return _file(said, "jwt-file") or Path(_JWT)


def _file(said: Mapping[str, str], name: str) -> Path | None:
    if name not in said:
        return None
    if not said[name] or "\0" in said[name]:
        raise _malformed(f"{name}= names no file")
    return Path(said[name])


def _malformed(words: str) -> Misconfigured:
    return Misconfigured(f"the key holder is written {_SHAPE}, and here {words}")
